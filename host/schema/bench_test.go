package schema

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weirhq/weir/host/event"
)

// batchOf is a batch as the pipeline makes them, in one schema.
const batchOf = 256

func benchmarkStep(b *testing.B, c Config, s sr.Schema, e event.Event) {
	f := newFake(b)
	f.SeedSchema("s", 1, 7, s)
	r := open(b, f.config())
	p := NewProcessor(&c, r)
	in, out := make([]event.Event, batchOf), make([]event.Event, 0, batchOf)
	for i := range in {
		in[i] = e
	}
	fail := func(_ int, f *event.Failure) { b.Fatal(f) }
	if _, err := p.Process(context.Background(), in, out, fail); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Process(context.Background(), in, out, fail); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batchOf), "ns/event")
}

func BenchmarkStep(b *testing.B) {
	const order = `{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"customer","type":"string"},{"name":"weight","type":"double"},{"name":"note","type":["null","string"],"default":null},{"name":"tags","type":{"type":"array","items":"string"}}]}`
	const orderPB = `syntax = "proto3"; message Order { int64 id = 1; string customer = 2; double weight = 3; string note = 4; repeated string tags = 5; }`
	const text = `{"id":123456,"customer":"c-1234","weight":12.5,"note":"fragile","tags":["a","b"]}`
	for _, form := range []struct {
		name   string
		schema sr.Schema
	}{{"avro", avroSchema(order)}, {"protobuf", protoSchema(orderPB)}, {"json", jsonSchema(`{}`)}} {
		f := newFake(b)
		f.SeedSchema("s", 1, 7, form.schema)
		encode := encodeConfig()
		encode.ID = 7
		plain := value([]byte(text))
		encoded := must(b, NewProcessor(&encode, open(b, f.config())), plain)[0]
		strip := decodeConfig()
		strip.Mode = Strip
		b.Run(form.name+"/decode", func(b *testing.B) { benchmarkStep(b, decodeConfig(), form.schema, encoded) })
		b.Run(form.name+"/encode", func(b *testing.B) { benchmarkStep(b, encode, form.schema, plain) })
		b.Run(form.name+"/strip", func(b *testing.B) { benchmarkStep(b, strip, form.schema, encoded) })
	}
}

// TestStripAllocatesByBatch keeps the path of events that nobody looks into
// free of allocations.
func TestStripAllocatesByBatch(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("s", 1, 7, avroSchema(`"string"`))
	c := decodeConfig()
	c.Mode = Strip
	p := NewProcessor(&c, open(t, f.config()))
	in, out := make([]event.Event, batchOf), make([]event.Event, 0, batchOf)
	for i := range in {
		in[i] = value(wire(7, 2, 'x'))
	}
	n := testing.AllocsPerRun(100, func() {
		if _, err := p.Process(context.Background(), in, out, func(int, *event.Failure) {}); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 {
		t.Errorf("%.0f allocations for a batch", n)
	}
}
