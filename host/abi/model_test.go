package abi_test

import (
	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
	"pgregory.net/rapid"
)

// encoded returns a guest's memory that has the batch at address base.
func encoded(base uint32, in []event.Event) []byte {
	layout := abi.Measure(in)
	mem := make([]byte, uint64(base)+layout.Size())
	layout.Encode(mem[base:], base, in)
	return mem
}

// batch draws a batch as a source and earlier processors make it.
func batch(t *rapid.T, label string) []event.Event {
	partitions := []*event.Partition{nil, {Topic: "a", Number: 0}, {Topic: "a", Number: 7}, {Topic: "bb", Number: 1}}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event.Event {
		e := event.Event{
			Value:     drawBytes(t, "value"),
			Key:       drawBytes(t, "key"),
			Topic:     rapid.SampledFrom([]string{"", "heavy", "light", "żółw"}).Draw(t, "topic"),
			From:      rapid.SampledFrom(partitions).Draw(t, "from"),
			Offset:    rapid.Int64().Draw(t, "offset"),
			Origin:    rapid.Int32().Draw(t, "origin"),
			Partition: rapid.Int32Min(event.AnyPartition).Draw(t, "partition"),
			Stamped:   rapid.Bool().Draw(t, "stamped"),
			Timestamp: rapid.Int64Min(0).Draw(t, "timestamp"),
		}
		e.Headers = drawList(t, "headers", func(t *rapid.T) event.Header {
			return event.Header{Name: rapid.String().Draw(t, "name"), Value: drawBytes(t, "value")}
		})
		e.Context = drawList(t, "context", drawPair)
		return e
	}), 0, 6).Draw(t, label)
}

// drawBytes draws nil, empty and other bytes.
func drawBytes(t *rapid.T, label string) []byte {
	if rapid.Bool().Draw(t, label+" is null") {
		return nil
	}
	return append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, label)...)
}

func drawList[T any](t *rapid.T, label string, elem func(*rapid.T) T) []T {
	list := rapid.SliceOfN(rapid.Custom(elem), 0, 4).Draw(t, label)
	if len(list) == 0 {
		return nil
	}
	return list
}

func drawPair(t *rapid.T) event.Pair {
	p := event.Pair{
		Name:  rapid.StringN(1, 8, -1).Filter(func(s string) bool { return !event.Reserved(s) }).Draw(t, "name"),
		Value: event.Value{Kind: event.Kind(rapid.Uint32Max(uint32(event.JSON)).Draw(t, "kind"))},
	}
	switch p.Value.Kind {
	case event.Bool:
		p.Value.Num = rapid.Uint64Max(1).Draw(t, "bool")
	case event.Int, event.Float:
		p.Value.Num = rapid.Uint64().Draw(t, "number")
	case event.Text, event.JSON:
		p.Value.Data = []byte(rapid.String().Draw(t, "text"))
	case event.Bytes:
		p.Value.Data = append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
	}
	return p
}

// clone copies a batch with all that it points to, but for From.
func clone(in []event.Event) []event.Event {
	out := append([]event.Event(nil), in...)
	for i := range out {
		out[i].Value = cloneBytes(out[i].Value)
		out[i].Key = cloneBytes(out[i].Key)
		out[i].Headers = append([]event.Header(nil), out[i].Headers...)
		for j := range out[i].Headers {
			out[i].Headers[j].Value = cloneBytes(out[i].Headers[j].Value)
		}
		out[i].Context = append([]event.Pair(nil), out[i].Context...)
		for j := range out[i].Context {
			out[i].Context[j].Value.Data = cloneBytes(out[i].Context[j].Value.Data)
		}
	}
	return out
}

func cloneBytes(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}
