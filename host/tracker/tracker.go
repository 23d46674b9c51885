// Package tracker keeps the account of one partition: batches begin in offset
// order, end in any order, and the tracker tells how far everything has ended
// without a gap. It is a pure data structure: no lock, clock or goroutine; its
// owner serialises the calls.
//
// The rule that it exists for: an offset is committed only when every record
// before it has ended, because Kafka keeps one number a partition and a commit
// past an unfinished record loses that record at the next start.
package tracker

import "fmt"

// Position is a place in a partition: the offset that reading goes on from and
// the leader epoch of the record before it (-1 when unknown), which lets a
// broker notice that its log was truncated below the place.
type Position struct {
	Next  int64
	Epoch int32
}

// Batch is the number of a batch, counted from the tracker's start.
type Batch uint64

// Tracker is ready to use as its zero value.
type Tracker struct {
	slots     []slot // ring; its length is a power of two
	head      Batch  // oldest batch that has not ended
	tail      Batch  // number of the next batch
	truncated bool
	limit     Batch // with truncated: the last batch that may move the position
}

type slot struct {
	position    Position
	count, size int
	ended       bool
}

// Begin opens the next batch: count records that hold size bytes, after which
// the partition goes on at p.
func (t *Tracker) Begin(p Position, count, size int) Batch {
	if int(t.tail-t.head) == len(t.slots) {
		t.grow()
	}
	b := t.tail
	*t.at(b) = slot{position: p, count: count, size: size}
	t.tail++
	return b
}

// End says that every record of the batch has ended. When the contiguous prefix
// grew, it returns the position after it, and how many records and bytes the
// prefix gives back: what ended behind a gap stays on the account, so that a bound
// on the account also bounds what is read twice after a crash. Ending a batch
// that is not open is a fault of the caller and panics: going on would commit
// what was not done.
func (t *Tracker) End(b Batch) (p Position, moved bool, count, size int) {
	t.open(b).ended = true
	for t.head < t.tail && t.at(t.head).ended {
		s := t.at(t.head)
		if !t.truncated || t.head <= t.limit {
			p, moved = s.position, true
		}
		count += s.count
		size += s.size
		t.head++
	}
	return p, moved, count, size
}

// Truncate says that the batch ends before offset next, at a record that could
// not be ended: neither the rest of the batch nor any later one moves the
// position again. The earliest truncation wins.
func (t *Tracker) Truncate(b Batch, next int64) {
	s := t.open(b)
	if t.truncated && b > t.limit {
		return
	}
	if next < s.position.Next {
		s.position.Next = next
	}
	t.truncated, t.limit = true, b
}

// InFlight is the number of batches from the oldest open one on; those behind
// a gap count although they have ended.
func (t *Tracker) InFlight() int { return int(t.tail - t.head) }

func (t *Tracker) at(b Batch) *slot { return &t.slots[int(b)&(len(t.slots)-1)] }

func (t *Tracker) open(b Batch) *slot {
	if b < t.head || b >= t.tail || t.at(b).ended {
		panic(fmt.Sprintf("tracker: batch %d is not open (oldest open %d, next %d)", b, t.head, t.tail))
	}
	return t.at(b)
}

func (t *Tracker) grow() {
	wider := make([]slot, max(16, 2*len(t.slots)))
	for b := t.head; b < t.tail; b++ {
		wider[int(b)&(len(wider)-1)] = *t.at(b)
	}
	t.slots = wider
}
