package schema

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weirhq/weir/host/event"
)

const (
	orderAvro = `{"type":"record","name":"Order","namespace":"shop","fields":[
		{"name":"id","type":"long"},
		{"name":"note","type":["null","string"],"default":null},
		{"name":"raw","type":"bytes","default":""},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},"default":0},
		{"name":"day","type":{"type":"int","logicalType":"date"},"default":0},
		{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2},"default":"\u0000"},
		{"name":"what","type":["int","string",
			{"type":"record","name":"Card","fields":[{"name":"n","type":"int"}]}],"default":0},
		{"name":"colour","type":{"type":"enum","name":"Colour","symbols":["RED","BLUE"]},"default":"RED"},
		{"name":"tags","type":{"type":"array","items":"string"},"default":[]},
		{"name":"by","type":{"type":"map","values":"double"},"default":{}},
		{"name":"hash","type":{"type":"fixed","name":"Hash","size":2},"default":"\u0000\u0000"},
		{"name":"ok","type":"boolean","default":false}]}`
	orderProto = `syntax = "proto3"; package shop;
		import "google/protobuf/timestamp.proto";
		message Other { string x = 1; }
		message Order {
			int64 id = 1; string note = 2; bytes raw = 3; google.protobuf.Timestamp at = 4;
			map<string, int32> by = 5; repeated string tags = 6;
			message Line { int32 count = 1; }
			repeated Line lines = 7;
		}`
)

// TestRoundTrip encodes JSON with the schema of a subject, decodes that, and
// encodes it again with the id that travelled in the context.
func TestRoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name     string
		schema   sr.Schema
		message  string
		in, want string // JSON before and after; want "" is in
	}{
		{"avro scalar", avroSchema(`"long"`), "", `9007199254740993`, ""},
		{"avro defaults", avroSchema(orderAvro), "", `{"id":1}`,
			`{"id":1,"note":null,"raw":"","at":0,"day":0,"price":0.00,"what":0,"colour":"RED","tags":[],"by":{},"hash":"\u0000\u0000","ok":false}`},
		{"avro all", avroSchema(orderAvro), "",
			`{"id":-5,"note":"žluť \"x\"","raw":"\u0000ÿ","at":1704164645000,"day":19724,"price":"\u0004\u00d2","what":"s","colour":"BLUE","tags":["a","b"],"by":{"x":0.5},"hash":"\u0001\u0002","ok":true}`,
			`{"id":-5,"note":"žluť \"x\"","raw":"\u0000\u00ff","at":1704164645000,"day":19724,"price":12.34,"what":"s","colour":"BLUE","tags":["a","b"],"by":{"x":0.5},"hash":"\u0001\u0002","ok":true}`},
		{"avro unions", avroSchema(`{"type":"array","items":["null","int","string",{"type":"map","values":"int"}]}`), "", `[null,1,"x",{"a":1}]`, ""},
		{"avro alike in unions", avroSchema(`{"type":"array","items":["null","int","long"]}`), "", `[null,{"int":1},{"long":1}]`, ""},
		{"avro union by name", avroSchema(orderAvro), "", `{"id":1,"what":{"shop.Card":{"n":1}}}`,
			`{"id":1,"note":null,"raw":"","at":0,"day":0,"price":0.00,"what":{"n":1},"colour":"RED","tags":[],"by":{},"hash":"\u0000\u0000","ok":false}`},
		{"avro decimal as bytes", avroSchema(orderAvro), "", `{"id":1,"price":"\u0004\u00d2"}`,
			`{"id":1,"note":null,"raw":"","at":0,"day":0,"price":12.34,"what":0,"colour":"RED","tags":[],"by":{},"hash":"\u0000\u0000","ok":false}`},
		{"avro decimals", avroSchema(`{"type":"array","items":["null",{"type":"bytes","logicalType":"decimal","precision":38,"scale":3}]}`), "",
			`[0.000,0.001,-0.012,-1.500,99.999,null,12345678901234567890123456789012345.678,-12345678901234567890123456789012345.678]`, ""},
		{"avro whole decimal", avroSchema(`{"type":"fixed","name":"F","size":3,"logicalType":"decimal","precision":6}`), "", `-120`, ""},
		{"avro decimal beside a number", avroSchema(`{"type":"array","items":["long",{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}]}`), "",
			`[{"long":1},{"bytes":1.5}]`, ""},
		{"avro times", avroSchema(`{"type":"record","name":"T","fields":[{"name":"a","type":{"type":"int","logicalType":"time-millis"}},{"name":"b","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},
			{"name":"c","type":{"type":"string","logicalType":"uuid"}},{"name":"d","type":{"type":"fixed","name":"D","size":12,"logicalType":"duration"}}]}`), "",
			`{"a":1,"b":1704164645000001,"c":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","d":"\u0001\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0003\u0000\u0000\u0000"}`, ""},
		{"avro recursion", avroSchema(`{"type":"record","name":"n.L","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","n.L"]}]}`), "", `{"v":1,"next":{"v":2,"next":null}}`, ""},
		{"avro map is sorted", avroSchema(`{"type":"map","values":"int"}`), "", `{"b":2,"a":1,"c":3}`, `{"a":1,"b":2,"c":3}`},
		{"avro text", avroSchema(`"string"`), "", `"\" \\ / \u0001 \n \t é € \ud83d\ude00"`, `"\" \\ / \u0001 \n \t é € 😀"`},
		{"avro numbers", avroSchema(`{"type":"array","items":"double"}`), "", `[0,-0,1e-7,1.5e+300,100000,1e21,0.1]`, `[0,-0,1e-07,1.5e+300,100000,1e+21,0.1]`},
		{"avro float", avroSchema(`{"type":"array","items":"float"}`), "", `[0.1,3.4e38]`, `[0.1,3.4e+38]`},
		{"avro no numbers", avroSchema(`{"type":"array","items":"double"}`), "", `["NaN","Infinity","-Infinity",1.25]`, ""},
		{"json", jsonSchema(`{"type":"object"}`), "", ` {"a": [1, "x"]} `, ""},
		{"protobuf first message", protoSchema(orderProto), "", `{"x":"y"}`, ""},
		{"protobuf named message", protoSchema(orderProto), "shop.Order",
			`{ "id": "9007199254740993", "note": "a \" \\ b", "raw": "AP8=", "at": "2024-01-02T03:04:05Z", "by": {"x": 1}, "tags": ["a b"], "lines": [{"count": 2}, {}] }`,
			`{"id":"9007199254740993","note":"a \" \\ b","raw":"AP8=","at":"2024-01-02T03:04:05Z","by":{"x":1},"tags":["a b"],"lines":[{"count":2},{}]}`},
		{"protobuf nested message", protoSchema(orderProto), "shop.Order.Line", `{"count":3}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t)
			f.SeedSchema("s-value", 1, 7, tc.schema)
			r := open(t, f.config())
			first, decode, again := encodeConfig(), decodeConfig(), encodeConfig()
			first.Subject, first.Message = "s-value", tc.message

			encoded := must(t, NewProcessor(&first, r), value([]byte(tc.in)))
			decoded := must(t, NewProcessor(&decode, r), encoded...)
			want := tc.want
			if want == "" {
				want = tc.in
			}
			if got := string(decoded[0].Value); got != want {
				t.Errorf("decoded\n%s, want\n%s", got, want)
			}
			wantContext := []event.Pair{{Name: "schema_id", Value: event.Value{Kind: event.Int, Num: 7}}}
			if tc.schema.Type == sr.TypeProtobuf {
				name := tc.message
				if name == "" {
					name = "shop.Other"
				}
				wantContext = append(wantContext, event.Pair{Name: "schema_message", Value: event.Value{Kind: event.Text, Data: []byte(name)}})
			}
			if diff := cmp.Diff(wantContext, decoded[0].Context); diff != "" {
				t.Errorf("context (-want +got)\n%s", diff)
			}
			repeated := must(t, NewProcessor(&again, r), decoded...)
			ordered := tc.name != "avro map is sorted" // in the payload a map has no order
			if ordered && !slices.Equal(repeated[0].Value, encoded[0].Value) {
				t.Errorf("encoded %x, and again %x", encoded[0].Value, repeated[0].Value)
			}
		})
	}
}

// TestUnions shows what plain unions lose: of which of two alike records a
// value is.
func TestUnions(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("s", 1, 3, avroSchema(`["null",{"type":"record","name":"A","fields":[{"name":"n","type":"int"}]},{"type":"record","name":"B","fields":[{"name":"n","type":"int"}]}]`))
	r := open(t, f.config())
	in := wire(3, 4, 2) // branch 2, n 1
	for _, tc := range []struct {
		unions Unions
		json   string
		again  []byte
	}{
		{TaggedUnions, `{"B":{"n":1}}`, wire(3, 4, 2)},
		{AutoUnions, `{"B":{"n":1}}`, wire(3, 4, 2)},
		{PlainUnions, `{"n":1}`, wire(3, 2, 2)},
	} {
		decode, encode := decodeConfig(), encodeConfig()
		decode.Unions = tc.unions
		got := must(t, NewProcessor(&decode, r), value(in))
		if string(got[0].Value) != tc.json {
			t.Errorf("%s: %s, want %s", tc.unions, got[0].Value, tc.json)
		}
		if got = must(t, NewProcessor(&encode, r), got...); !slices.Equal(got[0].Value, tc.again) {
			t.Errorf("%s: %x, want %x", tc.unions, got[0].Value, tc.again)
		}
	}
}

// TestAlike finds the schemas whose plain values do not tell their types.
func TestAlike(t *testing.T) {
	const enum = `{"type":"enum","name":"E","namespace":"n","symbols":["A"]}`
	for text, want := range map[string]bool{
		`"string"`: false,
		`["null","string","int",{"type":"array","items":"int"}]`: false,
		`["null","bytes","string"]`:                              true,
		`{"type":"array","items":["int","double"]}`:              true,
		`{"type":"map","values":[` + enum + `,"null"]}`:          false,
		`{"type":"map","values":[` + enum + `,"string"]}`:        true,
		`{"type":"record","name":"n.R","fields":[{"name":"e","type":` + enum + `},{"name":"u","type":["string","n.E"]}]}`: true,
		`{"type":"record","name":"n.R","fields":[{"name":"e","type":` + enum + `},{"name":"u","type":["null","n.E"]}]}`:   false,
		`{"type":"record","name":"n.R","fields":[{"name":"next","type":["null","n.R"]}]}`:                                 false,
		`{"type":"record","name":"n.R","fields":[{"name":"next","type":["n.R",{"type":"map","values":"int"}]}]}`:          true,
	} {
		c, err := compileAvro(text, nil)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := c.(avroCodec).ambiguous; got != want {
			t.Errorf("%s: %t, want %t", text, got, want)
		}
	}
}

// TestModes takes payloads through the modes that do not look into them.
func TestModes(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 1, avroSchema(`"string"`))
	f.SeedSchema("p", 1, 2, protoSchema(orderProto))
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	r := open(t, f.config())
	avro := wire(1, 0xff, 0xff) // not a string: nobody looks
	nested := append(wire(2), 4, 2, 0, 8, 6)
	for _, tc := range []struct {
		name     string
		in       []byte
		stripped []byte
	}{
		{"avro", avro, []byte{0xff, 0xff}},
		{"protobuf", nested, []byte{8, 6}},
		{"protobuf short path", append(wire(2), 0, 10, 1, 'x'), []byte{10, 1, 'x'}},
		{"json", wire(3, '{', '}'), []byte("{}")},
	} {
		keep, strip, apply := decodeConfig(), decodeConfig(), encodeConfig()
		keep.Mode, strip.Mode, apply.Mode = Keep, Strip, Apply
		kept := must(t, NewProcessor(&keep, r), value(tc.in))
		stripped := must(t, NewProcessor(&strip, r), value(tc.in))
		applied := must(t, NewProcessor(&apply, r), stripped...)
		if !slices.Equal(kept[0].Value, tc.in) || !slices.Equal(stripped[0].Value, tc.stripped) || !slices.Equal(applied[0].Value, tc.in) {
			t.Errorf("%s: kept %x, stripped %x, applied %x", tc.name, kept[0].Value, stripped[0].Value, applied[0].Value)
		}
		if diff := cmp.Diff(kept[0].Context, stripped[0].Context); diff != "" || len(kept[0].Context) == 0 {
			t.Errorf("%s: contexts %s", tc.name, diff)
		}
	}
}

func TestKeys(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 1, avroSchema(`"string"`))
	r := open(t, f.config())
	decode, encode := decodeConfig(), encodeConfig()
	decode.Of, encode.Of = Key, Key
	in := event.Event{Key: wire(1, 2, 'k'), Value: []byte("v"), Context: []event.Pair{
		{Name: "mine", Value: event.Value{Kind: event.Bool, Num: 1}}, {Name: "schema_key_id", Value: event.Value{Kind: event.Int, Num: 9}},
	}}
	got := must(t, NewProcessor(&decode, r), in)
	want := []event.Event{{Key: []byte(`"k"`), Value: []byte("v"), Context: []event.Pair{
		{Name: "mine", Value: event.Value{Kind: event.Bool, Num: 1}}, {Name: "schema_key_id", Value: event.Value{Kind: event.Int, Num: 1}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got = must(t, NewProcessor(&encode, r), got...); !slices.Equal(got[0].Key, in.Key) {
		t.Errorf("key %x, want %x", got[0].Key, in.Key)
	}
}

// TestFailures lists what fails one event and not its neighbours.
func TestFailures(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 1, avroSchema(`{"type":"record","name":"R","fields":[{"name":"s","type":"string"}]}`))
	f.SeedSchema("p", 1, 2, protoSchema(orderProto))
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	f.SeedSchema("broken", 1, 4, protoSchema(`syntax = "proto3"; import "none.proto"; message M {}`))
	f.SeedSchema("x", 3, 6, avroSchema(`"string"`))
	f.SeedSchema("dangling", 1, 5, avroSchema(`"string"`, sr.SchemaReference{Name: "X", Subject: "x", Version: 3}))
	f.set(func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == "/subjects/x/versions/3" && status(404, `{"error_code":40402,"message":"no such version"}`)(w, r)
	})
	r := open(t, f.config())
	withID := func(id uint64, json string, more ...event.Pair) event.Event {
		return event.Event{Value: []byte(json), Context: append([]event.Pair{{Name: "schema_id", Value: event.Value{Kind: event.Int, Num: id}}}, more...)}
	}
	for _, tc := range []struct {
		op   Op
		in   event.Event
		want string // a part of the message
	}{
		{Decode, value([]byte(`{"a":1}`)), "does not begin with a schema id"},
		{Decode, value([]byte{}), "does not begin with a schema id"},
		{Decode, value([]byte{0, 0, 0}), "does not begin with a schema id"},
		{Decode, value([]byte{0, 0xff, 0, 0, 0}), "which is no schema id"},
		{Decode, value(wire(99)), "schema id 99: the registry does not know it"},
		{Decode, value(wire(1)), "does not fit its schema, id 1"},
		{Decode, value(wire(1, 200, 1, 'x')), "does not fit its schema, id 1"},
		{Decode, value(wire(1, 2, 'x', 0)), "1 bytes are left over"},
		{Decode, value(wire(2)), "no message indexes"},
		{Decode, value(wire(2, 2, 10)), "has the message indexes [5]"},
		{Decode, value(wire(2, 4, 2)), "broken message indexes"},
		{Decode, value(wire(2, 0x80, 0x80, 0x80, 0x80, 0x10)), "no message indexes"},
		{Decode, value(wire(2, 0, 10, 9)), "does not fit its schema, id 2"},
		{Decode, value(wire(3, '{')), "is not JSON"},
		{Decode, value(wire(4, 0)), "schema id 4: the schema is broken: schema-4.proto"},
		{Decode, value(wire(5, 0)), "it refers to X: subject x, version 3: the registry does not know it"},
		{Encode, value([]byte(`{}`)), "schema_id is not in its context"},
		{Encode, withID(99, `{}`), "schema id 99: the registry does not know it"},
		{Encode, withID(1<<40, `{}`), "is no schema id"},
		{Encode, withID(1, `{}`), `missing required field "s"`},
		{Encode, withID(1, `{"s":1}`), "does not fit schema id 1"},
		{Encode, withID(1, `{"s":"x"} more`), "does not fit schema id 1"},
		{Encode, withID(2, `{"y":1}`), "unknown field"},
		{Encode, withID(2, `{}`, event.Pair{Name: "schema_message", Value: event.Value{Kind: event.Text, Data: []byte("no.Such")}}), `no message "no.Such"`},
		{Encode, withID(3, `{`), "is not JSON"},
		{Encode, event.Event{Value: []byte(`{}`), Context: []event.Pair{{Name: "schema_id", Value: event.Value{Kind: event.Text, Data: []byte("1")}}}}, "is no schema id"},
	} {
		c, good := decodeConfig(), value(wire(3, '1'))
		if tc.op == Encode {
			c, good = encodeConfig(), withID(3, "1")
		}
		got, err := run(t, NewProcessor(&c, r), good, tc.in, good)
		if err != nil {
			t.Errorf("%s %x: %v", tc.op, tc.in.Value, err)
			continue
		}
		if len(got.failed) != 1 || !strings.Contains(got.failed[1], tc.want) {
			t.Errorf("%s %x: failures %v, want one of event 1 with %q", tc.op, tc.in.Value, got.failed, tc.want)
		}
		if len(got.events) != 2 || got.events[0].Origin != 0 || got.events[1].Origin != 2 {
			t.Errorf("%s %x: the neighbours did not pass: %v", tc.op, tc.in.Value, got.events)
		}
	}
}

func TestLongMessagesAreClipped(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("p", 1, 2, protoSchema(orderProto))
	c := encodeConfig()
	c.ID = 2
	got, err := run(t, NewProcessor(&c, open(t, f.config())), value(fmt.Appendf(nil, `{%q:1}`, strings.Repeat("é", 100_000))))
	if err != nil || len(got.failed) != 1 || len(got.failed[0]) > 1010 {
		t.Errorf("%v, a message of %d bytes", err, len(got.failed[0]))
	}
}

func TestOnMissing(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	r := open(t, f.config())
	for _, op := range []Op{Decode, Encode} {
		for missing, want := range map[OnMissing]string{FailMissing: "1 passed, 1 failed", PassMissing: "2 passed, 0 failed", DropMissing: "1 passed, 0 failed"} {
			c := decodeConfig()
			if op == Encode {
				c = encodeConfig()
			}
			c.OnMissing = missing
			got, err := run(t, NewProcessor(&c, r), value([]byte("plain")), event.Event{}) // a null passes always
			if err != nil {
				t.Fatal(err)
			}
			if text := fmt.Sprintf("%d passed, %d failed", len(got.events), len(got.failed)); text != want {
				t.Errorf("%s, on_missing %s: %s, want %s", op, missing, text, want)
			}
			if missing == PassMissing && (string(got.events[0].Value) != "plain" || got.events[0].Context != nil) {
				t.Errorf("%s: passed %+v", op, got.events[0])
			}
		}
	}
}

// TestReferences compiles schemas that need others, through several steps and
// by two ways.
func TestReferences(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("d", 1, 11, avroSchema(`{"type":"record","name":"D","fields":[{"name":"x","type":"int"}]}`))
	f.SeedSchema("b", 1, 12, avroSchema(`{"type":"record","name":"B","fields":[{"name":"d","type":"D"}]}`, sr.SchemaReference{Name: "D", Subject: "d", Version: 1}))
	f.SeedSchema("c", 1, 13, avroSchema(`{"type":"record","name":"C","fields":[{"name":"d","type":"D"}]}`, sr.SchemaReference{Name: "D", Subject: "d", Version: 1}))
	f.SeedSchema("a", 1, 14, avroSchema(`{"type":"record","name":"A","fields":[{"name":"b","type":"B"},{"name":"c","type":"C"}]}`,
		sr.SchemaReference{Name: "B", Subject: "b", Version: 1}, sr.SchemaReference{Name: "C", Subject: "c", Version: 1}))
	f.SeedSchema("pd", 1, 21, protoSchema(`syntax = "proto3"; package q; message D { int32 x = 1; }`))
	f.SeedSchema("pa", 1, 22, protoSchema(`syntax = "proto3"; import "q/d.proto"; import "google/protobuf/any.proto"; message A { q.D d = 1; google.protobuf.Any any = 2; }`,
		sr.SchemaReference{Name: "q/d.proto", Subject: "pd", Version: 1}))
	r := open(t, f.config())
	for _, tc := range []struct {
		id   int
		json string
	}{
		{14, `{"b":{"d":{"x":1}},"c":{"d":{"x":2}}}`},
		{22, `{"d":{"x":5},"any":{"@type":"type.googleapis.com/q.D","x":6}}`},
	} {
		encode, decode := encodeConfig(), decodeConfig()
		encode.ID = tc.id
		encoded := must(t, NewProcessor(&encode, r), value([]byte(tc.json)))
		if got := must(t, NewProcessor(&decode, r), encoded...); string(got[0].Value) != tc.json {
			t.Errorf("%s, want %s", got[0].Value, tc.json)
		}
	}
	if n := f.count("/subjects/d/versions/1"); n != 1 {
		t.Errorf("one reference was asked for %d times", n)
	}
}

// TestReferencesEnd meets schemas that need themselves, or too many others.
func TestReferencesEnd(t *testing.T) {
	f := newFake(t)
	f.set(func(w http.ResponseWriter, r *http.Request) bool {
		const schema = `{"id":1,"schemaType":"AVRO","schema":"\"int\"","references":[{"name":"x","subject":"%s","version":%d}]}`
		if r.URL.Path == "/schemas/ids/1" || r.URL.Path == "/subjects/self/versions/1" {
			fmt.Fprintf(w, schema, "self", 1)
			return true
		}
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/subjects/many/versions/%d", &n); err != nil {
			n = 1
		}
		fmt.Fprintf(w, schema, "many", n+1)
		return true
	})
	r := open(t, f.config())
	decode := decodeConfig()
	got, err := run(t, NewProcessor(&decode, r), value(wire(1, 2)), value(wire(2, 2)))
	if err != nil || got.failed[0] != "" || len(got.failed) != 1 || !strings.Contains(got.failed[1], "more than 256 other schemas") {
		t.Errorf("%v, %v", err, got.failed)
	}
}

// TestOutputsOutliveTheBatch keeps the outputs of one batch over the next: the
// sink still has them then.
func TestOutputsOutliveTheBatch(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	c := decodeConfig()
	p := NewProcessor(&c, open(t, f.config()))
	batch := func(letter byte) []event.Event {
		in := make([]event.Event, 100)
		for i := range in {
			in[i] = value(wire(3, fmt.Appendf(nil, "\"%c%d\"", letter, i)...))
		}
		return must(t, p, in...)
	}
	first := batch('a')
	batch('b')
	for i, e := range first {
		if want := fmt.Sprintf("\"a%d\"", i); string(e.Value) != want || e.Context[0].Value.Num != 3 {
			t.Fatalf("event %d is %s %v, want %s", i, e.Value, e.Context, want)
		}
	}
}
