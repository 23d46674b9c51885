// Package host is the composition root: it makes the parts that a Spec names
// and joins them into running pipelines. It is the only package that knows all
// others.
package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/schema"
	"github.com/weirhq/weir/host/tap"
)

// Options are what a host needs besides its Spec. Zero values mean the
// defaults given.
type Options struct {
	// Log gets start, stop, failures and warnings. Default: nowhere.
	Log *zap.Logger
	// CacheDir keeps compiled modules, and those that came over the network. Empty:
	// they are compiled, and fetched, at each start.
	CacheDir string
	// Interpreter runs modules without compiling them, many times slower.
	Interpreter bool
	// ExitAtEnd ends each pipeline once its group has committed everything up
	// to the end offsets seen at its start.
	ExitAtEnd bool
	// From is where sources begin without an offset; the zero Start leaves it
	// to their options.
	From kafka.Start
	// To is where ExitAtEnd ends before those; the zero Start is nowhere.
	To kafka.Start
	// DrainTimeout bounds a graceful stop. Default 30 s.
	DrainTimeout time.Duration
	// Stay keeps Run from returning when no pipeline runs any more: those that a
	// failure stopped wait for ClearError.
	Stay bool
}

// Host runs the pipelines of one Spec.
type Host struct {
	spec    *Spec
	tenants tenants
	log     *zap.Logger
	loader  *plugin.Loader
	modules plugin.Options // of the loader
	members []*member

	redact *tap.Redaction // of taps

	reloading sync.Mutex
	slots     []*slot // of all pipelines, in their order

	registries map[*schema.RegistryConfig]*schema.Registry
	faults     config.Faults // of configs, by the schemas of their modules; New returns them

	running running
}

// sink is what kafka.Sink and kafka.Transactions have in common.
type sink interface {
	pipeline.Sink
	Open() error
	Close()
	Check(topic string, e *event.Event) *event.Failure
	Produced() map[string]uint64
	Away() string
	Waited() time.Duration
}

// part is what a step counts itself: a module, a key filter or a schema step,
// whichever it is.
type part struct {
	module  *plugin.Counters
	slot    *slot // of the module
	filter  *kafka.KeyFilter
	lookups *schema.Lookups
}

// New loads every module, gives each a trial instance with its config, and
// builds the pipelines. It touches no network, but for modules that come over it
// and are not in the cache. All problems are returned
// together, each with its place in the configuration. Close must be called
// on the host.
func New(ctx context.Context, spec *Spec, opts Options) (*Host, error) {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	found, err := NewStore(spec.Modules, opts.CacheDir, opts.Log)
	if err != nil {
		return nil, err
	}
	modules := plugin.Options{CacheDir: opts.CacheDir, Interpreter: opts.Interpreter, Store: found, Log: opts.Log}
	loader, err := plugin.NewLoader(ctx, modules)
	if err != nil {
		return nil, err
	}
	h := &Host{spec: spec, tenants: openTenants(spec), log: opts.Log, loader: loader, modules: modules, redact: spec.Redact, registries: map[*schema.RegistryConfig]*schema.Registry{}, running: newRunning(opts.Stay)}
	var faults []error
	for _, p := range spec.Pipelines {
		m, err := h.build(ctx, p, opts)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		h.members = append(h.members, m)
	}
	if len(h.faults) > 0 {
		faults = append(faults, h.faults)
	}
	if len(faults) > 0 {
		return nil, errors.Join(append(faults, loader.Close(ctx))...)
	}
	return h, nil
}

// Close lets go of the modules and of connections to schema registries. Run
// must have returned.
func (h *Host) Close(ctx context.Context) error {
	h.closeRegistries()
	return h.loader.Close(ctx)
}

func (h *Host) build(ctx context.Context, spec *PipelineSpec, opts Options) (*member, error) {
	log := h.log.With(zap.String("pipeline", spec.Name))
	into := kafka.SinkConfig{Options: spec.Sink.Options, Topic: spec.Sink.Topic, Log: log}
	m := newMember(spec, kafka.NewSink(into))
	if spec.Delivery == ExactlyOnce {
		m.transactions = kafka.NewTransactions(kafka.TransactionsConfig{Sink: into, Group: spec.Sources[0].Options, Interval: spec.TransactionInterval})
		m.sink = m.transactions
	}
	onFailure := newFailureLog(log).report
	if spec.Replay != nil {
		m.sink, onFailure = spec.Replay.instead(m.sink, spec.Sink.Topic), spec.Replay.note(onFailure)
	}
	cfg := pipeline.Config{
		Name:            spec.Name,
		Ordering:        spec.Ordering,
		Lanes:           spec.Lanes,
		OnError:         spec.OnError,
		Breaker:         spec.Breaker,
		Letters:         spec.Redrive != nil,
		DeadLetterTopic: spec.DeadLetterTopic,
		SinkTopic:       spec.Sink.Topic,
		CheckTopic:      kafka.CheckTopicName,
		AllowTopic:      h.spec.allowTopic(spec.Name),
		CheckEvent:      m.sink.Check,
		OnFailure:       onFailure,
	}
	sources := make([]pipeline.Source, len(spec.Sources))
	for i, s := range spec.Sources {
		source := kafka.NewSource(kafka.SourceConfig{
			Options: s.Options, Topics: s.Topics, Regex: s.Regex,
			From: opts.From, To: opts.To, ExitAtEnd: opts.ExitAtEnd, DrainTimeout: opts.DrainTimeout, Transactions: m.transactions,
			Quota: h.tenants.quota(spec.Name), Log: log,
		})
		m.sources, sources[i] = append(m.sources, source), source
		cfg.StuckAfter = max(cfg.StuckAfter, s.Options.Duration("max_poll_interval_ms"))
	}
	slots := map[string]*slot{}
	cfg.OnReplaced = h.took(slots)
	var faults []error
	if spec.Redrive != nil {
		cfg.Steps = append(cfg.Steps, pipeline.Step{Name: redriveStep, Filter: true,
			Open: func(context.Context) (pipeline.Processor, error) { return spec.Redrive.Lane(), nil }})
		m.parts = append(m.parts, part{})
	}
	for i := range spec.Steps {
		step, own, err := h.step(ctx, spec, &spec.Steps[i])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		cfg.Steps = append(cfg.Steps, m.watched(step, i == 0))
		m.parts = append(m.parts, own)
		if own.slot != nil {
			slots[step.Name] = own.slot
			h.slots = append(h.slots, own.slot)
		}
	}
	m.pipeline = pipeline.New(cfg, pipeline.Join(sources...), m.sink)
	return m, errors.Join(faults...)
}

// step makes a step of the chain. A module is loaded and tried, so that one
// that cannot start, or does not like its config, shows now.
func (h *Host) step(ctx context.Context, p *PipelineSpec, s *StepSpec) (pipeline.Step, part, error) {
	step := pipeline.Step{Name: s.Name, OnError: s.OnError}
	if s.KeyFilter != nil {
		filter, err := kafka.NewKeyFilter(*s.KeyFilter, h.log.With(zap.String("pipeline", p.Name), zap.String("processor", s.Name)))
		if err != nil {
			return step, part{}, fmt.Errorf("%s: pipelines.%s: processor %s: %w", s.Pos, p.Name, s.Name, err)
		}
		step.Filter = true
		step.Open = func(context.Context) (pipeline.Processor, error) { return filter.Lane(), nil }
		return step, part{filter: filter}, nil
	}
	if s.Schema != nil {
		own := *s.Schema
		own.Lookups = new(schema.Lookups)
		open, err := h.schemaOpener(&own)
		if err != nil {
			return step, part{}, fmt.Errorf("%s: pipelines.%s: processor %s: %w", s.Pos, p.Name, s.Name, err)
		}
		step.Open = open
		return step, part{lookups: own.Lookups}, nil
	}
	cfg := plugin.Config{Pipeline: p.Name, Processor: s.Name, Config: s.Config, Counters: new(plugin.Counters)}
	if s.Capture.Dir != "" {
		folder, err := capture.NewFolder(s.Capture)
		if err != nil {
			return step, part{}, fmt.Errorf("%s: pipelines.%s: processor %s: capture: %w", s.Pos, p.Name, s.Name, err)
		}
		cfg.Capture = folder
	}
	module, err := h.loader.LoadWithin(ctx, s.Module, s.Limits)
	if err == nil && h.fits(module, s) {
		err = account{h.tenants.of(p.Name)}.try(ctx, module, cfg)
	}
	if err != nil {
		return step, part{}, fmt.Errorf("%s: pipelines.%s: processor %s: %w", s.Pos, p.Name, s.Name, &ModuleError{err})
	}
	in := &slot{pipeline: p, step: s, cfg: cfg, account: account{h.tenants.of(p.Name)}}
	in.module.Store(module)
	step.Open, step.Version = in.open, in.version.Load
	h.log.Info("module loaded", zap.String("pipeline", p.Name), zap.String("processor", s.Name),
		zap.String("module", module.Ref()), zap.String("digest", "sha256:"+module.Digest()), signer(module))
	return step, part{module: cfg.Counters, slot: in}, nil
}

// fits holds a step's config against the schema in its module. Faults go with
// all others of the configuration: unlike the module's own word against a
// config, they have places.
func (h *Host) fits(module *plugin.Plugin, s *StepSpec) bool {
	if module.Manifest() == nil || module.Manifest().Schema() == nil {
		return true
	}
	faults := module.Manifest().Schema().Check(s.ConfigNode, s.Pos, s.Path+".config")
	h.faults = append(h.faults, faults...)
	return len(faults) == 0
}

// ModuleError marks an error as one of a module that was not taken.
type ModuleError struct{ error }

func (e *ModuleError) Unwrap() error { return e.error }

// Reset makes the groups of all sources go on at a place, whatever they have
// committed. It is called before Run.
func (h *Host) Reset(ctx context.Context, to kafka.Start) error {
	var errs []error
	for _, m := range h.members {
		for _, source := range m.sources {
			if err := source.Reset(ctx, to); err != nil {
				errs = append(errs, fmt.Errorf("pipeline %s: %w", m.spec.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// Spans says what the sources would read up to their ends, before Run.
func (h *Host) Spans(ctx context.Context) ([]kafka.Span, error) {
	var spans []kafka.Span
	for _, m := range h.members {
		for _, source := range m.sources {
			more, err := source.Spans(ctx)
			if err != nil {
				return nil, fmt.Errorf("pipeline %s: %w", m.spec.Name, err)
			}
			spans = append(spans, more...)
		}
	}
	return spans, nil
}
