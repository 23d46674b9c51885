package weir

import (
	"unsafe"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Batch is the events that one call brings. It and its events are valid during
// the call only.
type Batch struct {
	table []border.Entry
	event Event

	// Outputs go into the input's own table as long as each takes a place whose
	// event is done, which is every pass-through and every filter; else into a
	// table of their own.
	out     []border.Entry
	inPlace bool
	room    int // how many places of out may be taken
}

func (b *Batch) begin(table []border.Entry) {
	b.table, b.out, b.inPlace, b.room = table, table[:0], true, 0
}

// Len is the number of events.
func (b *Batch) Len() int { return len(b.table) }

// Each runs f on every event in order.
func (b *Batch) Each(f func(ctx *Context, ev *Event) error) {
	for i := range b.table {
		if b.inPlace {
			// The places in front of this event are free, its own is not.
			b.room = i
		}
		b.visit(i, f)
	}
	if b.inPlace {
		b.room = len(b.table)
	}
}

// Run runs f on one event, in whatever order the caller likes; outputs leave in
// the order of the calls. An event that is never run is dropped; one that is
// run again is found as it was left.
func (b *Batch) Run(i int, f func(ctx *Context, ev *Event) error) {
	if b.inPlace {
		b.moveOut()
	}
	b.visit(i, f)
}

func (b *Batch) visit(i int, f func(*Context, *Event) error) {
	ev := &b.event
	*ev = Event{entry: &b.table[i], batch: b}
	err := f((*Context)(ev), ev)
	switch {
	case err != nil:
		border.Reject(uint32(i), err.Error())
	case ev.fault != "":
		border.Reject(uint32(i), ev.fault)
	case ev.dropped:
	case b.inPlace && len(b.out) == i:
		b.out = b.table[:i+1]
	default:
		b.send(ev.entry)
	}
}

// send sends a copy of the entry.
func (b *Batch) send(entry *border.Entry) {
	if len(b.out) >= b.room {
		b.moveOut()
	}
	b.out = append(b.out, *entry)
}

// moveOut moves the outputs to a larger table of their own.
func (b *Batch) moveOut() {
	b.room = max(b.room, len(b.table), 1) * 2
	table, _ := array[border.Entry](&guest.arena, b.room)
	b.out = table[:copy(table, b.out)]
	b.inPlace = false
}

// result is what weir_process returns.
func (b *Batch) result() uint64 {
	first := unsafe.SliceData(b.out)
	return uint64(border.Address(first))<<32 | uint64(len(b.out))
}
