package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weirhq/weir/host/event"
)

// life is one run of a pipeline. What of it comes late, such as an
// acknowledgement of a lane that was left behind, touches no later one.
type life struct {
	p        *Pipeline
	ctx      context.Context // once it ended, errors are those of work given up
	stopping chan struct{}   // closed by the first failure or the drain signal
	stopOnce sync.Once
	lanes    sync.WaitGroup
	watched  sync.Map // of *worker, those that run
}

// Run runs the pipeline until its source is at its end, drain is closed, it
// fails, or ctx ends. On drain and on a failure it stops the intake, ends what has
// started, flushes, commits and leaves; ctx cuts all that short. It returns the
// failure, or nil. Once it has returned it can be called again, and goes on from
// what was committed; the counters go on too.
func (p *Pipeline) Run(ctx context.Context, drain <-chan struct{}) error {
	run, cut := context.WithCancel(ctx)
	defer cut()
	l := &life{p: p, ctx: run, stopping: make(chan struct{})}
	p.Clear()
	ended := make(chan struct{})
	var relay sync.WaitGroup
	relay.Go(func() {
		select {
		case <-drain:
			l.stop()
		case <-ended:
		}
	})
	relay.Go(func() { l.watch(ended) })
	err := p.source.Run(run, l.stopping, intake{l})
	close(ended)
	relay.Wait()
	if err != nil && ctx.Err() == nil {
		l.fail(fmt.Errorf("source: %w", err))
	}
	cut()
	err = l.awaitLanes()
	if ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("cut before it was drained; what was in flight is read again at the next start: %w", context.Cause(ctx)), err)
	}
	return p.end(err)
}

// Clear makes a pipeline that has ended one that is to be run.
func (p *Pipeline) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = Status{State: Starting, Since: time.Now()}
	p.breaker.forget()
}

// end is the end of a life, with err where nothing has failed before.
func (p *Pipeline) end(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status.Failure != nil {
		err = p.status.Failure
	}
	p.status = Status{State: Ended, Since: time.Now(), Failure: err}
	if err == nil {
		return nil
	}
	p.status.State = Stopped
	return fmt.Errorf("pipeline %s: %w", p.cfg.Name, err)
}

// awaitLanes waits for the lanes' goroutines after the cut. Only a processor
// that does not come back can hold one up, and compiled guest code cannot be
// interrupted, so the wait is bounded.
func (l *life) awaitLanes() error {
	gone := make(chan struct{})
	go func() {
		l.lanes.Wait()
		close(gone)
	}()
	grace := time.NewTimer(l.p.cfg.CutGrace)
	defer grace.Stop()
	select {
	case <-gone:
		return nil
	case <-grace.C:
		return errors.New("a processor did not come back from its batch; its lane was left behind")
	}
}

// watch fails the pipeline when a processor does not come back.
func (l *life) watch(ended <-chan struct{}) {
	ticker := time.NewTicker(l.p.cfg.StuckAfter / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case now := <-ticker.C:
			l.look(now)
		}
	}
}

// look is what the watch does at a moment.
func (l *life) look(now time.Time) {
	l.watched.Range(func(key, _ any) bool {
		w := key.(*worker)
		since := w.busy.Load()
		if since != 0 && time.Duration(l.p.clock.ticks(now)-since) >= l.p.cfg.StuckAfter {
			l.fail(fmt.Errorf("partition %d of topic %s: a batch has been in the processors for %v: the pipeline stops and gives its partitions back (raise max_poll_interval_ms if that is normal)",
				w.lane.partition.Number, w.lane.partition.Topic, l.p.cfg.StuckAfter))
		}
		return true
	})
}

// fail records the first failure and begins to stop the pipeline. After the
// cut, errors only say that work was given up, and are not failures.
func (l *life) fail(err error) {
	if l.ctx.Err() == nil {
		l.p.mu.Lock()
		if l.p.status.Failure == nil {
			l.p.status.Failure = err
		}
		l.p.mu.Unlock()
	}
	l.stop()
}

func (l *life) stop() {
	l.stopOnce.Do(func() {
		if l.ctx.Err() == nil {
			l.p.enter(Draining)
		}
		close(l.stopping)
	})
}

// intake is a life of the pipeline as its source sees it.
type intake struct{ life *life }

// Ready implements event.Intake.
func (in intake) Ready() { in.life.p.enter(Running) }

// Open implements event.Intake.
func (in intake) Open(ctx context.Context, partition *event.Partition, offsets event.Offsets) event.Lane {
	l := &lane{
		p:         in.life.p,
		life:      in.life,
		partition: partition,
		offsets:   offsets,
		shutting:  make(chan struct{}),
		stopped:   make(chan struct{}),
		wake:      make(chan struct{}, 1),
	}
	in.life.lanes.Go(func() { l.run(ctx) })
	return l
}

// Drain implements event.Intake. A lane that is not done in time is left to itself:
// it ends after its batch, and nothing of that batch is committed.
func (in intake) Drain(ctx context.Context, lanes []event.Lane) error {
	for _, l := range lanes {
		l.(*lane).shut()
	}
	for _, l := range lanes {
		l := l.(*lane)
		select {
		case <-l.stopped:
		case <-ctx.Done():
			return fmt.Errorf("drain: partition %d of topic %s is still in a processor or in the sink: %w",
				l.partition.Number, l.partition.Topic, context.Cause(ctx))
		}
	}
	if err := in.life.p.sink.Flush(ctx); err != nil {
		return fmt.Errorf("drain: the sink still holds events: %w", err)
	}
	return nil
}
