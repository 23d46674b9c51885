package weir

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Event is one event: a value with its key, headers and timestamp. It and its
// Context are valid during the call only.
//
// Bytes that are read alias the batch: they are not to be changed, and to be
// copied if they shall outlive the call. Bytes that are set are copied, except
// for slices of what was read. Nothing but JSON, SetJSON, Text and errors
// allocates. Setters do not return errors: one that cannot do
// what it is asked rejects the event when the processor returns.
type Event struct {
	entry    *border.Entry
	batch    *Batch
	fault    string // what a setter could not do
	pairRoom int    // how many pairs the context's array has room for, 0 while it is not this event's own
	dropped  bool
}

func (ev *Event) has(flag uint32) bool { return ev.entry.Flags&flag != 0 }

func (ev *Event) mark(flag uint32, on bool) {
	ev.entry.Flags &^= flag
	if on {
		ev.entry.Flags |= flag
	}
}

// fail notes why the event will be rejected; the first reason counts.
func (ev *Event) fail(name, why string) {
	if ev.fault == "" {
		ev.fault = "context " + name + " " + why
	}
}

// Value is the payload; nil is a null (a tombstone), distinct from empty.
func (ev *Event) Value() []byte {
	if ev.has(border.ValueNull) {
		return nil
	}
	return border.Bytes(ev.entry.Value)
}

// SetValue replaces the payload; nil makes it a null.
func (ev *Event) SetValue(value []byte) {
	ev.entry.Value = keep(value)
	ev.mark(border.ValueNull, value == nil)
}

// EditValue has edit change the payload's bytes, not their number, in a copy
// that is the event's own. A null payload stays.
func (ev *Event) EditValue(edit func(value []byte)) {
	old := ev.Value()
	if len(old) == 0 {
		return
	}
	value := guest.arena.room(len(old))
	copy(value, old)
	edit(value)
	ev.entry.Value = border.Span{Ptr: border.Address(&value[0]), Len: uint32(len(value))}
}

// JSON decodes the payload, as json.Unmarshal does.
func (ev *Event) JSON(v any) error {
	if ev.has(border.ValueNull) {
		return errors.New("the value is null")
	}
	if err := json.Unmarshal(ev.Value(), v); err != nil {
		return fmt.Errorf("the value: %w", err)
	}
	return nil
}

// SetJSON replaces the payload with the JSON of v.
func (ev *Event) SetJSON(v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the new value: %w", err)
	}
	ev.SetValue(value)
	return nil
}

// Key is the record's key; nil is none.
func (ev *Event) Key() []byte {
	if ev.has(border.KeyNull) {
		return nil
	}
	return border.Bytes(ev.entry.Key)
}

// SetKey sets the key; nil removes it.
func (ev *Event) SetKey(key []byte) {
	ev.entry.Key = keep(key)
	ev.mark(border.KeyNull, key == nil)
}

// Route sends the event to another topic than the sink's own.
func (ev *Event) Route(topic string) {
	switch {
	case topic == "":
		ev.fail(nameTopic, "cannot be empty")
	case !validText(topic):
		ev.fail(nameTopic, "must be UTF-8")
	default:
		ev.entry.Topic = keepText(topic)
		ev.mark(border.Routed, true)
	}
}

// Routed is the topic that this or an earlier processor routed the event to;
// empty if none did.
func (ev *Event) Routed() string {
	if !ev.has(border.Routed) {
		return ""
	}
	return intern(border.Bytes(ev.entry.Topic))
}

// Timestamp is the record's, or the one that a processor set.
func (ev *Event) Timestamp() time.Time { return time.UnixMilli(ev.entry.Timestamp) }

// SetTimestamp sets the timestamp that the sink writes, in milliseconds.
func (ev *Event) SetTimestamp(t time.Time) { ev.stamp(t.UnixMilli()) }

func (ev *Event) stamp(ms int64) {
	if ms < 0 {
		ev.fail(nameTimestamp, "cannot be before 1970")
		return
	}
	ev.entry.Timestamp = ms
	ev.mark(border.Stamped, true)
}

// AnyPartition leaves the choice of the target partition to the partitioner.
const AnyPartition = border.AnyPartition

// Partition is the target partition that a processor chose, or AnyPartition.
func (ev *Event) Partition() int32 { return ev.entry.Target }

// SetPartition sets the target partition.
func (ev *Event) SetPartition(partition int32) {
	if partition < AnyPartition {
		ev.fail(namePartition, "cannot be negative")
		return
	}
	ev.entry.Target = partition
}

// Headers ranges over names and values, in order. A nil value is a null, distinct
// from an empty one; names may repeat.
func (ev *Event) Headers() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, pair := range ev.headerPairs() {
			if !yield(intern(border.Bytes(pair.Name)), headerValue(pair)) {
				return
			}
		}
	}
}

// Header returns the value of the last header of that name.
func (ev *Event) Header(name string) (value []byte, ok bool) {
	pairs := ev.headerPairs()
	for i := len(pairs) - 1; i >= 0; i-- {
		if string(border.Bytes(pairs[i].Name)) == name {
			return headerValue(pairs[i]), true
		}
	}
	return nil, false
}

// AddHeader adds a header behind the others; a nil value is a null.
func (ev *Event) AddHeader(name string, value []byte) {
	if !validText(name) {
		ev.fail("header name", "must be UTF-8")
		return
	}
	old := ev.headerPairs()
	pairs, at := array[border.HeaderPair](&guest.arena, len(old)+1)
	copy(pairs, old)
	added := &pairs[len(old)]
	added.Name, added.Value = keepText(name), border.NullValue
	if value != nil {
		added.Value = keep(value)
	}
	ev.entry.Headers = border.Span{Ptr: at, Len: uint32(len(pairs))}
}

// RemoveHeader removes every header of that name.
func (ev *Event) RemoveHeader(name string) {
	old := ev.headerPairs()
	pairs, at := array[border.HeaderPair](&guest.arena, len(old))
	kept := pairs[:0]
	for _, pair := range old {
		if string(border.Bytes(pair.Name)) != name {
			kept = append(kept, pair)
		}
	}
	ev.entry.Headers = border.Span{Ptr: at, Len: uint32(len(kept))}
}

func (ev *Event) headerPairs() []border.HeaderPair {
	return border.Slice[border.HeaderPair](ev.entry.Headers)
}

func headerValue(pair border.HeaderPair) []byte {
	if pair.Value == border.NullValue {
		return nil
	}
	return border.Bytes(pair.Value)
}

// Emit sends the event as it is now, in front of whatever becomes of it after:
// without a Drop it is sent once more at the end.
func (ev *Event) Emit() {
	ev.pairRoom = 0 // the emitted entry shares the array
	ev.batch.send(ev.entry)
}

// Drop drops the event: it is done, and nothing more of it is sent.
func (ev *Event) Drop() { ev.dropped = true }
