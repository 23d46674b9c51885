package pipeline

import (
	"context"
	"hash/crc32"
	"sync"
	"sync/atomic"
	"time"
)

// spread is a lane with several workers. Its goroutine takes batches from the
// queue and cuts them into parts; the workers process those side by side; who ends
// the last part of the oldest batch concludes it. So the sink gets whole batches in
// the order of their offsets, as from one worker: a position never moves past
// what was not written, a transaction never holds a part of a batch, and after a
// stop nothing comes twice.
type spread struct {
	lane    *lane
	workers []*worker
	whole   *part // a batch before it is cut by key
	turn    int   // whose turn it is to get the events without a key
	// free holds batches that are not in use: as many are under way as there
	// are, so that a worker that waits holds up the others only after some time, and
	// a stop has not much to wait for.
	free   chan *batch
	begun  chan *batch  // in order
	told   atomic.Int32 // calls of conclude that have not been looked after
	oldest *batch       // of begun; of whoever concludes
	broken atomic.Bool  // nothing more is concluded
}

// window is how many batches a worker has under way on average, at most.
const window = 2

func (l *lane) spread(ctx context.Context) {
	s := newSpread(l)
	var working sync.WaitGroup
	for _, w := range s.workers {
		working.Go(func() { s.work(ctx, w) })
	}
	for l.await(ctx, s.whole.forget) && s.begin(ctx) {
	}
	for _, w := range s.workers[:s.queues()] {
		close(w.parts)
	}
	working.Wait()
}

func newSpread(l *lane) *spread {
	n := l.p.cfg.Lanes
	s := &spread{lane: l, whole: new(part), free: make(chan *batch, window*n), begun: make(chan *batch, window*n)}
	for range n {
		w := newWorker(l)
		if w.parts = make(chan *part, cap(s.free)); s.queues() == 1 && len(s.workers) > 0 {
			w.parts = s.workers[0].parts
		}
		s.workers = append(s.workers, w)
	}
	for range cap(s.free) {
		b := new(batch)
		for range s.queues() {
			b.parts = append(b.parts, &part{batch: b})
		}
		s.free <- b
	}
	return s
}

// queues is how many there are: one a worker where the key decides, else one for
// all. A batch has a part for each.
func (s *spread) queues() int {
	if s.lane.p.cfg.Ordering == ByKey {
		return s.lane.p.cfg.Lanes
	}
	return 1
}

// begin hands the next batch to the workers. It returns false when the lane is
// shut.
func (s *spread) begin(ctx context.Context) bool {
	var b *batch
	select {
	case b = <-s.free:
	case <-ctx.Done():
		return false
	}
	into := s.whole
	if len(b.parts) == 1 {
		into = b.parts[0]
	}
	if !s.lane.take(b, into) {
		return false
	}
	if len(b.parts) > 1 {
		s.split(b)
	}
	b.pending.Store(1) // until all parts are handed out; then it belongs to the workers
	s.begun <- b       // as many fit into a queue as there are batches
	for i, q := range b.parts {
		if len(q.inputs) > 0 {
			b.pending.Add(1)
			s.workers[i].parts <- q
		}
	}
	s.done(ctx, b)
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// split puts the events of a key into the same part each time. The partition was
// chosen by a hash of the key, too: by another one, else all its keys could fall
// into few parts.
func (s *spread) split(b *batch) {
	n := len(b.parts)
	for i := range s.whole.inputs {
		e := &s.whole.inputs[i]
		at := s.turn
		if e.Key != nil {
			mixed := uint64(crc32.Update(0, castagnoli, e.Key)*0x9e3779b1) * uint64(n)
			at = int(mixed >> 32)
		}
		q := b.parts[at]
		q.inputs = append(q.inputs, *e)
		q.inputs[len(q.inputs)-1].Origin = int32(len(q.inputs) - 1)
	}
	s.turn = (s.turn + 1) % n
}

// work processes parts until there will be no more.
func (s *spread) work(ctx context.Context, w *worker) {
	defer w.close(ctx)
	for q := w.next(); q != nil; q = w.next() {
		if !s.broken.Load() {
			s.process(ctx, w, q)
		}
		s.done(ctx, q.batch)
	}
}

// done says that a part of the batch is through the processors.
func (s *spread) done(ctx context.Context, b *batch) {
	if b.pending.Add(-1) == 0 {
		s.conclude(ctx)
	}
}

// next waits for a part, nil when there will be none.
func (w *worker) next() *part {
	select {
	case q := <-w.parts:
		return q
	default:
		w.chain.rest()
		return <-w.parts
	}
}

// process keeps what comes of a part until its batch is concluded.
func (s *spread) process(ctx context.Context, w *worker, q *part) {
	q.outputs = append(q.outputs, w.process(ctx, q, time.Now())...)
}

// conclude ends the batches that are through, from the oldest on. While one
// worker does so, and waits for the sink, the others go on: what they end is looked
// after by the same one.
func (s *spread) conclude(ctx context.Context) {
	if s.told.Add(1) > 1 {
		return
	}
	for told := int32(1); told > 0; told = s.told.Add(-told) {
		for s.through() {
			s.end(ctx, s.oldest)
			s.oldest = nil
		}
	}
}

// through tells whether the oldest batch is through the processors.
func (s *spread) through() bool {
	if s.oldest == nil {
		select {
		case s.oldest = <-s.begun:
		default:
			return false
		}
	}
	return s.oldest.pending.Load() == 0
}

// end concludes a batch. Behind one that did not end as a whole all are given up:
// they are read again.
func (s *spread) end(ctx context.Context, b *batch) {
	switch {
	case s.broken.Load():
		s.lane.p.counters.abandoned.Add(uint64(b.count))
	case !s.lane.conclude(ctx, b):
		s.broken.Store(true)
		s.lane.shut()
	}
	clear(s.lane.joined)
	for _, q := range b.parts {
		q.forget()
	}
	b.plan.leave()
	s.free <- b
}
