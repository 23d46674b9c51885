package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/telemetry"
)

// ModuleFiles are the files of the modules of all pipelines, which a change of
// can be taken by Reload.
func (s *Spec) ModuleFiles() []string {
	var files []string
	for _, p := range s.Pipelines {
		for i := range p.Steps {
			refs := []string{p.Steps[i].Module}
			if shadow := p.Steps[i].Shadow; shadow != nil {
				refs = append(refs, shadow.Module)
			}
			for _, ref := range refs {
				if r, err := store.Parse(ref); err == nil && r.Kind == store.File {
					files = append(files, r.Name)
				}
			}
		}
	}
	return files
}

// ModuleFiles are those of the configuration of now.
func (h *Host) ModuleFiles() []string {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	return h.spec.ModuleFiles()
}

// RefreshModules has the next Reload ask registries what tags stand for. Without
// it they stand for what they did when they were first asked for.
func (h *Host) RefreshModules() {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	h.modules.Store.Refresh()
}

// reloads counts what became of reloads, and gathers those that are asked for
// while one is under way.
type reloads struct {
	applied, unchanged, refused atomic.Uint64
	last                        atomic.Pointer[lastReload]

	mu   sync.Mutex
	next *gathered // waits for the one that is under way; nil without one
}

type lastReload struct {
	at time.Time
	ok bool
}

// gathered is a reload that several asked for.
type gathered struct {
	done chan struct{}
	plan *Plan
	err  error
}

// Reload reads the configuration and all modules anew, and applies what changed.
// Calls come one after the other; those that wait for one that is under way become
// one, which reads what is there when it begins.
func (h *Host) Reload(ctx context.Context) (*Plan, error) {
	h.reloads.mu.Lock()
	g := h.reloads.next
	first := g == nil
	if first {
		g = &gathered{done: make(chan struct{})}
		h.reloads.next = g
	}
	h.reloads.mu.Unlock()
	if first { // goes on for the others when ctx ends
		go h.reload(context.WithoutCancel(ctx), g)
	}
	select {
	case <-g.done:
		return g.plan, g.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (h *Host) reload(ctx context.Context, g *gathered) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	h.reloads.mu.Lock()
	h.reloads.next = nil
	h.reloads.mu.Unlock()
	defer close(g.done)
	spec := h.spec
	if h.opts.Load != nil {
		if spec, g.err = h.opts.Load(ctx); g.err != nil {
			h.note(nil, g.err)
			return
		}
	}
	g.plan, g.err = h.apply(ctx, spec)
}

// Apply makes the host run another configuration. Everything that changes is built
// and proved first, beside what runs: modules are checked as at a start, tried with
// their configs, and have to pass the test cases that they carry. With any fault
// nothing changes; the error has all of them, with their places. Then all pipelines
// change at once. One whose ends are the same goes on: every lane takes the new
// processors between two of its batches, and no event is processed by both or
// waits. One that reads or writes in another way is drained and started anew, one
// that is gone is drained.
func (h *Host) Apply(ctx context.Context, spec *Spec) (*Plan, error) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	return h.apply(ctx, spec)
}

func (h *Host) apply(ctx context.Context, spec *Spec) (*Plan, error) {
	if !h.running.begin() { // a restart of the last pipeline is not the end of the host
		return nil, ErrEnds
	}
	defer h.running.end()
	building, cancel := h.whileOpen(ctx)
	b := &builder{Host: h, proves: true}
	t, err := h.transition(building, b, spec)
	if err == nil && t.plan.configures() && h.opts.Prepare != nil {
		err = h.opts.Prepare(building, spec)
	}
	if building.Err() != nil {
		err = errors.Join(ErrEnds, err)
	}
	cancel()
	if err != nil {
		for _, s := range b.refused {
			s.record.refused.Add(1)
		}
		err = errors.Join(err, b.discard(ctx))
		h.note(nil, err)
		return nil, err
	}
	b.tell()
	h.spec = spec
	h.redact.Store(spec.Redact)
	h.make(ctx, t)
	h.note(t.plan, nil)
	return t.plan, nil
}

// whileOpen is a context that ends when the host begins to.
func (h *Host) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-h.running.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// make makes a transition.
func (h *Host) make(ctx context.Context, t *transition) {
	members := make([]*member, 0, len(t.changes))
	for i := range t.changes {
		if m := t.changes[i].after(); m != nil {
			members = append(members, m)
		}
	}
	for i := range t.changes {
		switch c := &t.changes[i]; {
		case c.keeps:
			c.was.made.Store(c.made) // with its places in the files of now
		case c.made != nil:
			h.move(ctx, c.was, c.made)
		}
	}
	h.mu.Lock()
	h.members = members
	h.mu.Unlock()
	var moving sync.WaitGroup
	for i := range t.changes {
		if c := &t.changes[i]; c.was != c.after() {
			moving.Go(func() { h.exchange(ctx, c.was, c.fresh) })
		}
	}
	moving.Wait()
}

// move gives a pipeline that goes on its new parts.
func (h *Host) move(ctx context.Context, m *member, next *made) {
	before := m.made.Load()
	for i := range next.parts {
		p := &next.parts[i]
		if p.next == nil {
			continue
		}
		old := p.slot.put(p.next)
		p.slot.record.replaced.Add(1)
		p.slot.log.Info("module replaced", zap.String("module", p.next.Ref()),
			zap.String("was", "sha256:"+old.Digest()), zap.String("is", "sha256:"+p.next.Digest()), signer(p.next))
		p.next = nil
		h.warn(old.Release(ctx))
	}
	stay := next.slots()
	m.made.Store(next)
	m.pipeline.Replace(pipeline.Chain{
		Steps: next.steps(m), OnError: next.spec.OnError, Breaker: next.spec.Breaker, DeadLetterTopic: next.spec.DeadLetterTopic,
	}, func() { // nothing uses the chain before any more
		for _, s := range before.slots() {
			if !slices.Contains(stay, s) {
				h.warn(s.release(ctx))
			}
		}
	})
}

// exchange drains a pipeline and starts another one, either of which may be nil.
func (h *Host) exchange(ctx context.Context, old, fresh *member) {
	if old != nil {
		h.log.Info("pipeline is drained for another configuration", zap.String("pipeline", old.name))
		old.end()
		if h.running.context() != nil {
			<-old.over
		}
		for _, s := range old.made.Load().slots() {
			h.warn(s.release(ctx))
		}
	}
	if fresh == nil {
		return
	}
	if old != nil && old.paused.Load() != nil {
		fresh.pause(ctx)
	}
	h.start(fresh)
}

// warn tells of what went wrong behind a change that was made.
func (h *Host) warn(err error) {
	if err != nil {
		h.log.Warn("after a reload an old module could not be closed", zap.Error(err))
	}
}

// note counts a reload and tells what became of it.
func (h *Host) note(plan *Plan, err error) {
	h.reloads.last.Store(&lastReload{time.Now(), err == nil})
	switch {
	case err != nil:
		h.reloads.refused.Add(1)
		h.log.Error("reload refused; everything stays as it is", zap.Error(err))
	case plan.Changed():
		h.reloads.applied.Add(1)
		h.log.Info("configuration reloaded", zap.Stringer("plan", plan))
	default:
		h.reloads.unchanged.Add(1)
		h.log.Info("reload: nothing has changed")
	}
}

// Reloads reads the counts of reloads for telemetry.
func (h *Host) Reloads() telemetry.ReloadSample {
	s := telemetry.ReloadSample{Applied: h.reloads.applied.Load(), Unchanged: h.reloads.unchanged.Load(), Refused: h.reloads.refused.Load(), Success: true}
	if last := h.reloads.last.Load(); last != nil {
		s.Last, s.Success = last.at, last.ok
	}
	return s
}

// Plan says what Apply would change, with all that it builds and proves, and
// changes nothing. Without a Spec it reads the configuration anew.
func (h *Host) Plan(ctx context.Context, spec *Spec) (*Plan, error) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	var err error
	switch {
	case spec != nil:
	case h.opts.Load == nil:
		spec = h.spec
	default:
		if spec, err = h.opts.Load(ctx); err != nil {
			return nil, err
		}
	}
	b := &builder{Host: h, proves: true}
	t, err := h.transition(ctx, b, spec)
	if err = errors.Join(err, b.discard(ctx)); err != nil {
		return nil, err
	}
	return t.plan, nil
}

// String says what a plan changes, in a line.
func (p *Plan) String() string {
	var words []string
	for _, c := range p.Pipelines {
		if c.Action != Keep {
			words = append(words, fmt.Sprintf("%s %s", c.Action, c.Name))
		}
	}
	return strings.Join(words, ", ")
}
