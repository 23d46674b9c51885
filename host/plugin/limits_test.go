package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
)

// endlessOn loops at a value that begins with b.
func endlessOn(b byte) *wasmtest.Module {
	return wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.PerEvent(wasmtest.On(b, wasmtest.Forever())) })
}

func openWithin(t *testing.T, m *wasmtest.Module, limits plugin.Limits, counters *plugin.Counters) *plugin.Processor {
	t.Helper()
	p, err := load(t, newLoader(t, plugin.Options{Instance: limits}), m.Bytes()).Open(t.Context(), plugin.Config{Counters: counters})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEndlessLoop: the event that a module loops on fails alone, the others
// pass in order, and so do the batches after.
func TestEndlessLoop(t *testing.T) {
	const unlimited = math.MaxInt64
	for name, test := range map[string]struct {
		limits             plugin.Limits
		want               string
		exhausted, overdue uint64
	}{
		"fuel": {plugin.Limits{FuelPerEvent: 1_000_000, FuelPerBatch: 3_000_000},
			"3 fuel weir_process: uses more fuel than limits.fuel_per_event allows, which is 1000000", 2, 0},
		"time": {plugin.Limits{FuelPerEvent: unlimited, FuelPerBatch: unlimited, Timeout: 20 * time.Millisecond},
			"3 fuel weir_process: takes longer than limits.timeout allows, which is 20ms", 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var counters plugin.Counters
			p := openWithin(t, endlessOn('x'), test.limits, &counters)
			out, failures := run(t, p, batch("a", "b", "c", "x", "d", "e"))
			if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, values(out)); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if len(failures) != 1 || !strings.HasPrefix(failures[0], test.want) {
				t.Errorf("failures %q, want %q", failures, test.want)
			}
			if got := [...]uint64{counters.Exhausted.Load(), counters.Overdue.Load(), counters.Traps.Load(), counters.Instances.Load()}; got !=
				[...]uint64{test.exhausted, test.overdue, 0, 3} {
				t.Errorf("exhausted, overdue, traps, instances: %d", got)
			}
			if counters.Fuel.Load() < 4_000_000*test.exhausted/2 {
				t.Errorf("%d fuel was counted", counters.Fuel.Load())
			}
			if out, failures := run(t, p, batch("f", "g")); len(out) != 2 || failures != nil {
				t.Errorf("after it: %d outputs, failures %q", len(out), failures)
			}
		})
	}
}

// A batch may go over its limit when none of its events does.
func TestBatchOverItsLimit(t *testing.T) {
	var counters plugin.Counters
	p := openWithin(t, wasmtest.Upper(math.MaxInt32), plugin.Limits{FuelPerEvent: 100_000, FuelPerBatch: 150_000}, &counters)
	long := strings.Repeat("a", 8_000)
	out, failures := run(t, p, batch(long, long, long))
	if failures != nil || len(out) != 3 || string(out[2].Value) != strings.ToUpper(long) {
		t.Errorf("%d outputs, failures %q", len(out), failures)
	}
	if counters.Exhausted.Load() != 1 {
		t.Errorf("%d instances ran out of fuel, want that of the batch", counters.Exhausted.Load())
	}
}

// What is stopped with the pipeline is no fault of an event.
func TestEndlessLoopAtTheEnd(t *testing.T) {
	const unlimited = math.MaxInt64
	p := openWithin(t, endlessOn('x'), plugin.Limits{FuelPerEvent: unlimited, FuelPerBatch: unlimited, Timeout: time.Hour}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := p.Process(ctx, batch("x"), nil, func(i int, f *event.Failure) { t.Errorf("event %d failed: %v", i, f) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ends with %v", err)
	}
}

// A module that gets no more memory traps by itself: the message says that it
// had much of what it may have.
func TestMemoryLimit(t *testing.T) {
	grow := wasmtest.Code(wasmtest.I32(20), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.Eq, wasmtest.If(wasmtest.Unreachable))
	guest := wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.PerEvent(wasmtest.On('x', grow, grow)) })
	for memory, want := range map[uint64][]string{
		2 << 20: {"0 trap weir_process: with 1344 KiB of memory, of the 2048 KiB of limits.memory: wasm error: unreachable"},
		3 << 20: nil,
	} {
		_, failures := run(t, openWithin(t, guest, plugin.Limits{Memory: memory}, nil), batch("x"))
		if diff := cmp.Diff(want, failures); diff != "" {
			t.Errorf("memory of %d bytes (-want +got):\n%s", memory, diff)
		}
	}
}

// One loader keeps apart what a module may use in different places.
func TestLimitsOfOneModule(t *testing.T) {
	l := newLoader(t, plugin.Options{})
	path := filepath.Join(t.TempDir(), "guest.wasm")
	if err := os.WriteFile(path, wasmtest.Upper(100).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		limits plugin.Limits
		want   int // failures
	}{
		{plugin.Limits{}, 0},
		{plugin.Limits{FuelPerEvent: 100}, 1},
		{plugin.Limits{Memory: 64 << 10}, 1},
	} {
		p, err := l.LoadWithin(t.Context(), path, test.limits)
		if err != nil {
			t.Fatal(err)
		}
		proc, err := p.Open(t.Context(), plugin.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, failures := run(t, proc, batch(strings.Repeat("a", 70_000))); len(failures) != test.want {
			t.Errorf("%+v: failures %q", test.limits, failures)
		}
	}
}

// leaking takes a page of memory for each batch.
func leaking() *wasmtest.Module {
	return wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.Code(wasmtest.I32(1), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.Eq, wasmtest.If(wasmtest.Unreachable),
			wasmtest.Result(wasmtest.Table, wasmtest.Count))
	})
}

// An instance whose memory has grown too large is replaced between batches, but
// not before it has seen some.
func TestRecycling(t *testing.T) {
	const page, batches = 64 << 10, 1000
	for name, test := range map[string]struct {
		limits plugin.Limits
		want   uint64 // instances that were recycled
	}{
		"by default":      {plugin.Limits{Memory: 200 * page}, batches / 180},
		"early":           {plugin.Limits{Memory: 200 * page, RecycleAt: 150 * page}, batches / 149},
		"not too early":   {plugin.Limits{Memory: 200 * page, RecycleAt: page}, batches / 100},
		"never, in 2,000": {plugin.Limits{Memory: 2000 * page, RecycleAt: 2000 * page}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var counters plugin.Counters
			p := openWithin(t, leaking(), test.limits, &counters)
			for range batches {
				if out, failures := run(t, p, batch("a")); len(out) != 1 || failures != nil {
					t.Fatalf("%d outputs, failures %q", len(out), failures)
				}
			}
			if got := counters.Recycled.Load(); got != test.want {
				t.Errorf("%d instances were recycled, want %d", got, test.want)
			}
		})
	}
}

// A module that does not get ready in time is stopped, however long a batch may
// take.
func TestStartTimeout(t *testing.T) {
	const unlimited = math.MaxInt64
	m := wasmtest.Passthrough()
	m.Export("weir_open", m.Func("ii:i", "", wasmtest.Forever(), wasmtest.I32(0)))
	limits := plugin.Limits{FuelPerEvent: unlimited, FuelPerBatch: unlimited, Timeout: time.Hour, StartTimeout: 20 * time.Millisecond}
	_, err := load(t, newLoader(t, plugin.Options{Instance: limits}), m.Bytes()).Open(t.Context(), plugin.Config{})
	const want = "takes longer than limits.start_timeout allows, which is 20ms; the module loops, or needs a higher start_timeout"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// What a module logs and measures beyond its limits is left out, and told.
func TestLogAndMetricLimits(t *testing.T) {
	measure := func(f wasmtest.Imports) []byte { // under the first byte of each value
		return wasmtest.PerEvent(
			wasmtest.I32(0), wasmtest.Get(wasmtest.At), wasmtest.Load(wasmtest.ValuePtr), wasmtest.I32(1),
			[]byte{0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, wasmtest.Call(f.Metric),
			wasmtest.I32(1), wasmtest.Get(wasmtest.At), wasmtest.Load(wasmtest.ValuePtr), wasmtest.I32(1), wasmtest.Call(f.Log))
	}
	core, logs := observer.New(zap.DebugLevel)
	l := newLoader(t, plugin.Options{Log: zap.New(core), Instance: plugin.Limits{LogLines: 1, Metrics: 2}})
	var counters plugin.Counters
	p, err := load(t, l, wasmtest.Guest(measure).Bytes()).Open(t.Context(), plugin.Config{Counters: &counters})
	if err != nil {
		t.Fatal(err)
	}
	run(t, p, batch("a", "b", "c", "a", "d", "a"))
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range logs.All() {
		line := e.Message
		for _, key := range []string{"suppressed", "error"} {
			if more, ok := e.ContextMap()[key]; ok {
				line += fmt.Sprintf(": %v", more)
			}
		}
		got = append(got, line)
	}
	want := []string{
		"a", "b",
		`a measurement of the module is refused, and so are others like it: metric "c": limits.metrics allows 2 names; raise it, or measure under fewer`,
		"c", "a",
		"lines of the module are left out, which logs more than limits.log_lines allows, 1 a second; raise it, or log less: 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if m := counters.Metrics.Read(); len(m) != 2 || m[0].Name != "a" || m[0].Value != 3 {
		t.Errorf("metrics are %+v", m)
	}
}
