package pipeline

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// batch is what a lane takes from its queue at once: one batch of the partition's
// account. It is reused.
type batch struct {
	id      uint64
	plan    *plan
	count   int
	began   time.Time
	parts   []*part
	pending atomic.Int32 // what is not through the processors; of spread lanes
}

// part is the share of a batch that one chain runs, with what became of it.
type part struct {
	batch   *batch
	inputs  []event.Event // Origin is the index
	outputs []event.Event

	live   []uint64 // bit per origin: has events under way
	fates  []fate   // valid where live has no bit
	faults int      // origins that failed
	spent  time.Duration

	// cut is the first origin that is not ended, if one is not: a policy stops
	// the pipeline, and reason says why, or the lane was shut while the event waited
	// for another attempt.
	cut    int
	reason *StopError
	err    error // of the host; the part counts for nothing then
}

// room gives the slice in which n inputs are to be filled.
func (q *part) room(n int) []event.Event {
	if n < len(q.inputs) {
		clear(q.inputs[n:]) // what lies behind the inputs points to nothing
	}
	q.inputs = slices.Grow(q.inputs[:0], n)[:n]
	return q.inputs
}

// forget lets go of the events, and of the bytes that they point to.
func (q *part) forget() {
	clear(q.inputs)
	clear(q.outputs)
	q.inputs, q.outputs, q.cut, q.err = q.inputs[:0], q.outputs[:0], 0, nil
}

// trim ends the part before an offset of its partition.
func (q *part) trim(offset int64) {
	n := sort.Search(len(q.inputs), func(i int) bool { return q.inputs[i].Offset >= offset })
	if n >= q.cut {
		return
	}
	q.cut = n
	q.outputs = slices.DeleteFunc(q.outputs, func(e event.Event) bool { return int(e.Origin) >= n })
}

// count adds the origins before the cut to the tally.
func (q *part) count(t *tally) {
	alive := 0
	for w := range q.live {
		alive += bits.OnesCount64(q.live[w])
	}
	if alive == len(q.inputs) && q.cut == alive {
		t.delivered += alive
		return
	}
	for o := range q.cut {
		if q.live[o>>6]&(1<<(o&63)) != 0 {
			t.delivered++
			continue
		}
		t.touched = true
		end := q.fates[o]
		s := &t.steps[end.step]
		switch end.kind {
		case dropped:
			s.dropped++
		case filtered:
			s.filtered++
		case failedDropped:
			s.dropped++
			s.failed[end.class]++
		case deadLettered:
			s.deadLettered[end.class]++
			s.failed[end.class]++
		}
	}
}

// bound ends all parts where the first of them ends, and gives the offset of
// the first event that is not ended, if one is not, and why.
func (b *batch) bound() (offset int64, reason *StopError, cut bool) {
	for _, q := range b.parts {
		if q.cut == len(q.inputs) {
			continue
		}
		if at := q.inputs[q.cut].Offset; !cut || at < offset {
			offset, reason, cut = at, q.reason, true
		}
	}
	if cut {
		for _, q := range b.parts {
			q.trim(offset)
		}
	}
	return offset, reason, cut
}

func (b *batch) err() error {
	for _, q := range b.parts {
		if q.err != nil {
			return q.err
		}
	}
	return nil
}

// conclude books a batch that has been through the processors and hands what
// came of it to the sink, in one write. It returns false when the lane must not go
// on behind it.
func (l *lane) conclude(ctx context.Context, b *batch) bool {
	p := l.p
	t := p.ticket()
	t.life, t.offsets, t.id, t.began, t.counters = l.life, l.offsets, b.id, b.began, b.plan.counters
	if err := b.err(); err != nil {
		t.settle(err, b.count)
		l.life.fail(err)
		return false
	}
	offset, reason, cut := b.bound()
	t.tally.reset(len(t.counters))
	t.count = 0
	faults := 0
	for _, q := range b.parts {
		q.count(&t.tally)
		t.count += q.cut
		faults += q.faults
		if len(q.inputs) > 0 {
			p.counters.processing.observe(q.spent, 1)
		}
	}
	if cut {
		l.offsets.Truncate(b.id, offset)
		p.counters.abandoned.Add(uint64(b.count - t.count))
	}
	var tripped error
	if reason != nil {
		l.life.fail(reason)
	} else if tripped = p.breaker.note(time.Now(), t.count, faults); tripped != nil {
		l.life.fail(tripped)
	}
	if events := l.join(b); len(events) == 0 {
		t.done(nil)
	} else {
		p.sink.Write(ctx, events, t.done)
	}
	return !cut && tripped == nil
}

// join gives the outputs of all parts, one part after the other.
func (l *lane) join(b *batch) []event.Event {
	if len(b.parts) == 1 {
		return b.parts[0].outputs
	}
	l.joined = l.joined[:0]
	for _, q := range b.parts {
		l.joined = append(l.joined, q.outputs...)
	}
	return l.joined
}

// ticket follows one batch from its write to its end. Tickets are pooled.
type ticket struct {
	p       *Pipeline
	life    *life
	offsets event.Offsets
	id      uint64
	began   time.Time
	count   int
	tally   tally
	// counters are those of the batch's plan, which tally is of.
	counters []*stepCounters
	done     func(error)
}

func (p *Pipeline) ticket() *ticket {
	if t, ok := p.tickets.Get().(*ticket); ok {
		return t
	}
	t := &ticket{p: p}
	t.done = func(err error) {
		if err != nil && !errors.Is(err, event.ErrWithdrawn) {
			t.life.fail(err)
		}
		t.settle(err, t.count)
	}
	return t
}

// settle books the end of the batch. A batch that could not be written stays
// open in the account: its offsets are never committed.
func (t *ticket) settle(err error, count int) {
	if err != nil {
		t.p.counters.abandoned.Add(uint64(count))
	} else {
		t.p.counters.add(&t.tally, t.counters)
		t.p.counters.latency.observe(time.Since(t.began), count)
		t.offsets.End(t.id)
	}
	t.life, t.offsets, t.counters = nil, nil, nil
	t.p.tickets.Put(t)
}
