package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// lane is the way of one partition: one worker with processors of its own, one
// batch at a time, or several among which it is spread. Batches leave in the order
// in which they began, and overlap only in the sink.
type lane struct {
	p         *Pipeline
	life      *life
	partition *event.Partition
	offsets   event.Offsets
	shutting  chan struct{} // closed when the lane is shut
	stopped   chan struct{} // closed when its goroutines ended
	joined    []event.Event // see join

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
	defer close(l.stopped)
	if l.p.cfg.Lanes > 1 {
		l.spread(ctx)
		return
	}
	w := newWorker(l)
	defer w.close(ctx)
	b := new(batch)
	q := &part{batch: b}
	b.parts = []*part{q}
	rest := func() {
		q.forget()
		w.chain.rest()
	}
	for l.await(ctx, rest) {
		if !l.take(b, q) {
			return
		}
		q.outputs = w.process(ctx, q, b.began)
		goesOn := l.conclude(ctx, b)
		b.plan.leave()
		if !goesOn {
			return
		}
	}
}

// await returns true once there are records, false when the lane is shut. It
// calls rest before it waits.
func (l *lane) await(ctx context.Context, rest func()) bool {
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
			rest()
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
	}
}

// take fills the inputs of a part from the queue, at most a batch, and opens the
// batch. It returns false when the lane is shut. Under the queue's lock a lane is
// either shut before, and nothing begins, or after, and whoever shut it waits for
// this batch.
func (l *lane) take(b *batch, q *part) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return false
	}
	count := 0
	for i, head := 0, l.head; i < len(l.queue) && count < l.p.cfg.BatchSize; i, head = i+1, 0 {
		count += l.queue[i].Len() - head
	}
	count = min(count, l.p.cfg.BatchSize)
	dst := q.room(count)
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
	b.plan = l.p.use()
	b.id, b.count, b.began = l.offsets.Begin(next, epoch, count, size), count, time.Now()
	l.p.counters.batches.Add(1)
	l.p.counters.consumed.Add(uint64(count))
	return true
}

// worker runs parts of a lane's batches through processors of its own, one after
// the other.
type worker struct {
	lane  *lane
	chain *chain
	busy  atomic.Int64 // when the running part entered the processors, by the pipeline's clock; 0: none has
	parts chan *part   // of spread lanes
}

func newWorker(l *lane) *worker {
	w := &worker{lane: l}
	w.chain = newChain(l.p, w.pause)
	l.life.watched.Store(w, nil)
	return w
}

// process runs a part, with processors that are made for the first one: an idle
// partition costs no instance. It returns what came of it, which is valid until the next
// one.
func (w *worker) process(ctx context.Context, q *part, now time.Time) []event.Event {
	w.busy.Store(w.lane.p.clock.ticks(now))
	var events []event.Event
	events, q.err = w.chain.run(ctx, q)
	w.busy.Store(0)
	if life := w.lane.life; q.err == nil && life.ctx.Err() != nil { // it was left behind; what it holds is read again
		q.err = context.Cause(life.ctx)
	}
	return events
}

// close closes the processors, outside of ctx: it may have ended, and closing in
// good order is theirs to see.
func (w *worker) close(ctx context.Context) {
	w.lane.life.watched.Delete(w)
	if err := w.chain.close(context.WithoutCancel(ctx)); err != nil {
		w.lane.life.fail(err)
	}
}
