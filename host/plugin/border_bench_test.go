package plugin_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
)

// sized makes a batch of n events with values of size bytes, as a source does.
func sized(n, size int) []event.Event {
	from := &event.Partition{Topic: "orders", Number: 3}
	events := make([]event.Event, n)
	for i := range events {
		value := bytes.Repeat([]byte{'.'}, size)
		copy(value, fmt.Sprintf(`{"id":%d,"weight":%d,"name":"`, i, i%20))
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
	for _, bench := range []struct {
		name        string
		guest       *wasmtest.Module
		batch, size int
	}{
		{"drop-64x200", wasmtest.DropAll(), 64, 200},
		{"passthrough-64x200", wasmtest.Passthrough(), 64, 200},
		{"passthrough-256x200", wasmtest.Passthrough(), 256, 200},
		{"passthrough-64x1024", wasmtest.Passthrough(), 64, 1024},
		{"passthrough-1x200", wasmtest.Passthrough(), 1, 200},
		{"route-64x200", wasmtest.Route("heavy"), 64, 200},
		{"set-byte-64x200", wasmtest.SetByte('!'), 64, 200},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := open(b, bench.guest, nil)
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
