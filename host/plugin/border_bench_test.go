package plugin_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/plugins"
)

// sized makes a batch of n events with values of size bytes, as a source does.
func sized(n, size int) []event.Event {
	from := &event.Partition{Topic: "orders", Number: 3}
	events := make([]event.Event, n)
	for i := range events {
		head := fmt.Sprintf(`{"id":%d,"name":"order","weight":%d,"note":"`, i, i%20)
		value := slices.Concat([]byte(head), bytes.Repeat([]byte{'.'}, size-len(head)-2), []byte(`"}`))
		events[i] = event.Event{
			Value: value, Key: fmt.Appendf(nil, "key-%d", i), Timestamp: 1000, From: from, Offset: int64(i),
			Origin: int32(i), Partition: event.AnyPartition,
		}
	}
	return events
}

func noFailure(tb testing.TB) plugin.Fail {
	return func(i int, f *event.Failure) { tb.Errorf("event %d: %v", i, f) }
}

// BenchmarkBorder measures what the sandbox costs an event.
func BenchmarkBorder(b *testing.B) {
	selector, ok := plugins.Lookup("topic-selector")
	if !ok {
		b.Fatal("there is no topic-selector")
	}
	for _, bench := range []struct {
		name        string
		module      []byte
		batch, size int
	}{
		{"passthrough-64x200", wasmtest.Passthrough().Bytes(), 64, 200},
		{"passthrough-256x200", wasmtest.Passthrough().Bytes(), 256, 200},
		{"passthrough-64x1024", wasmtest.Passthrough().Bytes(), 64, 1024},
		{"passthrough-1x200", wasmtest.Passthrough().Bytes(), 1, 200},
		{"drop-64x200", wasmtest.DropAll().Bytes(), 64, 200},
		{"route-64x200", wasmtest.Route("heavy").Bytes(), 64, 200},
		{"set-byte-64x200", wasmtest.SetByte('!').Bytes(), 64, 200},
		{"upper-field-64x200", wasmtest.Upper(40).Bytes(), 64, 200},
		{"topic-selector-64x200", selector, 64, 200},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p, err := load(b, newLoader(b, plugin.Options{}), bench.module).Open(b.Context(), plugin.Config{})
			if err != nil {
				b.Fatal(err)
			}
			in := sized(bench.batch, bench.size)
			out := make([]event.Event, 0, bench.batch)
			fail := noFailure(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Process(b.Context(), in, out, fail); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.batch), "ns/event")
		})
	}
}
