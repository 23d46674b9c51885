// Package pipeline runs events from a source through processors into a sink.
//
// A Pipeline has one lane a partition: an ordered worker with processors of
// its own. A batch goes through the lane's chain, is handed to the sink, and
// ends when the sink has all of it; then its offsets count as done. The package knows
// neither Kafka nor WebAssembly: it declares what it needs of a Source, a
// Processor and a Sink, and what each may rely on.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// State is where a pipeline is in its life.
type State int32

// The states, in order.
const (
	// Starting: the source has not joined its group yet.
	Starting State = iota
	// Running: events flow, or would if there were any.
	Running
	// Draining: the intake is closed and what is in flight ends.
	Draining
	// Stopped: ended in good order.
	Stopped
	// Failed: ended by an error.
	Failed
)

var stateNames = [...]string{"starting", "running", "draining", "stopped", "failed"}

func (s State) String() string { return stateNames[s] }

// Pipeline is one source, a chain of processors and one sink.
type Pipeline struct {
	cfg      Config
	source   Source
	sink     Sink
	counters counters
	breaker  breaker
	tickets  sync.Pool

	state    atomic.Int32
	mu       sync.Mutex
	failure  error         // the first, which is the one that counts
	stopping chan struct{} // closed by the first failure or the drain signal
	stopOnce sync.Once
	run      context.Context // of Run; once it ended, errors are those of work given up
	lanes    sync.WaitGroup
	watched  sync.Map // of *lane, those that run
}

// New makes a pipeline that can be run once. It starts nothing.
func New(cfg Config, source Source, sink Sink) *Pipeline {
	p := &Pipeline{cfg: cfg.withDefaults(), source: source, sink: sink, stopping: make(chan struct{})}
	p.counters.steps = make([]stepCounters, len(cfg.Steps)+1)
	p.breaker.cfg = cfg.Breaker
	return p
}

// Name is the configured name.
func (p *Pipeline) Name() string { return p.cfg.Name }

// State is where the pipeline is now, with the failure that stopped it, if
// one did.
func (p *Pipeline) State() (State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State(p.state.Load()), p.failure
}

// Run runs the pipeline until its source is at its end, drain is closed, it
// fails, or ctx ends. On drain and on a failure it stops the intake, ends what has
// started, flushes, commits and leaves; ctx cuts all that short. It returns the
// failure, or nil.
func (p *Pipeline) Run(ctx context.Context, drain <-chan struct{}) error {
	run, cut := context.WithCancel(ctx)
	defer cut()
	p.run = run
	ended := make(chan struct{})
	var relay sync.WaitGroup
	relay.Go(func() {
		select {
		case <-drain:
			p.stop()
		case <-ended:
		}
	})
	relay.Go(func() { p.watch(ended) })
	err := p.source.Run(run, p.stopping, intake{p})
	close(ended)
	relay.Wait()
	if err != nil && ctx.Err() == nil {
		p.fail(fmt.Errorf("source: %w", err))
	}
	cut()
	err = p.awaitLanes()
	if ctx.Err() != nil {
		err = errors.Join(fmt.Errorf("cut before it was drained; what was in flight is read again at the next start: %w", context.Cause(ctx)), err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		p.failure = err
	}
	if p.failure != nil {
		p.state.Store(int32(Failed))
		return fmt.Errorf("pipeline %s: %w", p.cfg.Name, p.failure)
	}
	p.state.Store(int32(Stopped))
	return nil
}

// Abort ends a pipeline that cannot be run.
func (p *Pipeline) Abort(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
	p.state.Store(int32(Failed))
	return fmt.Errorf("pipeline %s: %w", p.cfg.Name, err)
}

// awaitLanes waits for the lanes' goroutines after the cut. Only a processor
// that does not come back can hold one up, and compiled guest code cannot be
// interrupted, so the wait is bounded.
func (p *Pipeline) awaitLanes() error {
	gone := make(chan struct{})
	go func() {
		p.lanes.Wait()
		close(gone)
	}()
	grace := time.NewTimer(p.cfg.CutGrace)
	defer grace.Stop()
	select {
	case <-gone:
		return nil
	case <-grace.C:
		return errors.New("a processor did not come back from its batch; its lane was left behind")
	}
}

// watch fails the pipeline when a processor does not come back.
func (p *Pipeline) watch(ended <-chan struct{}) {
	ticker := time.NewTicker(p.cfg.StuckAfter / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return
		case now := <-ticker.C:
			p.watched.Range(func(key, _ any) bool {
				l := key.(*lane)
				since := l.busy.Load()
				if since != 0 && now.Sub(time.Unix(0, since)) >= p.cfg.StuckAfter {
					p.fail(fmt.Errorf("partition %d of topic %s: a batch has been in the processors for %v: the pipeline stops and gives its partitions back (raise max_poll_interval_ms if that is normal)",
						l.partition.Number, l.partition.Topic, p.cfg.StuckAfter))
				}
				return true
			})
		}
	}
}

// fail records the first failure and begins to stop the pipeline. After the
// cut, errors only say that work was given up, and are not failures.
func (p *Pipeline) fail(err error) {
	if p.run.Err() == nil {
		p.mu.Lock()
		if p.failure == nil {
			p.failure = err
		}
		p.mu.Unlock()
	}
	p.stop()
}

func (p *Pipeline) stop() {
	p.stopOnce.Do(func() {
		p.state.Store(int32(Draining))
		close(p.stopping)
	})
}

// intake is the pipeline as its source sees it.
type intake struct{ p *Pipeline }

// Ready implements event.Intake.
func (in intake) Ready() { in.p.state.CompareAndSwap(int32(Starting), int32(Running)) }

// Open implements event.Intake.
func (in intake) Open(ctx context.Context, partition *event.Partition, offsets event.Offsets) event.Lane {
	l := &lane{
		p:         in.p,
		partition: partition,
		offsets:   offsets,
		shutting:  make(chan struct{}),
		stopped:   make(chan struct{}),
		wake:      make(chan struct{}, 1),
	}
	in.p.watched.Store(l, nil)
	in.p.lanes.Go(func() { l.run(ctx) })
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
	if err := in.p.sink.Flush(ctx); err != nil {
		return fmt.Errorf("drain: the sink still holds events: %w", err)
	}
	return nil
}
