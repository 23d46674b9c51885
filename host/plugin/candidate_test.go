package plugin_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	wt "github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/shadow"
)

var (
	_ shadow.Live      = (*plugin.Processor)(nil)
	_ shadow.Candidate = (*plugin.Processor)(nil)
)

// telling writes the time and eight random bytes into each value of 16 bytes.
func telling() []byte {
	m := new(wt.Module)
	random := m.Import("wasi_snapshot_preview1", "random_get", "ii:i")
	now := m.Import("weir", "now", ":I")
	m.Memory(1).ExportKind("memory", wt.KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "i", wt.Buffer(0, 1)))
	m.Export("weir_process", m.Func("ii:I", "iiii", wt.PerEvent(
		wt.Get(wt.At), wt.Load(wt.ValuePtr), wt.Call(now), wt.Store64(0),
		wt.Get(wt.At), wt.Load(wt.ValuePtr), wt.I32(8), wt.Add, wt.I32(8), wt.Call(random), wt.Set(wt.Out))))
	return m.Bytes()
}

// The same batch at the same time is the same to two instances, whenever they get
// it: what a shadow stands on.
func TestSameTimeAndRandomness(t *testing.T) {
	clock := time.Unix(0, 0)
	l := newLoader(t, plugin.Options{Now: func() time.Time { clock = clock.Add(time.Second); return clock }})
	module := load(t, l, telling())
	instance := func() *plugin.Processor {
		p, err := module.Open(t.Context(), plugin.Config{Pipeline: "p", Processor: "guest"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		return p
	}
	live, candidate := instance(), instance()
	noFailure := func(i int, f *event.Failure) { t.Errorf("event %d: %v", i, f) }
	values := func(events []event.Event, err error) (values []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			values = append(values, string(e.Value))
		}
		return values
	}
	seen := map[string]bool{}
	for offset := range 3 {
		from := &event.Partition{Topic: "in", Number: 1}
		in := []event.Event{{Value: make([]byte, 16), From: from, Offset: int64(offset)}, {Value: make([]byte, 16), From: from, Offset: int64(offset), Origin: 1}}
		was := values(live.Process(t.Context(), in, nil, noFailure))
		clock = clock.Add(time.Hour)
		is := values(candidate.ProcessAt(t.Context(), live.Now(), in, nil, noFailure))
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("offset %d: %s", offset, diff)
		}
		if live.Used() == 0 || live.Used() != candidate.Used() {
			t.Errorf("offset %d: fuel %d and %d", offset, live.Used(), candidate.Used())
		}
		for _, v := range was {
			seen[v] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("the guest tells nothing: %v", seen)
	}
}
