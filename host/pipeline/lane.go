package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// lane is the ordered worker of one partition: one goroutine, its own
// processors, one batch at a time. Batches overlap only in the sink.
type lane struct {
	p         *Pipeline
	life      *life
	partition *event.Partition
	offsets   event.Offsets
	shutting  chan struct{} // closed when the lane is shut
	stopped   chan struct{} // closed when the goroutine ended
	busy      atomic.Int64  // when the running batch entered the processors, by the pipeline's clock; 0: none has

	mu     sync.Mutex
	queue  []event.Records // queue[0] is consumed up to record head
	head   int
	closed bool
	wake   chan struct{} // holds one token when there is something to look at
}

// Feed implements event.Lane.
func (l *lane) Feed(r event.Records) {
	l.mu.Lock()
	if !l.closed {
		l.queue = append(l.queue, r)
	}
	l.mu.Unlock()
	l.nudge()
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// shut forgets what has not started; the batch in work goes on to its end.
func (l *lane) shut() {
	l.mu.Lock()
	if !l.closed {
		close(l.shutting)
	}
	l.closed, l.queue = true, nil
	l.mu.Unlock()
	l.nudge()
}

func (l *lane) run(ctx context.Context) {
	defer l.life.watched.Delete(l)
	defer close(l.stopped)
	c := newChain(l.p, l.pause)
	// The processors are closed outside of ctx: it may have ended, and closing
	// in good order is theirs to see.
	defer func() {
		if err := c.close(context.WithoutCancel(ctx)); err != nil {
			l.life.fail(err)
		}
	}()
	opened := false
	for l.await(ctx, c) {
		if !opened { // with the first records: an idle partition costs no instance
			if err := c.open(ctx); err != nil {
				l.life.fail(err)
				return
			}
			opened = true
		}
		if !l.batch(ctx, c) {
			return
		}
	}
}

// await returns true once there are records, false when the lane is shut.
func (l *lane) await(ctx context.Context, c *chain) bool {
	for idle := false; ; idle = true {
		l.mu.Lock()
		closed, ready := l.closed, len(l.queue) > 0
		l.mu.Unlock()
		if closed || ctx.Err() != nil {
			return false
		}
		if ready {
			return true
		}
		if !idle {
			c.rest()
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
	}
}

// batch takes what is there, at most a batch, from the queue to the sink. It
// returns false when the lane must not go on.
func (l *lane) batch(ctx context.Context, c *chain) bool {
	id, count, ok := l.take(c)
	if !ok {
		return false
	}
	p := l.p
	p.counters.batches.Add(1)
	p.counters.consumed.Add(uint64(count))
	t := p.ticket()
	t.life, t.offsets, t.id = l.life, l.offsets, id
	t.began = time.Now()
	l.busy.Store(p.clock.ticks(t.began))
	events, err := c.run(ctx, &t.tally)
	l.busy.Store(0)
	if err == nil && l.life.ctx.Err() != nil { // it was left behind; what it holds is read again
		err = context.Cause(l.life.ctx)
	}
	if err != nil {
		t.settle(err, count)
		l.life.fail(err)
		return false
	}
	if c.cut < count {
		l.offsets.Truncate(id, c.inputs[c.cut].Offset)
		p.counters.abandoned.Add(uint64(count - c.cut))
	}
	var tripped error
	if c.reason != nil {
		l.life.fail(c.reason)
	} else if tripped = p.breaker.note(time.Now(), c.cut, c.faults); tripped != nil {
		l.life.fail(tripped)
	}
	if count > 0 {
		p.counters.processing.observe(c.spent, 1)
	}
	t.count = c.cut
	if len(events) == 0 {
		t.done(nil)
	} else {
		p.sink.Write(ctx, events, t.done)
	}
	return c.cut == count && tripped == nil
}

// take fills the chain's inputs from the queue and opens the batch. Under the
// queue's lock a lane is either shut before, and nothing begins, or after, and
// whoever shut it waits for this batch.
func (l *lane) take(c *chain) (id uint64, count int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return 0, 0, false
	}
	for i, head := 0, l.head; i < len(l.queue) && count < l.p.cfg.BatchSize; i, head = i+1, 0 {
		count += l.queue[i].Len() - head
	}
	count = min(count, l.p.cfg.BatchSize)
	dst := c.room(count)
	size, filled := 0, 0
	var next int64
	var epoch int32
	for len(l.queue) > 0 {
		r := l.queue[0]
		n := min(r.Len()-l.head, count-filled)
		size += r.Fill(dst[filled:filled+n], l.head, int32(filled))
		filled += n
		next, epoch = r.After(l.head + n)
		if l.head += n; l.head < r.Len() {
			break
		}
		l.queue[0] = nil
		l.queue, l.head = l.queue[1:], 0
		if filled == count {
			break
		}
	}
	return l.offsets.Begin(next, epoch, count, size), count, true
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
	done    func(error)
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
		t.p.counters.add(&t.tally)
		t.p.counters.latency.observe(time.Since(t.began), count)
		t.offsets.End(t.id)
	}
	t.life, t.offsets = nil, nil
	t.p.tickets.Put(t)
}
