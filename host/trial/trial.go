// Package trial runs a module on given events outside of any pipeline, by the
// engine and under the limits of one, and holds what comes of it against what
// was expected.
//
// A Module is loaded by reference. Open makes a Session, one instance that took
// a config; a Session turns batches into Results. ReadSuite reads test cases,
// Check runs one and says what is not as expected.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// The names that a module under trial is opened with.
const (
	Pipeline  = "trial"
	Processor = "processor"
)

// Module is a module under trial. It has one open session at a time.
type Module struct {
	loader *plugin.Loader
	plugin *plugin.Plugin
	log    *recorder
	now    time.Time
}

// Load loads the module that ref names, as plugin.Loader does. Log, Now and
// Debug of the options are the trial's own.
func Load(ctx context.Context, ref string, opts plugin.Options) (*Module, error) {
	m := &Module{log: new(recorder)}
	opts.Log = zap.New(m.log)
	opts.Debug = true
	opts.Now = func() time.Time { return m.now }
	loader, err := plugin.NewLoader(ctx, opts)
	if err != nil {
		return nil, err
	}
	p, err := loader.Load(ctx, ref)
	if err != nil {
		return nil, errors.Join(err, loader.Close(ctx))
	}
	m.loader, m.plugin = loader, p
	return m, nil
}

// Digest is the sha256 of the module, in hexadecimal.
func (m *Module) Digest() string { return m.plugin.Digest() }

// Close ends the module. Its session must be closed before.
func (m *Module) Close(ctx context.Context) error { return m.loader.Close(ctx) }

// Session is an instance of a module that took its config.
type Session struct {
	module   *Module
	proc     *plugin.Processor
	counters *plugin.Counters
}

// Open makes a session. now is the time of all its batches.
func (m *Module) Open(ctx context.Context, config json.RawMessage, now time.Time) (*Session, error) {
	return m.open(ctx, plugin.Config{Pipeline: Pipeline, Processor: Processor, Config: config}, now)
}

func (m *Module) open(ctx context.Context, cfg plugin.Config, now time.Time) (*Session, error) {
	m.now = now
	m.log.take()
	counters := new(plugin.Counters)
	cfg.Counters = counters
	proc, err := m.plugin.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Session{module: m, proc: proc, counters: counters}, nil
}

// Result is what came of a batch.
type Result struct {
	// Outputs are the events that go on, in order. Their Origin is the index of
	// the input that each derives from.
	Outputs []event.Event
	// Failures are the inputs that failed, in order of their indexes.
	Failures []Failure
	// Dropped are the indexes of the inputs of which nothing came.
	Dropped []int
	// Elapsed is the time that the module and the border took.
	Elapsed time.Duration
	// Fuel is what the module used: it counts what is executed, and is the same
	// on every machine.
	Fuel uint64
}

// Failure is an input that failed, by its index.
type Failure struct {
	Index int
	*event.Failure
}

// Process hands a batch to the module. It sets the Origin of the events. The
// error says that the module cannot go on.
func (s *Session) Process(ctx context.Context, in []event.Event) (*Result, error) {
	r := new(Result)
	left := make([]bool, len(in)) // of which something came
	for i := range in {
		in[i].Origin = int32(i)
	}
	fuel := s.counters.Fuel.Load()
	began := time.Now()
	out, err := s.proc.Process(ctx, in, nil, func(i int, f *event.Failure) {
		r.Failures = append(r.Failures, Failure{i, f})
		left[i] = true
	})
	r.Elapsed = time.Since(began)
	r.Fuel = s.counters.Fuel.Load() - fuel
	if err != nil {
		return nil, err
	}
	r.Outputs = out
	for i := range out {
		left[out[i].Origin] = true
	}
	for i := range left {
		if !left[i] {
			r.Dropped = append(r.Dropped, i)
		}
	}
	sortFailures(r.Failures)
	return r, nil
}

// Logs returns the lines that were logged since it was last called or the
// session opened.
func (s *Session) Logs() []Line { return s.module.log.take() }

// Metrics are the measurements of the module since the session opened, by name.
func (s *Session) Metrics() []plugin.Metric { return s.counters.Metrics.Read() }

// Memory is the size of the instance's memory in bytes, 0 while there is none
// because it trapped.
func (s *Session) Memory() uint64 { return s.proc.Memory() }

// Close ends the session. The module is told, and may log.
func (s *Session) Close(ctx context.Context) error { return s.proc.Close(ctx) }

// kindNames are the kinds of metrics as reports name them.
var kindNames = map[abi.MetricKind]string{abi.MetricCounter: "counter", abi.MetricGauge: "gauge", abi.MetricHistogram: "histogram"}

// KindName is the name of a metric's kind.
func KindName(kind abi.MetricKind) string { return kindNames[kind] }
