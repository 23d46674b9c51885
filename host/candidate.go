package host

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/shadow"
	"github.com/weirhq/weir/host/telemetry"
)

// roomShare is the share of the machine that the candidates of all pipelines have
// together.
const roomShare = 0.25

// candidate is a module beside the one of a slot.
type candidate struct {
	module *plugin.Plugin
	cfg    shadow.Config
	shadow atomic.Pointer[shadow.Shadow]
}

// renew begins to compare anew: one of both is another module now.
func (c *candidate) renew() { c.shadow.Store(shadow.New(c.cfg)) }

// candidateOf is a step as its candidate has it.
func candidateOf(s *StepSpec) *StepSpec {
	as := *s
	as.Module, as.Config, as.ConfigNode, as.Path, as.Pos = s.Shadow.Module, s.Shadow.Config, s.Shadow.ConfigNode, s.Shadow.Path, s.Shadow.Pos
	return &as
}

// beside loads the candidate of a step, if it has one. It is held to all that the
// module itself is.
func (b *builder) beside(ctx context.Context, s *StepSpec, in *slot) error {
	if s.Shadow == nil {
		return nil
	}
	cfg := plugin.Config{
		Pipeline: in.cfg.Pipeline, Processor: in.cfg.Processor, Config: s.Shadow.Config, Counters: new(plugin.Counters), Candidate: true,
	}
	module, err := b.load(ctx, candidateOf(s), &slot{cfg: cfg, account: in.account})
	if err != nil {
		return fmt.Errorf("shadow: %w", err)
	}
	in.beside = &candidate{module: module, cfg: shadow.Config{
		Sample: s.Shadow.Sample, Room: b.room, Log: in.log,
		Open: func(ctx context.Context) (shadow.Candidate, error) {
			p, err := in.account.open(ctx, module, cfg)
			if err != nil {
				return nil, err
			}
			return hold(p), nil
		},
	}}
	in.beside.renew()
	return nil
}

// held is a module's processor, however it is wrapped, as a shadow sees it.
type held struct {
	pipeline.Processor
	module *plugin.Processor
}

func hold(p pipeline.Processor) held {
	if f, ok := p.(*fair); ok {
		return held{p, f.Processor.(*plugin.Processor)}
	}
	return held{p, p.(*plugin.Processor)}
}

func (h held) Now() int64     { return h.module.Now() }
func (h held) Used() uint64   { return h.module.Used() }
func (h held) Digest() string { return h.module.Digest() }

// ProcessAt implements shadow.Candidate. A tenant's candidate computes in the slots
// of the tenant, as what is live does.
func (h held) ProcessAt(ctx context.Context, now int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
	if f, ok := h.Processor.(*fair); ok {
		if err := f.worker.Enter(ctx); err != nil {
			return out, err
		}
		defer f.worker.Leave()
	}
	return h.module.ProcessAt(ctx, now, in, out, fail)
}

// otherCandidate tells whether a slot's candidate is another one by now. One that
// cannot be loaded is: it is told of when it is.
func (b *builder) otherCandidate(ctx context.Context, s *StepSpec, in *slot) bool {
	if in == nil || in.beside == nil {
		return false
	}
	module, err := b.loader.LoadWithin(ctx, s.Shadow.Module, s.Limits)
	if err != nil {
		return true
	}
	other := module.Digest() != in.beside.module.Digest()
	return module.Release(ctx) != nil || other
}

// candidate is the module beside the one of a part, nil without one.
func (own *part) candidate() *plugin.Plugin {
	if own == nil || own.slot == nil || own.slot.beside == nil {
		return nil
	}
	return own.slot.beside.module
}

// tell logs that there is a candidate.
func (c *candidate) tell(log *zap.Logger) {
	log.Info("shadow loaded", zap.String("module", c.module.Ref()), zap.String("digest", digestPrefix+c.module.Digest()), signer(c.module))
}

// sample reads what was compared, for telemetry.
func (c *candidate) sample() *telemetry.ShadowSample {
	stats := c.shadow.Load().Stats()
	s := &telemetry.ShadowSample{
		Digest:  digestPrefix + c.module.Digest(),
		Batches: []telemetry.CountSample{{Name: "compared", Count: stats.Compared}, {Name: "dropped", Count: stats.Dropped}, {Name: "broken", Count: stats.Broken}},
		Same:    stats.Same, Live: workSample(stats.Live), Candidate: workSample(stats.Candidate),
	}
	for _, kind := range shadow.Kinds {
		s.Different = append(s.Different, telemetry.CountSample{Name: string(kind), Count: stats.Different[kind]})
	}
	return s
}

func workSample(w shadow.Work) telemetry.WorkSample {
	s := telemetry.WorkSample{Seconds: w.Spent.Seconds(), Fuel: w.Fuel}
	for class, n := range w.Failed {
		s.Failed = append(s.Failed, telemetry.CountSample{Name: string(class), Count: n})
	}
	return s
}

// detail is the same for the admin API.
func (c *candidate) detail() *api.Shadow {
	stats := c.shadow.Load().Stats()
	d := &api.Shadow{
		Module: c.module.Ref(), Digest: digestPrefix + c.module.Digest(), Compared: stats.Compared, Dropped: stats.Dropped, Broken: stats.Broken,
		Same: stats.Same, Different: map[string]uint64{}, Live: shadowSide(stats.Live), Candidate: shadowSide(stats.Candidate),
	}
	for kind, n := range stats.Different {
		if n > 0 {
			d.Different[string(kind)] = n
		}
	}
	return d
}

func shadowSide(w shadow.Work) api.ShadowSide {
	side := api.ShadowSide{Seconds: w.Spent.Seconds(), Fuel: w.Fuel, Failed: map[string]uint64{}}
	for class, n := range w.Failed {
		side.Failed[string(class)] = n
	}
	return side
}

// hidden stands for what nobody sees.
const hidden = "***"

// Differences implements api.Host. What differs is cut, so that no field can be
// told in it: where something of events is redacted, none of what they hold shows.
func (r remote) Differences(pipeline string) []api.Difference {
	redacted := r.host.redact.Load() != nil
	m, err := r.host.member(pipeline)
	if err != nil {
		return nil // gone since it was asked for
	}
	var all []api.Difference
	for _, s := range m.made.Load().slots() {
		if s.beside == nil {
			continue
		}
		for _, e := range s.beside.shadow.Load().Examples() {
			if redacted && !slices.Contains([]shadow.Kind{shadow.Topic, shadow.Partition, shadow.Timestamp}, e.Kind) {
				e.Live, e.Candidate = hidden, hidden
			}
			all = append(all, api.Difference{
				Processor: s.cfg.Processor, Kind: string(e.Kind), Record: api.Place{Topic: e.Topic, Partition: e.Partition, Offset: e.Offset}, Live: e.Live, Candidate: e.Candidate,
			})
		}
	}
	return slices.Clip(all)
}
