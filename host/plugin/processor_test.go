package plugin_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
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
			[]string{"0 abi abi: count: 4294967295 outputs, at most 65536 are allowed in a batch"}, 1},
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
