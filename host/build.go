package host

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/schema"
	"github.com/weirhq/weir/host/trial"
)

// made is what is between the ends of a pipeline: its parts, of which another set
// can take the place while events flow.
type made struct {
	spec  *PipelineSpec
	parts []part // by step of the chain
}

// part is a step of the chain and what it counts itself: a module, a key filter or
// a schema step, whichever it is.
type part struct {
	spec    *StepSpec // nil for the step that redrives
	step    pipeline.Step
	module  *plugin.Counters
	slot    *slot // of the module
	filter  *kafka.KeyFilter
	lookups *schema.Lookups
	next    *plugin.Plugin // to be put into the slot, which stays
}

// steps are those of a pipeline's chain, which taps can look at.
func (m *made) steps(of *member) []pipeline.Step {
	steps := make([]pipeline.Step, len(m.parts))
	first := true
	for i := range m.parts {
		steps[i] = m.parts[i].step
		if m.parts[i].spec == nil {
			continue
		}
		steps[i].Part = placed{steps[i].Part, first}
		steps[i] = of.watched(steps[i], first)
		first = false
	}
	return steps
}

// placed tells a part apart that is the first by now from what it was: taps choose
// events there.
type placed struct {
	part  any
	first bool
}

// slots are those of the modules.
func (m *made) slots() []*slot {
	var slots []*slot
	for i := range m.parts {
		if m.parts[i].slot != nil {
			slots = append(slots, m.parts[i].slot)
		}
	}
	return slots
}

// find gives the part of a processor, nil without one.
func (m *made) find(name string) *part {
	if m == nil {
		return nil
	}
	for i := range m.parts {
		if m.parts[i].spec != nil && m.parts[i].spec.Name == name {
			return &m.parts[i]
		}
	}
	return nil
}

// builder makes pipelines, or the parts of them that changed, off the way of
// events. What is wrong is kept, and making goes on.
type builder struct {
	*Host
	proves bool // modules have to pass the test cases that they carry

	errs       []error
	faults     config.Faults // of configs, by the schemas of their modules
	loaded     []*plugin.Plugin
	registries []*schema.RegistryConfig
	fresh      []*slot
	refused    []*slot // those of which another module was not taken
}

// tell logs which modules are new.
func (b *builder) tell() {
	for _, s := range b.fresh {
		module := s.module.Load()
		s.log.Info("module loaded", zap.String("module", module.Ref()), zap.String("digest", "sha256:"+module.Digest()), signer(module))
		if s.beside != nil {
			s.beside.tell(s.log)
		}
	}
}

// err is all that is wrong.
func (b *builder) err() error {
	errs := b.errs
	if len(b.faults) > 0 {
		errs = append(errs, b.faults)
	}
	return errors.Join(errs...)
}

// discard gives back what was made when nothing comes of it.
func (b *builder) discard(ctx context.Context) error {
	var errs []error
	for _, module := range b.loaded {
		errs = append(errs, module.Release(ctx))
	}
	for _, r := range b.registries {
		b.Host.registries[r].Close()
		delete(b.Host.registries, r)
	}
	return errors.Join(errs...)
}

// member makes a pipeline.
func (b *builder) member(ctx context.Context, spec *PipelineSpec) *member {
	log := b.log.With(zap.String("pipeline", spec.Name))
	into := kafka.SinkConfig{Options: spec.Sink.Options, Topic: spec.Sink.Topic, Log: log}
	m := newMember(spec.Name, kafka.NewSink(into))
	if spec.Delivery == ExactlyOnce {
		m.transactions = kafka.NewTransactions(kafka.TransactionsConfig{Sink: into, Group: spec.Sources[0].Options, Interval: spec.TransactionInterval})
		m.sink = m.transactions
	}
	onFailure := newFailureLog(log).report
	if spec.Replay != nil {
		m.sink, onFailure = spec.Replay.instead(m.sink, spec.Sink.Topic), spec.Replay.note(onFailure)
	}
	made := b.make(ctx, spec, nil)
	m.made.Store(made)
	cfg := pipeline.Config{
		Name:            spec.Name,
		Ordering:        spec.Ordering,
		Lanes:           spec.Lanes,
		Provenance:      spec.Provenance,
		Steps:           made.steps(m),
		OnError:         spec.OnError,
		Breaker:         spec.Breaker,
		DeadLetterTopic: spec.DeadLetterTopic,
		Letters:         spec.Redrive != nil,
		SinkTopic:       spec.Sink.Topic,
		CheckTopic:      kafka.CheckTopicName,
		AllowTopic:      b.spec.allowTopic(spec.Name),
		CheckEvent:      m.sink.Check,
		OnFailure:       onFailure,
	}
	sources := make([]pipeline.Source, len(spec.Sources))
	for i, s := range spec.Sources {
		source := kafka.NewSource(kafka.SourceConfig{
			Options: s.Options, Topics: s.Topics, Regex: s.Regex,
			From: b.opts.From, To: b.opts.To, ExitAtEnd: b.opts.ExitAtEnd, DrainTimeout: b.opts.DrainTimeout, Transactions: m.transactions,
			Quota: b.tenants.quota(spec.Name), Log: log,
		})
		m.sources, sources[i] = append(m.sources, source), source
		cfg.StuckAfter = max(cfg.StuckAfter, s.Options.Duration("max_poll_interval_ms"))
	}
	m.pipeline = pipeline.New(cfg, pipeline.Join(sources...), m.sink)
	return m
}

// make makes the parts of a pipeline. Those of old that are the same stay.
func (b *builder) make(ctx context.Context, spec *PipelineSpec, old *made) *made {
	m := &made{spec: spec}
	if spec.Redrive != nil {
		m.parts = append(m.parts, part{step: pipeline.Step{Name: redriveStep, Filter: true,
			Open: func(context.Context) (pipeline.Processor, error) { return spec.Redrive.Lane(), nil }}})
	}
	for i := range spec.Steps {
		s := &spec.Steps[i]
		was := old.find(s.Name)
		p := part{spec: s, step: pipeline.Step{Name: s.Name}}
		var err error
		switch {
		case was != nil && sameStep(was.spec, s) && !b.otherCandidate(ctx, s, was.slot):
			p = *was
			p.spec, p.next = s, nil
			if p.slot != nil {
				p.next, err = b.candidate(ctx, s, p.slot)
			}
		case s.KeyFilter != nil:
			err = b.keyFilter(spec, s, &p)
		case s.Schema != nil:
			err = b.schema(s, &p)
		default:
			err = b.module(ctx, spec, s, was, &p)
		}
		p.step.OnError = s.OnError
		if err != nil {
			b.errs = append(b.errs, fmt.Errorf("%s: pipelines.%s: processor %s: %w", s.Pos, spec.Name, s.Name, err))
			continue
		}
		m.parts = append(m.parts, p)
	}
	return m
}

func (b *builder) keyFilter(spec *PipelineSpec, s *StepSpec, p *part) error {
	filter, err := kafka.NewKeyFilter(*s.KeyFilter, b.log.With(zap.String("pipeline", spec.Name), zap.String("processor", s.Name)))
	if err != nil {
		return err
	}
	p.filter, p.step.Filter, p.step.Part = filter, true, filter
	p.step.Open = func(context.Context) (pipeline.Processor, error) { return filter.Lane(), nil }
	return nil
}

func (b *builder) schema(s *StepSpec, p *part) error {
	own := *s.Schema
	own.Lookups = new(schema.Lookups)
	r, err := b.registry(own.Registry)
	if err != nil {
		return err
	}
	p.lookups, p.step.Part = own.Lookups, own.Lookups
	p.step.Open = func(context.Context) (pipeline.Processor, error) { return schema.NewProcessor(&own, r), nil }
	return nil
}

// module makes the slot of a module, which is loaded and tried, so that one that
// cannot start, or does not like its config, shows now. What was counted in the
// slot of an earlier configuration goes on.
func (b *builder) module(ctx context.Context, spec *PipelineSpec, s *StepSpec, was *part, p *part) error {
	in := newSlot(b.log, spec.Name, s)
	in.account = account{b.tenants.of(spec.Name)}
	if was != nil && was.slot != nil {
		in.cfg.Counters, in.record = was.slot.cfg.Counters, was.slot.record
	}
	if s.Capture.Dir != "" {
		folder, err := capture.NewFolder(s.Capture)
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
		in.cfg.Capture = folder
	}
	module, err := b.load(ctx, s, in)
	if err != nil {
		if was != nil && was.slot != nil {
			b.refused = append(b.refused, was.slot)
		}
		return &ModuleError{err}
	}
	in.module.Store(module)
	if err := b.beside(ctx, s, in); err != nil {
		return &ModuleError{err}
	}
	p.slot, p.module = in, in.cfg.Counters
	p.step.Part, p.step.Open, p.step.Version, p.step.Taken = in, in.open, in.version.Load, in.took
	b.fresh = append(b.fresh, in)
	return nil
}

// candidate loads the module of a slot anew, nil when it is the same as now.
func (b *builder) candidate(ctx context.Context, s *StepSpec, in *slot) (*plugin.Plugin, error) {
	module, err := b.loader.LoadWithin(ctx, s.Module, s.Limits)
	if err == nil && module.Digest() == in.module.Load().Digest() {
		return nil, module.Release(ctx)
	}
	if err == nil {
		err = module.Release(ctx) // load holds it again
	}
	if err == nil {
		module, err = b.load(ctx, s, in)
	}
	if err != nil {
		b.refused = append(b.refused, in)
		return nil, &ModuleError{err}
	}
	return module, nil
}

// load loads a module, holds the config of its step against its schema, tries it
// and has it prove itself.
func (b *builder) load(ctx context.Context, s *StepSpec, in *slot) (*plugin.Plugin, error) {
	module, err := b.loader.LoadWithin(ctx, s.Module, s.Limits)
	if err != nil {
		return nil, err
	}
	b.loaded = append(b.loaded, module)
	if !b.fits(module, s) {
		return module, nil // its faults are kept
	}
	if err := in.account.try(ctx, module, in.cfg); err != nil {
		return nil, err
	}
	if !b.proves {
		return module, nil
	}
	within := b.modules
	within.Instance = s.Limits
	return module, trial.Prove(ctx, s.Module, module.Digest(), within)
}

// fits holds a step's config against the schema in its module. Faults go with
// all others of the configuration: unlike the module's own word against a
// config, they have places.
func (b *builder) fits(module *plugin.Plugin, s *StepSpec) bool {
	if module.Manifest() == nil || module.Manifest().Schema() == nil {
		return true
	}
	faults := module.Manifest().Schema().Check(s.ConfigNode, s.Pos, s.Path+".config")
	b.faults = append(b.faults, faults...)
	return len(faults) == 0
}

// registry gives the client of a schema registry. Steps with one registry share
// what it said.
func (b *builder) registry(c *schema.RegistryConfig) (*schema.Registry, error) {
	for known, r := range b.Host.registries {
		if sameRegistry(known, c) {
			return r, nil
		}
	}
	r, err := schema.NewRegistry(c, b.log.With(zap.Strings("schema_registry", c.URLs)))
	if err != nil {
		return nil, err
	}
	b.Host.registries[c] = r
	b.registries = append(b.registries, c)
	return r, nil
}
