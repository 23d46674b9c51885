// Package shadow runs a candidate beside a processor that is live, on the same
// batches, and compares what comes of them. Nothing of it reaches the sink.
//
// A Shadow stands for one processor of a pipeline; Beside puts a Lane around the
// live one of each lane. A Lane hands a copy of a batch over after the live
// processor is done with it, to a goroutine and an instance of its own. It never
// waits: when the last batch is still being compared, or candidates have had their
// share of the machine, which the Room knows, the batch is dropped and counted. Both see the same time and, as that follows from the batch, the same
// random numbers.
package shadow

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// Fail hands an input to the error policy, as a pipeline's processors do.
type Fail = func(i int, f *event.Failure)

// Live is the processor of which a pipeline's events come.
type Live interface {
	Process(ctx context.Context, in, out []event.Event, fail Fail) ([]event.Event, error)
	// Now is the time that the last batch was given, in ns since 1970, or would
	// have been if it had asked.
	Now() int64
	// Used is the fuel of the last batch.
	Used() uint64
	// Digest is the module's.
	Digest() string
	Close(ctx context.Context) error
}

// Candidate is the processor that may take its place.
type Candidate interface {
	// ProcessAt is Process with the time that the batch is given.
	ProcessAt(ctx context.Context, now int64, in, out []event.Event, fail Fail) ([]event.Event, error)
	Used() uint64
	Close(ctx context.Context) error
}

// Config configures a Shadow.
type Config struct {
	// Open makes the candidate of a lane.
	Open func(ctx context.Context) (Candidate, error)
	// Sample is the share of the batches that are compared, above 0 and up to 1.
	Sample float64
	// Room is where the candidates of a process work.
	Room *Room
	// Log is told why a candidate cannot go on. nil means nowhere.
	Log *zap.Logger
}

// Shadow compares the candidates of all lanes with what is live.
type Shadow struct {
	cfg      Config
	counters counters
	examples examples
}

// New makes a shadow. It starts nothing yet.
func New(cfg Config) *Shadow {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Shadow{cfg: cfg}
}

// Beside puts a shadow beside the live processor of a lane.
func (s *Shadow) Beside(live Live) *Lane {
	l := &Lane{shadow: s, live: live, work: make(chan *batch, 1)}
	l.note = func(i int, f *event.Failure) {
		l.failed = append(l.failed, verdict{i, f})
		l.fail(i, f)
	}
	return l
}

// Lane is a live processor with a shadow. It satisfies what pipelines want of a
// processor.
type Lane struct {
	shadow *Shadow
	live   Live
	owed   float64 // the share of a batch that sampling has left over
	work   chan *batch
	begun  bool
	gone   atomic.Bool // the candidate cannot go on

	failed []verdict // by the live processor in the batch at hand
	fail   Fail      // of the batch at hand
	note   Fail      // which calls it
}

// batch is what a candidate is given, and what is known of it. The bytes of events
// are written to by nobody, so they are not copied.
type batch struct {
	in, out []event.Event
	failed  []verdict
	now     int64
	took    time.Duration
	used    uint64
}

// verdict is an input that failed.
type verdict struct {
	at int
	f  *event.Failure
}

// Process has the live processor work, and hands the batch over if it is one of
// the sample.
func (l *Lane) Process(ctx context.Context, in, out []event.Event, fail Fail) ([]event.Event, error) {
	if l.owed += l.shadow.cfg.Sample; l.owed < 1 {
		return l.live.Process(ctx, in, out, fail)
	}
	l.owed--
	l.failed, l.fail = l.failed[:0], fail
	first, began := len(out), time.Now()
	result, err := l.live.Process(ctx, in, out, l.note)
	if err == nil && len(in) > 0 {
		l.hand(in, result[first:], time.Since(began))
	}
	return result, err
}

// hand gives a batch to the candidate, if that has room for it: only this
// goroutine sends, so the room that is seen is there.
func (l *Lane) hand(in, out []event.Event, took time.Duration) {
	c := &l.shadow.counters
	switch {
	case l.gone.Load():
		c.broken.Add(1)
		return
	case len(l.work) == cap(l.work) || !l.shadow.cfg.Room.free(time.Now()):
		c.dropped.Add(1)
		return
	}
	if !l.begun {
		l.begun = true
		l.shadow.cfg.Room.working.Go(l.run)
	}
	l.work <- &batch{
		in: append([]event.Event(nil), in...), out: append([]event.Event(nil), out...), failed: append([]verdict(nil), l.failed...),
		now: l.live.Now(), took: took, used: l.live.Used(),
	}
}

// Digest is that of the module which is live.
func (l *Lane) Digest() string { return l.live.Digest() }

// Close closes the live processor, and lets the candidate end what it has.
func (l *Lane) Close(ctx context.Context) error {
	close(l.work)
	return l.live.Close(ctx)
}

// run is the goroutine of the candidate.
func (l *Lane) run() {
	ctx, s := l.shadow.cfg.Room.life, l.shadow
	candidate, err := s.cfg.Open(ctx)
	for b := range l.work {
		if err == nil {
			err = s.compare(ctx, candidate, b)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			s.counters.dropped.Add(1)
		default:
			if !l.gone.Swap(true) {
				s.cfg.Log.Warn("a shadow cannot go on in this lane; what is live does", zap.Error(err))
			}
			s.counters.broken.Add(1)
		}
	}
	if candidate != nil {
		if err := candidate.Close(context.WithoutCancel(ctx)); err != nil {
			s.cfg.Log.Warn("the instance of a shadow could not be closed", zap.Error(err))
		}
	}
}

// compare runs a batch through the candidate. The error says that it cannot go on.
func (s *Shadow) compare(ctx context.Context, candidate Candidate, b *batch) error {
	var failed []verdict
	began := time.Now()
	out, err := candidate.ProcessAt(ctx, b.now, b.in, nil, func(i int, f *event.Failure) { failed = append(failed, verdict{i, f}) })
	took := time.Since(began)
	s.cfg.Room.charge(took)
	if err != nil {
		return err
	}
	c := &s.counters
	c.compared.Add(1)
	c.live.add(b.took, b.used, b.failed)
	c.candidate.add(took, candidate.Used(), failed)
	for _, r := range records(b, out, failed) {
		kind, live, other := r.compare()
		if kind == "" {
			c.same.Add(1)
			continue
		}
		c.different[kindIndex(kind)].Add(1)
		s.examples.add(Example{
			Kind: kind, Topic: r.topic(), Partition: r.partition(), Offset: r.input.Offset, Live: live, Candidate: other,
		})
	}
	return nil
}
