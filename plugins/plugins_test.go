package plugins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/plugins"
)

func open(tb testing.TB, name, config string) *plugin.Processor {
	tb.Helper()
	ctx := context.Background()
	loader, err := plugin.NewLoader(ctx, plugin.Options{Builtin: plugins.Lookup})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { loader.Close(ctx) })
	p, err := loader.Load(ctx, "builtin:"+name)
	if err != nil {
		tb.Fatal(err)
	}
	proc, err := p.Open(ctx, plugin.Config{Pipeline: "p", Processor: name, Config: json.RawMessage(config)})
	if err != nil {
		tb.Fatal(err)
	}
	return proc
}

// order is a JSON order of about 200 bytes with the field that matters in the
// middle.
func order(weight int) []byte {
	return fmt.Appendf(nil, `{"id":"ord-%08d","customer":"c-%05d","weight":%d,"items":[{"sku":"A-17","qty":2,"price":19.9},`+
		`{"sku":"B-2","qty":1,"price":5}],"note":"leave at the door","address":{"city":"Brno","zip":"60200"}}`, weight, weight*7, weight)
}

func BenchmarkPlugins(b *testing.B) {
	cases := []struct{ name, config string }{
		{"topic-selector", `null`},
		{"json-fields", `{"keep":["id","weight","items"],"rename":{"weight":"kg"},"set":{"schema":2}}`},
	}
	const batch = 64
	for _, tc := range cases {
		b.Run(tc.name, func(b *testing.B) {
			proc := open(b, tc.name, tc.config)
			from := &event.Partition{Topic: "orders"}
			in := make([]event.Event, batch)
			for i := range in {
				in[i] = event.Event{Value: order(i), From: from, Offset: int64(i), Origin: int32(i), Partition: event.AnyPartition}
			}
			var out []event.Event
			fail := func(i int, f *event.Failure) { b.Fatalf("event %d: %v", i, f) }
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if out, err = proc.Process(context.Background(), in, out[:0], fail); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/event")
		})
	}
}

var _ = bytes.Equal
var _ = strings.Cut
