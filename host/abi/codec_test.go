package abi_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
)

// passOn: a guest that does nothing costs no copy, and the events are those
// that went in, slice by slice.
func passOn(t *rapid.T) {
	in := batch(t, "in")
	base := 8 * rapid.Uint32Max(9).Draw(t, "base")
	mem := encoded(base, in)
	out, err := abi.NewDecoder(abi.Limits{}).Decode(mem, base, uint32(len(in)), in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out, emptyIsNil); diff != "" {
		t.Fatal(diff)
	}
	for i := range out {
		if !same(in[i].Value, out[i].Value) || !same(in[i].Key, out[i].Key) ||
			!same(in[i].Headers, out[i].Headers) || !same(in[i].Context, out[i].Context) {
			t.Fatalf("event %d was copied", i)
		}
	}
}

// emptyIsNil lets an empty batch be nil, and nothing else.
var emptyIsNil = cmp.Transformer("batch", func(b []event.Event) []event.Event {
	if len(b) == 0 {
		return nil
	}
	return b
})

func same[T any](a, b []T) bool {
	return (a == nil) == (b == nil) && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// rewrite: a guest that writes events of its own, elsewhere in its memory and
// in any order and number, gets them out as it wrote them, with the facts of
// the inputs that it named; and nothing of them lies in its memory.
func rewrite(t *rapid.T) {
	in := batch(t, "in")
	made := batch(t, "made")
	if len(in) == 0 {
		return
	}
	base := uint32(len(encoded(0, in))+7) &^ 7
	mem := encoded(base, made)
	copy(mem, encoded(0, in))

	var table []byte
	var want []event.Event
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, max(0, len(made)-1)), 0, 8).Draw(t, "order") {
		if len(made) == 0 {
			break
		}
		source := rapid.IntRange(0, len(in)-1).Draw(t, "source")
		entry := append([]byte(nil), mem[int(base)+i*abi.EntrySize:][:abi.EntrySize]...)
		binary.LittleEndian.PutUint32(entry, uint32(source))
		table = append(table, entry...)
		e := made[i]
		e.From, e.Offset, e.Origin = in[source].From, in[source].Offset, in[source].Origin
		if !e.Stamped {
			e.Timestamp = in[source].Timestamp
		}
		want = append(want, e)
	}
	at := uint32(len(mem))
	mem = append(mem, table...)

	out, err := abi.NewDecoder(abi.Limits{}).Decode(mem, at, uint32(len(want)), in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range mem {
		mem[i] = 0xAA
	}
	if diff := cmp.Diff(want, out, emptyIsNil); diff != "" {
		t.Fatal(diff)
	}
}

func TestPassOn(t *testing.T)  { rapid.Check(t, passOn) }
func TestRewrite(t *testing.T) { rapid.Check(t, rewrite) }

func FuzzPassOn(f *testing.F)  { f.Fuzz(rapid.MakeFuzz(passOn)) }
func FuzzRewrite(f *testing.F) { f.Fuzz(rapid.MakeFuzz(rewrite)) }

// example is a batch that uses every field.
func example() []event.Event {
	from := &event.Partition{Topic: "orders", Number: 3}
	return []event.Event{
		{
			Value: []byte("value"), Key: []byte("key"), Timestamp: 1000, From: from, Offset: 41, Partition: event.AnyPartition,
			Headers: []event.Header{{Name: "h", Value: []byte("1")}, {Name: "null"}},
			Context: []event.Pair{
				{Name: "text", Value: event.Value{Kind: event.Text, Data: []byte("t")}},
				{Name: "number", Value: event.Value{Kind: event.Int, Num: 5}},
			},
		},
		{Timestamp: 2000, From: from, Offset: 42, Origin: 1, Topic: "heavy", Stamped: true, Partition: 2},
	}
}

// u32 writes numbers one after another into memory.
func u32(at uint32, numbers ...uint32) func([]byte) {
	return func(mem []byte) {
		for i, n := range numbers {
			binary.LittleEndian.PutUint32(mem[at+uint32(i)*4:], n)
		}
	}
}

func TestViolations(t *testing.T) {
	const (
		headers = 2 * abi.EntrySize // the arrays follow the table
		context = headers + 2*abi.HeaderSize
		spare   = 4096 // memory beyond the batch, zeroed
	)
	limits := abi.Limits{OutputsPerEvent: 2, Headers: 4, Context: 4, Bytes: 2000}
	for name, test := range map[string]struct {
		lie   func(mem []byte)
		at, n uint32
		want  string
	}{
		"table":               {nil, math.MaxUint32, 2, "abi: table: pointer 4294967295 with 2 elements of 80 bytes ends beyond the memory of 8192 bytes"},
		"count":               {nil, 0, 5, "abi: count: 5 outputs of 2 events, limits.outputs_per_event allows 2 of each; raise it, or split less"},
		"source":              {u32(80, 2), 0, 2, "abi: output 1: source: 2, but the batch has 2 events"},
		"flags":               {u32(84, 0xF0000004), 0, 2, "abi: output 1: flags: 0xf0000004 has unknown bits 0xf0000000"},
		"value":               {u32(8, 8000, 193), 0, 2, "abi: output 0: value: pointer 8000 with length 193 ends beyond the memory of 8192 bytes"},
		"value sum overflows": {u32(8, math.MaxUint32, math.MaxUint32), 0, 2, "abi: output 0: value: pointer 4294967295 with length 4294967295 ends beyond"},
		"empty value outside": {u32(8, 8193, 0), 0, 2, "abi: output 0: value: pointer 8193 with length 0 ends beyond"},
		"value too long":      {u32(8, 0, 1841), 0, 2, "abi: output 0: value: the outputs of the batch have more bytes together than limits.output_bytes allows, which is 2000; raise it, or pass on less"},
		"values too long": {func(m []byte) { u32(8, 0, 1000)(m); u32(84, abi.FlagKeyNull, 0, 1000)(m) }, 0, 2,
			"abi: output 1: value: the outputs of the batch have more bytes together than limits.output_bytes allows, which is 2000; raise it, or pass on less"},
		"key":                  {u32(16, 8192, 1), 0, 2, "abi: output 0: key: pointer 8192 with length 1 ends beyond"},
		"headers":              {u32(24, 8190, 1), 0, 2, "abi: output 0: headers: pointer 8190 with 1 elements of 16 bytes ends beyond"},
		"headers overflow":     {u32(28, math.MaxUint32), 0, 2, "abi: output 0: headers: 4294967295 headers, at most 4 are allowed"},
		"header name":          {u32(headers, 8192, 2), 0, 2, "abi: output 0: headers[0].name: pointer 8192 with length 2 ends beyond"},
		"header value":         {u32(headers+24, 1, math.MaxUint32), 0, 2, "abi: output 0: headers[1].value: pointer 1 with length 4294967295 ends beyond"},
		"header name not text": {func(m []byte) { m[spare] = 0xFF; u32(headers, spare, 1)(m) }, 0, 2, `abi: output 0: headers[0].name: "\xff" is not UTF-8 at byte 0`},
		"context":              {u32(32, 8191, 4), 0, 2, "abi: output 0: context: pointer 8191 with 4 elements of 32 bytes ends beyond"},
		"context count":        {u32(36, 5), 0, 2, "abi: output 0: context: 5 pairs, at most 4 are allowed"},
		"context name":         {u32(context, 9000, 1), 0, 2, "abi: output 0: context[0].name: pointer 9000 with length 1 ends beyond"},
		"context name empty":   {u32(context+4, 0), 0, 2, "abi: output 0: context[0].name: is empty"},
		"context name not text": {func(m []byte) { copy(m[spare:], "ab\xc3"); u32(context, spare, 3)(m) }, 0, 2,
			`abi: output 0: context[0].name: "ab\xc3" is not UTF-8 at byte 2`},
		"context name reserved": {func(m []byte) { copy(m[spare:], "kafka_topic"); u32(context, spare, 11)(m) }, 0, 2,
			`abi: output 0: context[0].name: "kafka_topic" is reserved: kafka_* names are fields of the entry, not context pairs`},
		"context kind":     {u32(context+8, 7), 0, 2, "abi: output 0: context[0].kind: 7 is unknown"},
		"context reserved": {u32(context+12, 1), 0, 2, "abi: output 0: context[0].reserved: 0x1 at byte 12 of the pair, must be 0"},
		"context tail":     {u32(context+28, 1), 0, 2, "abi: output 0: context[0].reserved: 0x100000000 at byte 24 of the pair, must be 0"},
		"context bool":     {u32(context+8, 1, 0, 2, 0), 0, 2, "abi: output 0: context[0].payload: 2 is not a bool, which is 0 or 1"},
		"context text":     {u32(context+16, 8192, 1), 0, 2, "abi: output 0: context[0].payload: pointer 8192 with length 1 ends beyond"},
		"context text not text": {func(m []byte) { m[spare] = 0x80; u32(context+16, spare, 1)(m) }, 0, 2,
			`abi: output 0: context[0].payload: "\x80" is not UTF-8 at byte 0`},
		"topic":          {u32(120, 8192, 1), 0, 2, "abi: output 1: topic: pointer 8192 with length 1 ends beyond"},
		"topic empty":    {u32(124, 0), 0, 2, "abi: output 1: topic: is empty; without the flag ROUTED the sink's topic applies"},
		"topic not text": {func(m []byte) { m[spare] = 0xFE; u32(120, spare, 1)(m) }, 0, 2, `abi: output 1: topic: "\xfe" is not UTF-8 at byte 0`},
		"timestamp":      {u32(136, 0, 0x80000000), 0, 2, "abi: output 1: timestamp: -9223372036854775808 is before 1970"},
		"partition":      {u32(76, 0xFFFFFFFE), 0, 2, "abi: output 0: partition: -2, neither a partition nor -1 for any"},
	} {
		t.Run(name, func(t *testing.T) {
			in := example()
			mem := make([]byte, 8192)
			copy(mem, encoded(0, in))
			if test.lie != nil {
				test.lie(mem)
			}
			before := []event.Event{{Offset: 7}}
			out, err := abi.NewDecoder(limits).Decode(mem, test.at, test.n, in, before, nil)
			var violation *abi.Error
			if !errors.As(err, &violation) {
				t.Fatalf("error is %v, want an *abi.Error", err)
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error is\n\t%v\nwant\n\t%s", err, test.want)
			}
			if diff := cmp.Diff(before, out); diff != "" {
				t.Errorf("out changed: %s", diff)
			}
		})
	}
}

// What an input brings passes back, though a guest could not make it.
func TestInputPassesLimits(t *testing.T) {
	in := []event.Event{{
		Value: []byte("v"), Partition: event.AnyPartition, Timestamp: -1,
		Headers: []event.Header{{Name: "\xff"}, {Name: "b"}, {Name: "c"}},
	}, {Partition: event.AnyPartition}}
	mem := encoded(0, in)
	out, err := abi.NewDecoder(abi.Limits{OutputsPerEvent: 1, Headers: 2}).Decode(mem, 0, 2, in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}

func TestRejectedLeaveNothing(t *testing.T) {
	in := example()
	mem := encoded(0, in)
	u32(8, math.MaxUint32)(mem) // what is ignored may lie
	out, err := abi.NewDecoder(abi.Limits{}).Decode(mem, 0, 2, in, nil, []bool{true, false})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in[1:], out); diff != "" {
		t.Error(diff)
	}
}

// Nulls and empties are distinct in every place, whichever way they change.
func TestNullIsNotEmpty(t *testing.T) {
	null := event.Event{Partition: event.AnyPartition, Headers: []event.Header{{Name: "h"}}}
	empty := event.Event{Partition: event.AnyPartition, Value: []byte{}, Key: []byte{}, Headers: []event.Header{{Name: "h", Value: []byte{}}}}
	for name, test := range map[string]struct{ in, out event.Event }{
		"null to empty": {null, empty}, "empty to null": {empty, null}, "null": {null, null}, "empty": {empty, empty},
	} {
		t.Run(name, func(t *testing.T) {
			mem := encoded(0, []event.Event{test.out})
			out, err := abi.NewDecoder(abi.Limits{}).Decode(mem, 0, 1, []event.Event{test.in}, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]event.Event{test.out}, out); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What changes in the middle of headers or context leaves its neighbours as
// they are, and the input too.
func TestOnePairChanges(t *testing.T) {
	in := example()[:1]
	in[0].Headers = append(in[0].Headers, event.Header{Name: "last", Value: []byte("z")})
	in[0].Context = append(in[0].Context, event.Pair{Name: "flag", Value: event.Value{Kind: event.Bool, Num: 1}})
	kept, changed := clone(in), clone(in)
	changed[0].Headers[1] = event.Header{Name: "now", Value: []byte("one")}
	changed[0].Context[1].Value.Num = 6
	out, err := abi.NewDecoder(abi.Limits{}).Decode(encoded(0, changed), 0, 1, in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(changed, out); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(kept, in); diff != "" {
		t.Errorf("the input changed: %s", diff)
	}
	if !same(in[0].Headers[0].Value, out[0].Headers[0].Value) || !same(in[0].Context[0].Value.Data, out[0].Context[0].Value.Data) {
		t.Error("a neighbour was copied")
	}
}

// Strings that neighbours share are written once.
func TestSharedStrings(t *testing.T) {
	from := &event.Partition{Topic: "orders"}
	one := []event.Event{{From: from, Topic: "heavy"}}
	three := []event.Event{one[0], one[0], {From: &event.Partition{Topic: "orders", Number: 1}, Topic: "heavy"}}
	want := abi.Measure(one).Size() + 2*abi.EntrySize
	if got := abi.Measure(three).Size(); got != want {
		t.Errorf("three events take %d bytes, want %d", got, want)
	}
}

// Topics are few and clients keep them: equal ones are one string. A guest
// that makes up ever new ones fills no memory.
func TestTopicsAreInterned(t *testing.T) {
	in := []event.Event{{Partition: event.AnyPartition}, {Partition: event.AnyPartition}}
	routed := []event.Event{{Topic: "heavy", Partition: event.AnyPartition}, {Topic: "light", Partition: event.AnyPartition}}
	mem := encoded(0, routed)
	d := abi.NewDecoder(abi.Limits{})
	out := make([]event.Event, 0, 2)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := d.Decode(mem, 0, 2, in, out, nil); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a batch of known topics", allocs)
	}
}

// All that changes in a batch costs one allocation.
func TestOneSlabABatch(t *testing.T) {
	in, changed := make([]event.Event, 64), make([]event.Event, 64)
	for i := range in {
		in[i] = event.Event{Value: []byte("before"), Key: []byte("before"), Partition: event.AnyPartition}
		changed[i] = event.Event{Value: []byte("behind"), Key: []byte("behind"), Partition: event.AnyPartition}
	}
	mem := encoded(0, changed)
	d := abi.NewDecoder(abi.Limits{})
	out := make([]event.Event, 0, 64)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := d.Decode(mem, 0, 64, in, out, nil); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 1 {
		t.Errorf("%v allocations a batch, want 1", allocs)
	}
}

// FuzzDecode lets a guest return anything.
func FuzzDecode(f *testing.F) {
	in := example()
	f.Add(encoded(0, in), uint32(0), uint32(2))
	f.Add(encoded(16, in), uint32(16), uint32(2))
	f.Add(encoded(0, in), uint32(80), uint32(1))
	f.Add([]byte{}, uint32(math.MaxUint32), uint32(math.MaxUint32))
	routed := example()
	routed[0].Topic, routed[0].Value, routed[1].Value = "light", nil, []byte("new")
	routed[0].Context[0].Value = event.Value{Kind: event.Bool, Num: 1}
	routed[0].Headers[1].Value = []byte{}
	f.Add(encoded(0, routed), uint32(0), uint32(2))
	f.Fuzz(func(t *testing.T, mem []byte, at, n uint32) {
		in := example()
		before := []event.Event{{Offset: 7}}
		out, err := abi.NewDecoder(abi.Limits{OutputsPerEvent: 50, Bytes: 1 << 16}).Decode(mem, at, n, in, before, nil)
		if diff := cmp.Diff(example(), in); diff != "" {
			t.Fatalf("the inputs changed: %s", diff)
		}
		if err != nil {
			var violation *abi.Error
			if !errors.As(err, &violation) || len(out) != 1 {
				t.Fatalf("%d events with error %v", len(out), err)
			}
			return
		}
		if len(out) != int(n)+1 {
			t.Fatalf("%d events of %d entries", len(out)-1, n)
		}
		kept := clone(out)
		for i := range mem {
			mem[i] ^= 0xFF
		}
		if diff := cmp.Diff(kept, out); diff != "" {
			t.Fatalf("the outputs lie in the guest's memory: %s", diff)
		}
	})
}
