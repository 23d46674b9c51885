package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/weirhq/weir/host/event"
)

// TestWireFormat compares with the client library's own head of a payload.
func TestWireFormat(t *testing.T) {
	var header sr.ConfluentHeader
	for _, id := range []int{1, 255, 65536, 1<<31 - 1} {
		for _, path := range [][]int{nil, {0}, {1}, {0, 0}, {3, 200, 7}} {
			want, err := header.AppendEncode(nil, id, path)
			if err != nil {
				t.Fatal(err)
			}
			got := appendID(nil, id)
			if path != nil {
				got = appendPath(got, path)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("id %d path %v: %x, want %x", id, path, got, want)
			}
		}
	}
}

// FuzzWire takes any bytes apart; what comes out makes the same bytes again,
// unless a number was written longer than need be.
func FuzzWire(f *testing.F) {
	f.Add(wire(7, 0, 1, 2))
	f.Add(wire(7, 4, 2, 0, 9))
	f.Add(wire(7, 2, 0))
	f.Add(wire(7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01))
	f.Add([]byte{0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		id, rest, err := splitID(b)
		if err != nil {
			return
		}
		if again := append(appendID(nil, id), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%x became %x", b, again)
		}
		path, payload, err := splitPath(nil, rest)
		if err != nil {
			return
		}
		again, rest2, err := splitPath(nil, append(appendPath(nil, path), payload...))
		if err != nil || !bytes.Equal(rest2, payload) || len(again) != len(path) {
			t.Fatalf("%x: path %v became %v, %v", b, path, again, err)
		}
	})
}

// FuzzDecode hands any payload to the three forms. What decodes must encode
// again, and then decode to the same.
func FuzzDecode(f *testing.F) {
	registry := newFake(f)
	registry.SeedSchema("a", 1, 1, avroSchema(orderAvro))
	registry.SeedSchema("p", 1, 2, protoSchema(orderProto))
	registry.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	r := open(f, registry.config())
	decode, encode := decodeConfig(), encodeConfig()
	encode.ID = 1
	for _, e := range must(f, NewProcessor(&encode, r), value([]byte(`{"id":1}`)), value([]byte(`{"id":2,"what":"s","tags":["a"],"by":{"x":1}}`))) {
		f.Add(e.Value)
	}
	encode.ID = 0
	f.Add(append(wire(2, 2, 2), 8, 6, 42, 4, 10, 0, 16, 1))
	f.Add(wire(3, '[', ']'))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := run(t, NewProcessor(&decode, r), value(b))
		if err != nil {
			t.Fatal(err)
		}
		if len(first.failed) > 0 {
			return
		}
		second := must(t, NewProcessor(&encode, r), first.events...)
		third := must(t, NewProcessor(&decode, r), second...)
		if !bytes.Equal(first.events[0].Value, third[0].Value) {
			t.Fatalf("%x is %s, and again %s", b, first.events[0].Value, third[0].Value)
		}
	})
}

// FuzzEncode hands any text to the three forms.
func FuzzEncode(f *testing.F) {
	registry := newFake(f)
	registry.SeedSchema("a", 1, 1, avroSchema(orderAvro))
	registry.SeedSchema("p", 1, 2, protoSchema(orderProto))
	registry.SeedSchema("j", 1, 3, jsonSchema(`{}`))
	r := open(f, registry.config())
	encode := encodeConfig()
	f.Add([]byte(`{"id":1,"what":{"shop.Card":{"n":1}},"price":1.5}`), uint8(1))
	f.Add([]byte(`{"id":"1","at":"2024-01-02T03:04:05Z"}`), uint8(2))
	f.Add([]byte(`{}`), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, id uint8) {
		e := value(append([]byte{}, b...))
		e.Context = []event.Pair{{Name: "schema_id", Value: event.Value{Kind: event.Int, Num: uint64(id)}},
			{Name: "schema_message", Value: event.Value{Kind: event.Text, Data: []byte("shop.Order")}}}
		if _, err := run(t, NewProcessor(&encode, r), e); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzAvroJSON compares our JSON with that of the library, which knows no
// decimals and sorts no maps.
func FuzzAvroJSON(f *testing.F) {
	compiled, err := compileAvro(orderAvro, nil)
	if err != nil {
		f.Fatal(err)
	}
	c := compiled.(avroCodec)
	c.shape = shapes{}.of(c.raw.Root())
	payload, err := c.schema.AppendEncode(nil, map[string]any{"id": 1, "what": "s\u0000é\"\\", "by": map[string]any{"b": 1e-7, "a": 2e30}, "raw": []byte("\x7f\xff"), "tags": []any{"a"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Fuzz(func(t *testing.T, b []byte) {
		var v any
		rest, err := c.raw.Decode(b, &v, avro.TaggedUnions())
		if err != nil || len(rest) > 0 {
			return
		}
		for _, unions := range []Unions{PlainUnions, TaggedUnions} {
			ours, err := c.toJSON(nil, b, nil, unions)
			if errors.Is(err, errNotText) && !utf8.Valid(b) { // where the library replaces
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var opts []avro.Opt
			if unions == TaggedUnions {
				opts = []avro.Opt{avro.TaggedUnions()}
			}
			theirs, err := c.raw.EncodeJSON(v, opts...)
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			if err := json.Unmarshal(ours, &a); err != nil {
				t.Fatalf("%s: %v", ours, err)
			}
			if err := json.Unmarshal(theirs, &b); err != nil {
				t.Fatalf("%s: %v", theirs, err)
			}
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%s, but by the library %s", ours, theirs)
			}
		}
	})
}
