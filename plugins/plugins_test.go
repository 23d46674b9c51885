package plugins_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/plugins"
	"github.com/weirhq/weir/sdk/conformance"
)

// TestFolders shows that every folder with a manifest is a plugin, and its
// module what the sources give.
func TestFolders(t *testing.T) {
	manifests, err := filepath.Glob("*/plugin.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, manifest := range manifests {
		name := filepath.Dir(manifest)
		names = append(names, name)
		if err := conformance.Fresh("..", "plugins/"+name); err != nil {
			t.Error(err)
		}
		want, err := os.ReadFile(filepath.Join(name, name+".wasm"))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := plugins.Lookup(name); !ok || !bytes.Equal(got, want) {
			t.Errorf("Lookup(%q) is not %s/%s.wasm", name, name, name)
		}
	}
	if diff := cmp.Diff(names, plugins.Names()); diff != "" {
		t.Errorf("Names (-folders +got):\n%s", diff)
	}
	if wasm, ok := plugins.Lookup("unknown"); ok || wasm != nil {
		t.Errorf("Lookup of an unknown name gave %d bytes", len(wasm))
	}
}

// order is a JSON order of 200 bytes.
func order(i int) []byte {
	return fmt.Appendf(nil, `{"id":"ord-%08d","customer":"c-%05d","weight":%d,"items":[{"sku":"A-17","qty":2,"price":19.9},`+
		`{"sku":"B-2","qty":1,"price":5}],"note":"leave at the door","address":{"city":"Brno","zip":"602 00"}}`, i, i*7, i+10)
}

func BenchmarkPlugins(b *testing.B) {
	for _, bc := range []struct{ name, config string }{
		{"topic-selector", `null`},
		{"json-fields", `{"keep":["id","weight","items"],"rename":{"weight":"kg"},"set":{"schema":2}}`},
		{"json-filter", `{"keep":{"all":[{"field":"/weight","gt":5},{"field":"/address/city","prefix":"B"},{"field":"/items/0/sku","ne":"x"}]}}`},
		{"enrich", `{"by":"/address/city","table":{"Brno":{"country":"CZ","eu":true}}}`},
		{"template", `{"value":{"id":"{/id}","to":"{/address/city} {/address/zip}","items":"{/items}"},"key":"{/customer}"}`},
		{"timestamp", `{"to":"/at"}`},
		{"regex-extract", `{"field":"/note","pattern":"at the (?<where>\\w+)"}`},
		{"redact", `{"rules":[{"fields":["/customer","/address/zip"],"hash":true}],"salt":"s"}`},
	} {
		b.Run(bc.name, func(b *testing.B) { benchmark(b, bc.name, bc.config) })
	}
}

func benchmark(b *testing.B, name, config string) {
	ctx := context.Background()
	loader, err := plugin.NewLoader(ctx, plugin.Options{Builtin: plugins.Lookup})
	if err != nil {
		b.Fatal(err)
	}
	defer loader.Close(ctx)
	p, err := loader.Load(ctx, "builtin:"+name)
	if err != nil {
		b.Fatal(err)
	}
	proc, err := p.Open(ctx, plugin.Config{Pipeline: "p", Processor: name, Config: json.RawMessage(config)})
	if err != nil {
		b.Fatal(err)
	}
	in := make([]event.Event, 64)
	from := &event.Partition{Topic: "orders"}
	for i := range in {
		in[i] = event.Event{Value: order(i), From: from, Offset: int64(i), Origin: int32(i), Partition: event.AnyPartition}
	}
	out := make([]event.Event, 0, len(in))
	fail := func(i int, f *event.Failure) { b.Fatalf("event %d: %v", i, f) }
	b.SetBytes(int64(len(in) * len(in[0].Value)))
	b.ReportAllocs()
	for b.Loop() {
		if out, err = proc.Process(ctx, in, out[:0], fail); err != nil || len(out) != len(in) {
			b.Fatalf("%d events, error %v", len(out), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(in)), "ns/event")
}
