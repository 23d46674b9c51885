package host

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/trial"
)

// slot is the place of a module in a chain. The module in it may change while
// events flow; each lane takes the one that is there before its next batch.
type slot struct {
	pipeline *PipelineSpec
	step     *StepSpec
	cfg      plugin.Config
	account  account
	version  atomic.Uint64
	module   atomic.Pointer[plugin.Plugin]

	// Reloads that put another module in, and those that kept the old one.
	replaced, refused atomic.Uint64
}

// open makes the processor of a lane.
func (s *slot) open(ctx context.Context) (pipeline.Processor, error) {
	for {
		module := s.module.Load()
		p, err := s.account.open(ctx, module, s.cfg)
		if errors.Is(err, plugin.ErrReleased) && s.module.Load() != module {
			continue // replaced between the two
		}
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

func (s *slot) put(module *plugin.Plugin) (old *plugin.Plugin) {
	old = s.module.Swap(module)
	s.version.Add(1)
	return old
}

// place names the slot in an error.
func (s *slot) place() string {
	return fmt.Sprintf("%s: pipelines.%s: processor %s", s.step.Pos, s.pipeline.Name, s.step.Name)
}

// ModuleFiles are the files of the modules of all pipelines, which a change of
// can be taken by Reload.
func (s *Spec) ModuleFiles() []string {
	var files []string
	for _, p := range s.Pipelines {
		for i := range p.Steps {
			if r, err := store.Parse(p.Steps[i].Module); err == nil && r.Kind == store.File {
				files = append(files, r.Name)
			}
		}
	}
	return files
}

// RefreshModules has the next Reload ask registries what tags stand for. Without
// it they stand for what they did when they were first asked for.
func (h *Host) RefreshModules() { h.modules.Store.Refresh() }

// Replacement is a module that took the place of another.
type Replacement struct {
	Pipeline, Processor, Module string
	// Was and Is are the digests.
	Was, Is string
}

// Reload reads the modules of all pipelines again and puts those that changed
// in the place of the old ones: every lane takes the new one between two of its
// batches, and no event is processed by both or waits. Before that, each is
// checked as at a start, tried with its config, and has to pass the test cases
// that it carries. When one does not, nothing changes anywhere; the error has all
// of them. Calls come one after the other.
func (h *Host) Reload(ctx context.Context) ([]Replacement, error) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	fresh := make([]*plugin.Plugin, len(h.slots))
	var faults []error
	for i, s := range h.slots {
		module, err := h.candidate(ctx, s)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.place(), &ModuleError{err}))
			s.refused.Add(1)
		}
		fresh[i] = module
	}
	if len(faults) > 0 {
		for _, module := range fresh {
			faults = append(faults, release(ctx, module))
		}
		return nil, errors.Join(faults...)
	}
	var done []Replacement
	var errs []error
	for i, s := range h.slots {
		if fresh[i] == nil {
			continue
		}
		old := s.put(fresh[i])
		s.replaced.Add(1)
		done = append(done, Replacement{s.pipeline.Name, s.step.Name, fresh[i].Ref(), old.Digest(), fresh[i].Digest()})
		h.log.Info("module replaced", zap.String("pipeline", s.pipeline.Name), zap.String("processor", s.step.Name),
			zap.String("module", fresh[i].Ref()), zap.String("was", "sha256:"+old.Digest()), zap.String("is", "sha256:"+fresh[i].Digest()), signer(fresh[i]))
		errs = append(errs, release(ctx, old))
	}
	return done, errors.Join(errs...)
}

// candidate loads the module of a slot anew, nil when it is the same as now.
func (h *Host) candidate(ctx context.Context, s *slot) (*plugin.Plugin, error) {
	if r, err := store.Parse(s.step.Module); err != nil || r.Kind == store.Builtin {
		return nil, err
	}
	module, err := h.loader.LoadWithin(ctx, s.step.Module, s.step.Limits)
	if err != nil {
		return nil, err
	}
	if module.Digest() == s.module.Load().Digest() {
		return nil, release(ctx, module)
	}
	if m := module.Manifest(); m != nil && m.Schema() != nil {
		if faults := m.Schema().Check(s.step.ConfigNode, s.step.Pos, s.step.Path+".config"); faults.Err() != nil {
			return nil, errors.Join(faults.Err(), release(ctx, module))
		}
	}
	if err := s.account.try(ctx, module, s.cfg); err != nil {
		return nil, errors.Join(err, release(ctx, module))
	}
	within := h.modules
	within.Instance = s.step.Limits
	if err := trial.Prove(ctx, s.step.Module, module.Digest(), within); err != nil {
		return nil, errors.Join(err, release(ctx, module))
	}
	return module, nil
}

func release(ctx context.Context, module *plugin.Plugin) error {
	if module == nil {
		return nil
	}
	return module.Release(ctx)
}

// took tells of a lane that works with a new module from an event on: the record
// of which module made what.
func (h *Host) took(slots map[string]*slot) func(step string, from *event.Partition, offset int64) {
	return func(step string, from *event.Partition, offset int64) {
		s := slots[step]
		if s == nil {
			return
		}
		h.log.Info("module takes over", zap.String("pipeline", s.pipeline.Name), zap.String("processor", step),
			zap.String("digest", "sha256:"+s.module.Load().Digest()),
			zap.String("topic", from.Topic), zap.Int32("partition", from.Number), zap.Int64("offset", offset))
	}
}
