package weir

import (
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Context is the map beside the payload: the pairs that travel along the chain
// of processors, and the kafka_* names, as one.
//
// A read of kafka_topic, kafka_partition, kafka_key, kafka_timestamp or
// kafka_offset finds what a processor wrote, else the source's fact; a write
// tells the sink. _kafka_topic, _kafka_partition and _kafka_offset are always
// the source's facts. Headers are with the Event.
type Context Event

// The names that every event has beside its own pairs.
const (
	nameTopic           = "kafka_topic"
	namePartition       = "kafka_partition"
	nameOffset          = "kafka_offset"
	nameKey             = "kafka_key"
	nameTimestamp       = "kafka_timestamp"
	nameHeaders         = "kafka_headers"
	nameSourceTopic     = "_kafka_topic"
	nameSourcePartition = "_kafka_partition"
	nameSourceOffset    = "_kafka_offset"
)

var facts = [...]string{
	nameTopic, namePartition, nameOffset, nameKey, nameTimestamp,
	nameSourceTopic, nameSourcePartition, nameSourceOffset,
}

func reserved(name string) bool {
	return strings.HasPrefix(name, "kafka_") || strings.HasPrefix(name, "_kafka_")
}

func validText(s string) bool { return utf8.ValidString(s) }

// Get returns the value of a name.
func (ctx *Context) Get(name string) (Value, bool) {
	if reserved(name) {
		return ctx.fact(name)
	}
	pairs := ctx.pairs()
	if i := find(pairs, name); i >= 0 {
		return valueOf(&pairs[i]), true
	}
	return Value{}, false
}

// Text returns a copy of the text or bytes of a name, empty if it has none.
func (ctx *Context) Text(name string) string {
	v, _ := ctx.Get(name)
	return v.Text()
}

// Int returns the whole number of a name, 0 if it has none.
func (ctx *Context) Int(name string) int64 {
	v, _ := ctx.Get(name)
	return v.Int()
}

// Bytes returns the text, bytes or JSON of a name, nil if it has none. They
// alias the batch.
func (ctx *Context) Bytes(name string) []byte {
	v, _ := ctx.Get(name)
	return v.Bytes()
}

// Float returns the number of a name, whole or not, 0 if it has none.
func (ctx *Context) Float(name string) float64 {
	v, _ := ctx.Get(name)
	return v.Float()
}

// Bool returns the truth value of a name, false if it has none.
func (ctx *Context) Bool(name string) bool {
	v, _ := ctx.Get(name)
	return v.Bool()
}

// All ranges over all names and values: the kafka_* ones, then the pairs.
func (ctx *Context) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, name := range facts {
			if v, ok := ctx.fact(name); ok && !yield(name, v) {
				return
			}
		}
		for i := range ctx.pairs() {
			pair := &ctx.pairs()[i]
			if !yield(intern(border.Bytes(pair.Name)), valueOf(pair)) {
				return
			}
		}
	}
}

// Set sets a name: a pair that travels on, or one of the kafka_* names that tell
// the sink where and how to write. The value is nil, a bool, a number, a string,
// a []byte, a JSON or a Value.
//
// Set does not return an error: a write that is not possible, such as a number
// as kafka_topic, rejects the event when the processor returns.
func (ctx *Context) Set(name string, value any) {
	ev := (*Event)(ctx)
	v, ok := valueFrom(value)
	switch {
	case !ok:
		ev.fail(name, "cannot hold a value of that type: use nil, bool, a number, string, []byte, weir.JSON or weir.Value")
	case v.kind == KindText && !utf8.Valid(v.data), v.kind == KindJSON && !utf8.Valid(v.data):
		ev.fail(name, "must be UTF-8: use a []byte for other bytes")
	case reserved(name):
		ctx.tellSink(name, v)
	case name == "":
		ev.fail("name", "cannot be empty")
	case !validText(name):
		ev.fail("name", "must be UTF-8")
	default:
		ctx.setPair(name, v)
	}
}

// Remove removes a name. Of the kafka_* names, those that a processor can set
// fall back to what the sink would do without.
func (ctx *Context) Remove(name string) {
	if reserved(name) {
		ctx.tellSink(name, Value{})
		return
	}
	if i := find(ctx.pairs(), name); i >= 0 {
		pairs := ctx.ownPairs()
		copy(pairs[i:], pairs[i+1:])
		ctx.entry.Context.Len--
	}
}

func (ctx *Context) setPair(name string, v Value) {
	pair := border.ContextPair{Kind: uint32(v.kind), Payload: v.num}
	if v.kind >= KindText {
		pair.Payload = keep(v.data).Pack()
	}
	pairs := ctx.ownPairs()
	i := find(pairs, name)
	if i < 0 {
		pair.Name = keepText(name)
		ctx.entry.Context.Len++
		ctx.pairs()[len(pairs)] = pair
		return
	}
	pair.Name = pairs[i].Name
	pairs[i] = pair
}

func (ctx *Context) pairs() []border.ContextPair {
	return border.Slice[border.ContextPair](ctx.entry.Context)
}

// ownPairs returns the pairs, in an array that is this event's alone and has
// room for one more.
func (ctx *Context) ownPairs() []border.ContextPair {
	old := ctx.pairs()
	if len(old) < ctx.pairRoom {
		return old
	}
	ctx.pairRoom = max(4, 2*len(old))
	pairs, at := array[border.ContextPair](&guest.arena, ctx.pairRoom)
	copy(pairs, old)
	ctx.entry.Context.Ptr = at
	return pairs[:len(old)]
}

func find(pairs []border.ContextPair, name string) int {
	for i := range pairs {
		if string(border.Bytes(pairs[i].Name)) == name {
			return i
		}
	}
	return -1
}

func (ctx *Context) fact(name string) (Value, bool) {
	e, ev := ctx.entry, (*Event)(ctx)
	switch name {
	case nameTopic, nameSourceTopic:
		span := e.SourceTopic
		if name == nameTopic && ev.has(border.Routed) {
			span = e.Topic
		}
		return Value{kind: KindText, data: border.Bytes(span)}, true
	case namePartition, nameSourcePartition:
		partition := e.SourcePartition
		if name == namePartition && e.Target != AnyPartition {
			partition = e.Target
		}
		return Value{kind: KindInt, num: uint64(partition)}, true
	case nameOffset, nameSourceOffset:
		return Value{kind: KindInt, num: uint64(e.Offset)}, true
	case nameTimestamp:
		return Value{kind: KindInt, num: uint64(e.Timestamp)}, true
	case nameKey:
		if key := ev.Key(); key != nil {
			return Value{kind: KindBytes, data: key}, true
		}
		return Value{}, true
	}
	return Value{}, false
}

func (ctx *Context) tellSink(name string, v Value) {
	ev := (*Event)(ctx)
	switch name {
	case nameTopic:
		ctx.setTopic(v)
	case nameKey:
		ctx.setKey(v)
	case namePartition:
		ctx.setPartition(v)
	case nameTimestamp:
		switch v.kind {
		case KindInt:
			ev.stamp(v.Int())
		case KindNull:
			ev.mark(border.Stamped, false)
		default:
			ev.fail(name, "must be a whole number of milliseconds")
		}
	case nameHeaders:
		ev.fail(name, "is set through the event's headers")
	default:
		ev.fail(name, "cannot be set: names of the kafka_ family are reserved")
	}
}

func (ctx *Context) setTopic(v Value) {
	ev := (*Event)(ctx)
	switch {
	case v.kind == KindNull:
		ev.entry.Topic = border.Span{}
		ev.mark(border.Routed, false)
	case v.kind != KindText:
		ev.fail(nameTopic, "must be text")
	case len(v.data) == 0:
		ev.fail(nameTopic, "cannot be empty")
	default:
		ev.entry.Topic = keep(v.data)
		ev.mark(border.Routed, true)
	}
}

func (ctx *Context) setKey(v Value) {
	ev := (*Event)(ctx)
	switch v.kind {
	case KindNull:
		ev.SetKey(nil)
	case KindText, KindBytes:
		ev.entry.Key = keep(v.data)
		ev.mark(border.KeyNull, false)
	default:
		ev.fail(nameKey, "must be bytes or text")
	}
}

func (ctx *Context) setPartition(v Value) {
	ev := (*Event)(ctx)
	switch n := v.Int(); {
	case v.kind == KindNull:
		ev.entry.Target = AnyPartition
	case v.kind != KindInt:
		ev.fail(namePartition, "must be a whole number")
	case n < 0 || n > math.MaxInt32:
		ev.fail(namePartition, "must be between 0 and 2147483647")
	default:
		ev.entry.Target = int32(n)
	}
}
