//go:build !wasip1

package weirtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"unsafe"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// image writes a batch: entries first, then what they point to. Without a
// buffer it only counts.
type image struct {
	buf  []byte
	base uint32
	at   int
}

// encode lays out the events at address base and returns how many bytes that
// takes.
func encode(buf []byte, base uint32, events []Event) int {
	im := image{buf: buf, base: base, at: len(events) * int(unsafe.Sizeof(border.Entry{}))}
	for i := range events {
		entry := im.entry(uint32(i), &events[i])
		if buf != nil {
			border.Slice[border.Entry](border.Span{Ptr: base, Len: uint32(len(events))})[i] = entry
		}
	}
	return im.at
}

func (im *image) entry(index uint32, e *Event) border.Entry {
	entry := border.Entry{
		Source:      index,
		Value:       im.add(e.Value),
		Key:         im.add(e.Key),
		Headers:     im.headers(e.Headers),
		Context:     im.context(e.Context),
		Topic:       im.add([]byte(e.Topic)),
		SourceTopic: im.add([]byte("input")),
		Timestamp:   e.Timestamp,
		Offset:      e.Offset,
		Target:      border.AnyPartition,
	}
	if e.Partitioned {
		entry.Target = e.Partition
	}
	for flag, on := range map[uint32]bool{
		border.ValueNull: e.Value == nil,
		border.KeyNull:   e.Key == nil,
		border.Routed:    e.Topic != "",
		border.Stamped:   e.Stamped,
	} {
		if on {
			entry.Flags |= flag
		}
	}
	return entry
}

func (im *image) add(b []byte) border.Span {
	s := border.Span{Ptr: im.base + uint32(im.at), Len: uint32(len(b))}
	if im.buf != nil {
		copy(im.buf[im.at:], b)
	}
	im.at += len(b)
	return s
}

// pairs lays out an array.
func pairs[T any](im *image, array []T) border.Span {
	im.at = (im.at + 7) &^ 7
	var zero T
	s := border.Span{Ptr: im.base + uint32(im.at), Len: uint32(len(array))}
	if im.buf != nil {
		copy(border.Slice[T](s), array)
	}
	im.at += len(array) * int(unsafe.Sizeof(zero))
	return s
}

func (im *image) headers(headers []Header) border.Span {
	var array []border.HeaderPair
	for _, h := range headers {
		pair := border.HeaderPair{Name: im.add([]byte(h.Name)), Value: border.NullValue}
		if h.Value != nil {
			pair.Value = im.add(h.Value)
		}
		array = append(array, pair)
	}
	return pairs(im, array)
}

func (im *image) context(context map[string]any) border.Span {
	var array []border.ContextPair
	for _, name := range slices.Sorted(maps.Keys(context)) {
		pair := border.ContextPair{Name: im.add([]byte(name))}
		switch v := context[name].(type) {
		case nil:
		case bool:
			pair.Kind = border.KindBool
			if v {
				pair.Payload = 1
			}
		case int64:
			pair.Kind, pair.Payload = border.KindInt, uint64(v)
		case float64:
			pair.Kind, pair.Payload = border.KindFloat, math.Float64bits(v)
		case string:
			pair.Kind, pair.Payload = border.KindText, im.add([]byte(v)).Pack()
		case []byte:
			pair.Kind, pair.Payload = border.KindBytes, im.add(v).Pack()
		case JSON:
			pair.Kind, pair.Payload = border.KindJSON, im.add(v).Pack()
		default:
			panic(fmt.Sprintf("weirtest: context %s: a %T is no value of a context", name, v))
		}
		array = append(array, pair)
	}
	return pairs(im, array)
}

func decode(e *border.Entry) Event {
	ev := Event{
		Source:    int(e.Source),
		Offset:    e.Offset,
		Timestamp: e.Timestamp,
		Stamped:   e.Flags&border.Stamped != 0,
	}
	if e.Target != border.AnyPartition {
		ev.Partition, ev.Partitioned = e.Target, true
	}
	if e.Flags&border.ValueNull == 0 {
		ev.Value = slices.Clone(border.Bytes(e.Value))
	}
	if e.Flags&border.KeyNull == 0 {
		ev.Key = slices.Clone(border.Bytes(e.Key))
	}
	if e.Flags&border.Routed != 0 {
		ev.Topic = string(border.Bytes(e.Topic))
	}
	for _, pair := range border.Slice[border.HeaderPair](e.Headers) {
		h := Header{Name: string(border.Bytes(pair.Name))}
		if pair.Value != border.NullValue {
			h.Value = slices.Clone(border.Bytes(pair.Value))
		}
		ev.Headers = append(ev.Headers, h)
	}
	for _, pair := range border.Slice[border.ContextPair](e.Context) {
		if ev.Context == nil {
			ev.Context = make(map[string]any)
		}
		ev.Context[string(border.Bytes(pair.Name))] = value(pair)
	}
	return ev
}

func value(pair border.ContextPair) any {
	data := func() []byte { return slices.Clone(border.Bytes(border.Unpack(pair.Payload))) }
	switch pair.Kind {
	case border.KindNull:
		return nil
	case border.KindBool:
		return pair.Payload == 1
	case border.KindInt:
		return int64(pair.Payload)
	case border.KindFloat:
		return math.Float64frombits(pair.Payload)
	case border.KindText:
		return string(data())
	case border.KindBytes:
		return data()
	case border.KindJSON:
		return JSON(data())
	}
	panic(fmt.Sprintf("weirtest: unknown kind %d of a context pair", pair.Kind))
}
