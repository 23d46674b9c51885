package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/wasm"
)

func newLoader(t testing.TB, opts plugin.Options) *plugin.Loader {
	t.Helper()
	l, err := plugin.NewLoader(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// load gives the plugin of a module, loaded from a file.
func load(t testing.TB, l *plugin.Loader, module []byte) *plugin.Plugin {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guest.wasm")
	if err := os.WriteFile(path, module, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := l.Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t testing.TB, m *wasmtest.Module, counters *plugin.Counters) *plugin.Processor {
	t.Helper()
	p, err := load(t, newLoader(t, plugin.Options{}), m.Bytes()).
		Open(t.Context(), plugin.Config{Pipeline: "p", Processor: "guest", Counters: counters})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// batch makes a batch of events of the given values.
func batch(values ...string) []event.Event {
	from := &event.Partition{Topic: "in", Number: 3}
	events := make([]event.Event, len(values))
	for i, v := range values {
		events[i] = event.Event{
			Value: []byte(v), Key: []byte("k"), Timestamp: 1000, From: from, Offset: int64(100 + i), Origin: int32(i),
			Partition: event.AnyPartition,
			Headers:   []event.Header{{Name: "h", Value: []byte("v")}, {Name: "null"}},
			Context:   []event.Pair{{Name: "user", Value: event.Value{Kind: event.Int, Num: 7}}},
		}
	}
	return events
}

// run processes a batch and returns what came out, and the failures by line.
func run(t testing.TB, p *plugin.Processor, in []event.Event) (out []event.Event, failures []string) {
	t.Helper()
	out, err := p.Process(t.Context(), in, nil, func(i int, f *event.Failure) {
		first, _, _ := strings.Cut(f.Message, "\n")
		failures = append(failures, fmt.Sprintf("%d %s %s", i, f.Class, first))
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, failures
}

func values(events []event.Event) []string {
	var list []string
	for i := range events {
		list = append(list, string(events[i].Value))
	}
	return list
}

func TestProcess(t *testing.T) {
	in := batch("a", "b", "x", "c", "", "x2", "d")
	with := func(change func(*event.Event)) []event.Event {
		out := batch("a", "b", "x", "c", "", "x2", "d")
		for i := range out {
			change(&out[i])
		}
		return out
	}
	for name, test := range map[string]struct {
		guest *wasmtest.Module
		want  []event.Event
	}{
		"passthrough": {wasmtest.Passthrough(), in},
		"drop":        {wasmtest.DropAll(), nil},
		"route":       {wasmtest.Route("heavy"), with(func(e *event.Event) { e.Topic = "heavy" })},
		"set a byte": {wasmtest.SetByte('!'), with(func(e *event.Event) {
			if len(e.Value) != 0 {
				e.Value[0] = '!'
			}
		})},
		"upper": {wasmtest.Upper(1), with(func(e *event.Event) {
			if len(e.Value) != 0 {
				e.Value[0] = bytes.ToUpper(e.Value[:1])[0]
			}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, test.guest, nil)
			for range 3 { // the instance stays
				out, failures := run(t, p, in)
				if diff := cmp.Diff(test.want, out); diff != "" {
					t.Error(diff)
				}
				if failures != nil {
					t.Error(failures)
				}
			}
		})
	}
}

func TestFanOut(t *testing.T) {
	p := open(t, wasmtest.FanOut(), nil)
	for range 20 { // the memory grows and moves while batches are open
		out, _ := run(t, p, batch("a", "b"))
		if diff := cmp.Diff([]string{"a", "", "b", ""}, values(out)); diff != "" {
			t.Fatal(diff)
		}
		if out[3].Value == nil || out[3].Origin != 1 || out[3].Offset != 101 || out[3].From.Number != 3 {
			t.Fatalf("the last output is %+v", out[3])
		}
	}
}

func TestGuiltyEvents(t *testing.T) {
	const unreachable = "wasm error: unreachable"
	for name, test := range map[string]struct {
		guest     *wasmtest.Module
		in        string
		want      string
		failures  []string
		instances uint64
	}{
		"trap": {wasmtest.TrapOn('x'), "abxcd", "abcd",
			[]string{"2 trap weir_process: " + unreachable}, 4},
		"trap first and last": {wasmtest.TrapOn('x'), "xabx", "ab",
			[]string{"0 trap weir_process: " + unreachable, "3 trap weir_process: " + unreachable}, 5},
		"trap with a reason": {wasmtest.SayAndTrapOn('x', "no such field"), "x", "",
			[]string{"0 trap weir_process: no such field: " + unreachable}, 1},
		"trap always": {wasmtest.TrapOn('x'), "xx", "",
			[]string{"0 trap weir_process: " + unreachable, "1 trap weir_process: " + unreachable}, 3},
		"reject": {wasmtest.RejectOn('x', "not wanted"), "axbx", "ab",
			[]string{"1 reject not wanted", "3 reject not wanted"}, 1},
		"value beyond memory": {wasmtest.LieOn('x', wasmtest.ValueLen, -1), "axb", "ab",
			[]string{"1 abi abi: output 0: value: pointer 4240 with length 4294967295 ends beyond the memory of 65536 bytes"}, 4},
		"unknown flag": {wasmtest.LieOn('x', wasmtest.Flags, 0x30), "x", "",
			[]string{"0 abi abi: output 0: flags: 0x30 has unknown bits 0x30"}, 1},
		"source of nobody": {wasmtest.LieOn('x', wasmtest.Source, 1), "x", "",
			[]string{"0 abi abi: output 0: source: 1, but the batch has 1 events"}, 1},
		"table beyond memory": {wasmtest.Answer(65000, 100), "x", "",
			[]string{"0 abi abi: table: pointer 65000 with 100 elements of 80 bytes ends beyond the memory of 65536 bytes"}, 1},
		"too many outputs": {wasmtest.Answer(0, 0xFFFFFFFF), "x", "",
			[]string{"0 abi abi: count: 4294967295 outputs of 1 events, limits.outputs_per_event allows 1000 of each; raise it, or split less"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var counters plugin.Counters
			p := open(t, test.guest, &counters)
			out, failures := run(t, p, batch(strings.Split(test.in, "")...))
			if got := strings.Join(values(out), ""); got != test.want {
				t.Errorf("out is %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(test.failures, failures); diff != "" {
				t.Error(diff)
			}
			if got := counters.Instances.Load(); got != test.instances {
				t.Errorf("%d instances were made, want %d", got, test.instances)
			}
		})
	}
}

// A batch that the guest has no memory for is split, and an event that it has
// none for fails alone.
func TestMemoryIsBounded(t *testing.T) {
	big := func(n int) string { return strings.Repeat("b", n) }
	for name, test := range map[string]struct {
		in       []event.Event
		failures []string
	}{
		"batch": {batch(big(300<<10), "a", big(500<<10), big(500<<10), "c"), nil},
		"event": {batch("a", big(1<<20), "c"), []string{
			"1 reject 1048733 bytes of events: the module has no memory for it"}},
	} {
		t.Run(name, func(t *testing.T) {
			var counters plugin.Counters
			l := newLoader(t, plugin.Options{Instance: plugin.Limits{Memory: 1 << 20}})
			p, err := load(t, l, wasmtest.Passthrough().Bytes()).Open(t.Context(), plugin.Config{Counters: &counters})
			if err != nil {
				t.Fatal(err)
			}
			out, failures := run(t, p, test.in)
			if len(out) != len(test.in)-len(test.failures) {
				t.Errorf("%d events of %d came out", len(out), len(test.in))
			}
			if diff := cmp.Diff(test.failures, failures); diff != "" {
				t.Error(diff)
			}
			if got := counters.Instances.Load(); got != 1 {
				t.Errorf("%d instances were made", got)
			}
			if got := counters.Rejects.Load(); got != uint64(len(test.failures)) {
				t.Errorf("%d rejects were counted", got)
			}
		})
	}
}

// Outputs over the limits are the fault of the module, and a part that keeps
// within them passes.
func TestOutputsAreBounded(t *testing.T) {
	l := newLoader(t, plugin.Options{Instance: plugin.Limits{OutputBytes: 1000}})
	p, err := load(t, l, wasmtest.FanOut().Bytes()).Open(t.Context(), plugin.Config{})
	if err != nil {
		t.Fatal(err)
	}
	out, failures := run(t, p, batch("a", "b", "c", "d"))
	if len(out) != 8 || failures != nil {
		t.Errorf("%d events came out, failures %v", len(out), failures)
	}
}

// A fresh instance that cannot be made is no event's fault.
func TestCannotStartAgain(t *testing.T) {
	// A guest that cannot be opened a second time, as the guest's own memory
	// cannot tell: it looks at the clock.
	now := time.Unix(0, 0)
	guest := wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.Unreachable }, func(m *wasmtest.Module, f wasmtest.Imports) {
		const wrap = "\xa7" // i64 to i32
		m.Export("weir_open", m.Func("ii:i", "", wasmtest.Call(f.Now), []byte(wrap)))
	})
	p, err := load(t, newLoader(t, plugin.Options{Now: func() time.Time { return now }}), guest.Bytes()).Open(t.Context(), plugin.Config{})
	if err != nil {
		t.Fatal(err)
	}
	now = time.Unix(0, 1)
	_, err = p.Process(t.Context(), batch("a", "b"), nil, noFailure(t))
	var refusal *wasm.Refusal
	if !errors.As(err, &refusal) {
		t.Errorf("error is %v", err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Errorf("close without an instance: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	p := open(t, wasmtest.Passthrough(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := batch("x")
	out, err := p.Process(ctx, batch("a"), before, noFailure(t))
	if !errors.Is(err, context.Canceled) || len(out) != 1 {
		t.Errorf("%d events, error %v", len(out), err)
	}
}

// The guest sees one time during a batch, however often it asks and however
// the batch is split.
func TestTimeStandsStill(t *testing.T) {
	guest := wasmtest.Guest(func(f wasmtest.Imports) []byte {
		return wasmtest.PerEvent(
			wasmtest.Get(wasmtest.At), wasmtest.Call(f.Now), wasmtest.Store64(wasmtest.Timestamp),
			wasmtest.Get(wasmtest.At), wasmtest.I32(8), wasmtest.Store(wasmtest.Flags),
			wasmtest.On('x', wasmtest.Unreachable))
	})
	ticks := int64(0)
	clock := func() time.Time { ticks++; return time.Unix(0, ticks) }
	p, err := load(t, newLoader(t, plugin.Options{Now: clock}), guest.Bytes()).Open(t.Context(), plugin.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		out, _ := run(t, p, batch("a", "x", "b", "c"))
		for _, e := range out {
			if !e.Stamped || e.Timestamp != int64(i+1) {
				t.Errorf("batch %d: event %s has time %d", i, e.Value, e.Timestamp)
			}
		}
	}
}

func TestReports(t *testing.T) {
	one := []byte{0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}
	guest := wasmtest.Guest(func(f wasmtest.Imports) []byte {
		metric := func(kind int32, at, n int32) []byte {
			return wasmtest.Code(wasmtest.I32(kind), wasmtest.I32(at), wasmtest.I32(n), one, wasmtest.Call(f.Metric))
		}
		return wasmtest.PerEvent(
			wasmtest.I32(2), wasmtest.I32(64), wasmtest.I32(4), wasmtest.Call(f.Log),
			metric(0, 64, 4), metric(1, 65, 3), metric(2, 66, 2), metric(1, 64, 4))
	}, func(m *wasmtest.Module, _ wasmtest.Imports) { m.Data(64, "abcd") })

	core, logs := observer.New(zap.InfoLevel)
	var counters plugin.Counters
	p, err := load(t, newLoader(t, plugin.Options{Log: zap.New(core)}), guest.Bytes()).
		Open(t.Context(), plugin.Config{Pipeline: "p", Processor: "guest", Counters: &counters})
	if err != nil {
		t.Fatal(err)
	}
	const events = 1000
	for range events / 10 {
		run(t, p, batch(strings.Split("0123456789", "")...))
	}
	want := []plugin.Metric{
		{Name: "abcd", Kind: abi.MetricCounter, Value: events},
		{Name: "bcd", Kind: abi.MetricGauge, Value: 1},
		{Name: "cd", Kind: abi.MetricHistogram, Value: events, Count: events,
			Buckets: []uint64{0, 0, 0, 0, 0, 0, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}},
	}
	if diff := cmp.Diff(want, counters.Metrics.Read()); diff != "" {
		t.Error(diff)
	}
	if n := logs.FilterMessage("abcd").Len(); n < 200 || n > 500 {
		t.Errorf("%d of %d lines were logged", n, events)
	}
	if n := logs.FilterMessageSnippet("a measurement of the module is refused").Len(); n != 1 {
		t.Errorf("%d lines about the metric of two kinds", n)
	}
	entry := logs.FilterMessage("abcd").All()[0]
	if entry.Level != zap.WarnLevel || entry.ContextMap()["pipeline"] != "p" || entry.ContextMap()["processor"] != "guest" {
		t.Errorf("a line is %+v", entry)
	}
}

// A batch that nothing is changed in crosses the border and back without an
// allocation.
func TestPassthroughDoesNotAllocate(t *testing.T) {
	in := batch(strings.Split(strings.Repeat("value,", 63)+"value", ",")...)
	out := make([]event.Event, 0, len(in))
	for name, guest := range map[string]*wasmtest.Module{
		"passthrough": wasmtest.Passthrough(), "drop": wasmtest.DropAll(), "route": wasmtest.Route("heavy"),
	} {
		p := open(t, guest, nil)
		fail := noFailure(t)
		allocs := testing.AllocsPerRun(200, func() {
			if _, err := p.Process(t.Context(), in, out, fail); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations a batch", name, allocs)
		}
	}
}

// The processors of one plugin share its code and their counters, and run at
// the same time.
func TestLanes(t *testing.T) {
	var counters plugin.Counters
	p := load(t, newLoader(t, plugin.Options{}), wasmtest.TrapOn('x').Bytes())
	const lanes, batches = 4, 20
	var group errgroup.Group
	for range lanes {
		group.Go(func() error {
			proc, err := p.Open(t.Context(), plugin.Config{Counters: &counters})
			if err != nil {
				return err
			}
			for range batches {
				failed := 0
				out, err := proc.Process(t.Context(), batch("a", "x", "b"), nil, func(int, *event.Failure) { failed++ })
				if err != nil || len(out) != 2 || failed != 1 {
					return fmt.Errorf("%d events, %d failures, error %w", len(out), failed, err)
				}
			}
			return proc.Close(t.Context())
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	// In each batch the three events, the half with x, and x alone trap.
	if got, want := counters.Traps.Load(), uint64(3*lanes*batches); got != want {
		t.Errorf("%d traps, want %d", got, want)
	}
}
