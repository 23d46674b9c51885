package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// Now is the time of the first batch of a case.
var Now = time.Unix(1_700_000_000, 0)

// Module is a module under test. It runs one case at a time.
type Module struct {
	loader *plugin.Loader
	plugin *plugin.Plugin
	logs   *observer.ObservedLogs
	clock  time.Time
}

// Load loads the module that ref names, as plugin.Loader does; opts may be
// empty. The module has to be closed.
func Load(ctx context.Context, ref string, opts plugin.Options) (*Module, error) {
	core, logs := observer.New(zapcore.DebugLevel)
	m := &Module{logs: logs}
	opts.Log = zap.New(core)
	opts.Now = func() time.Time { return m.clock }
	var err error
	if m.loader, err = plugin.NewLoader(ctx, opts); err != nil {
		return nil, err
	}
	if m.plugin, err = m.loader.Load(ctx, ref); err != nil {
		return nil, errors.Join(err, m.loader.Close(ctx))
	}
	return m, nil
}

// Close closes the module.
func (m *Module) Close(ctx context.Context) error { return m.loader.Close(ctx) }

// Digest is the sha256 of the module, in hexadecimal.
func (m *Module) Digest() string { return m.plugin.Digest() }

// IsGuest tells whether the module is a conformance guest: whether it obeys the
// commands in an event's value.
func (m *Module) IsGuest(ctx context.Context) (bool, error) {
	batches, err := parseBatches([]string{`value="key weir; route conformance"`})
	if err != nil {
		return false, err
	}
	got, err := m.run(ctx, "", batches, 1)
	const obeyed = `0 value="key weir; route conformance" key="weir" topic="conformance"`
	return slices.Equal(got[sectionOut], []string{obeyed}), err
}

// Opens returns why the module does not open with a config, JSON; nil when it
// does.
func (m *Module) Opens(ctx context.Context, config string) error {
	proc, err := m.open(ctx, config, new(plugin.Counters))
	if err != nil {
		return err
	}
	return proc.Close(ctx)
}

// Result is what a case showed.
type Result struct {
	Case   *Case
	Faults []Fault
	// Notes are what is allowed and still good to know.
	Notes []string
	// Took is how long the case ran.
	Took time.Duration

	got outcome
}

// OK tells whether the module passed.
func (r *Result) OK() bool { return len(r.Faults) == 0 }

// Run runs a case. Its batches have to give what the case says, the same when
// an instance gets them twice, and the same when it gets their events one by
// one, unless the config has a batch processed as a whole.
//
// Of a case of AnyModule, nothing may trap or break the ABI, in whole batches
// and one by one, and a second instance has to do what the first one did.
// Config is then the module's own.
//
// The error is no fault of the module.
func (m *Module) Run(ctx context.Context, c *Case, config string) (*Result, error) {
	began := time.Now()
	r := &Result{Case: c}
	var err error
	if c.Set == AnyModule {
		err = m.runAny(ctx, r, config)
	} else {
		err = m.runGuest(ctx, r)
	}
	r.Took = time.Since(began)
	return r, err
}

// How cases are run.
const (
	whole    = "as it is"
	twice    = "given twice"
	oneByOne = "one by one"
	again    = "by a fresh instance"
)

func (m *Module) runGuest(ctx context.Context, r *Result) (err error) {
	c := r.Case
	if r.got, err = m.run(ctx, c.Config, c.Batches, c.Repeat); err != nil {
		return err
	}
	want := outcome(c.Want)
	if c.Repeat > 1 {
		want = repeated(want, c.Repeat, sectionOut, sectionFail)
	}
	if r.Faults = compare(whole, want, r.got, sectionOpen); r.OK() {
		r.Faults = compare(whole, want, r.got, wanted...)
	}
	if !r.OK() || len(c.Want[sectionOpen]) > 0 || c.Repeat > 1 {
		return nil // the other ways would say the same once more
	}
	got, err := m.run(ctx, c.Config, c.Batches, 2)
	if err != nil {
		return err
	}
	r.Faults = append(r.Faults, compare(twice, repeated(want, 2, sectionOut, sectionFail), got, sectionOut, sectionFail)...)
	if strings.Contains(c.Config, `"reverse"`) {
		return nil
	}
	if got, err = m.run(ctx, c.Config, singles(c.Batches), 1); err != nil {
		return err
	}
	r.Faults = append(r.Faults, compare(oneByOne, want, got, wanted...)...)
	return nil
}

// repeated repeats the lines of sections and keeps those of the others.
func repeated(o outcome, n int, sections ...string) outcome {
	all := make(outcome)
	for _, section := range wanted {
		all[section] = o[section]
		if slices.Contains(sections, section) {
			all[section] = slices.Repeat(o[section], n)
		}
	}
	return all
}

func singles(batches []Batch) []Batch {
	var all []Batch
	for _, batch := range batches {
		for single := range slices.Chunk(batch.Events, 1) {
			all = append(all, Batch{Events: single, Time: batch.Time})
		}
	}
	return all
}

func (m *Module) runAny(ctx context.Context, r *Result, config string) (err error) {
	c := r.Case
	if r.got, err = m.runUntilHarm(ctx, config, c.Batches, c.Repeat); err != nil {
		return err
	}
	r.Faults = harm(whole, r.got)
	if !r.OK() || c.Repeat > 1 {
		return nil
	}
	got, err := m.runUntilHarm(ctx, config, c.Batches, 1)
	if err != nil {
		return err
	}
	r.Faults = append(r.Faults, compare(again, r.got, got, wanted...)...)
	if got, err = m.runUntilHarm(ctx, config, singles(c.Batches), 1); err != nil {
		return err
	}
	r.Faults = append(r.Faults, harm(oneByOne, got)...)
	if r.OK() && len(compare(oneByOne, r.got, got, sectionOut, sectionFail)) > 0 {
		r.Notes = append(r.Notes, "what becomes of an event depends on the batch that it comes in (docs/abi.md, rule 9)")
	}
	return nil
}

// runUntilHarm is run, ended by the first batch that does harm: a module that
// loops would take its time over each of the others too.
func (m *Module) runUntilHarm(ctx context.Context, config string, batches []Batch, times int) (outcome, error) {
	return m.runWhile(ctx, config, batches, times, func(got outcome) bool { return len(harm("", got)) == 0 })
}

// harm returns the failures that no module is allowed.
func harm(run string, got outcome) []Fault {
	var faults []Fault
	for _, line := range got[sectionFail] {
		_, what, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(what, string(event.Reject)+":") {
			faults = append(faults, Fault{Run: run, Text: "event " + line})
		}
	}
	for _, line := range got[sectionOpen] {
		faults = append(faults, Fault{Run: run, Text: line})
	}
	return faults
}

// run opens the module, gives it the batches so many times, closes it, and
// tells what came of it.
func (m *Module) run(ctx context.Context, config string, batches []Batch, times int) (outcome, error) {
	return m.runWhile(ctx, config, batches, times, func(outcome) bool { return true })
}

// runWhile is run for as long as what came is as it should be.
func (m *Module) runWhile(ctx context.Context, config string, batches []Batch, times int, good func(outcome) bool) (outcome, error) {
	got := make(outcome)
	m.logs.TakeAll()
	m.clock = Now
	counters := new(plugin.Counters)
	proc, err := m.open(ctx, config, counters)
	if err != nil {
		got[sectionOpen] = lines(err.Error())
		return got, nil
	}
	for i := 0; i < times*len(batches) && good(got); i++ {
		batch := batches[i%len(batches)]
		m.clock = batch.Time
		if err := process(ctx, proc, batch.Events, got); err != nil {
			return nil, errors.Join(err, proc.Close(ctx))
		}
	}
	if err := proc.Close(ctx); err != nil {
		return nil, err
	}
	for _, entry := range m.logs.TakeAll() {
		got[sectionLog] = append(got[sectionLog], entry.Level.String()+" "+visible(entry.Message))
	}
	for _, metric := range counters.Metrics.Read() {
		got[sectionMetric] = append(got[sectionMetric], fmt.Sprintf("%d %s %v", metric.Kind, metric.Name, metric.Value))
	}
	return got, nil
}

// visible makes one line of readable text of a message.
func visible(message string) string {
	var b strings.Builder
	for _, c := range message {
		if unicode.IsControl(c) {
			b.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (m *Module) open(ctx context.Context, config string, counters *plugin.Counters) (*plugin.Processor, error) {
	return m.plugin.Open(ctx, plugin.Config{
		Pipeline: "pipeline", Processor: "processor",
		Config: json.RawMessage(cmp.Or(config, "null")), Counters: counters,
	})
}

func process(ctx context.Context, proc *plugin.Processor, in []event.Event, got outcome) error {
	before := make([]string, len(in))
	for i := range in {
		before[i] = formatEvent(&in[i])
	}
	out, err := proc.Process(ctx, in, nil, func(i int, f *event.Failure) {
		line := fmt.Sprintf("%d %s: %s", in[i].Origin, f.Class, strings.ReplaceAll(f.Message, "\n", " "))
		got[sectionFail] = append(got[sectionFail], line)
	})
	if err != nil {
		return err
	}
	for i := range out {
		source := &in[out[i].Origin-in[0].Origin]
		if out[i].From != source.From || out[i].Offset != source.Offset {
			return fmt.Errorf("the host moved output %d to another place than its source's", i)
		}
		got[sectionOut] = append(got[sectionOut], formatEvent(&out[i]))
	}
	for i := range in {
		if after := formatEvent(&in[i]); after != before[i] {
			return fmt.Errorf("the host changed input %d from %s to %s", i, before[i], after)
		}
	}
	return nil
}
