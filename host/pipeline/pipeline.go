// Package pipeline runs events from a source through processors into a sink.
//
// A Pipeline has one lane a partition: an ordered worker with processors of
// its own, or several of them that share the partition's batches by key or as they
// come. A batch goes through a chain of processors, is handed to the sink, and
// ends when the sink has all of it; then its offsets count as done. The package knows
// neither Kafka nor WebAssembly: it declares what it needs of a Source, a
// Processor and a Sink, and what each may rely on.
package pipeline

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
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
	// Ended: in good order, by a drain or at the end of its input.
	Ended
	// Stopped: by a failure. It can be run again.
	Stopped
)

var stateNames = [...]string{"starting", "running", "draining", "ended", "stopped"}

func (s State) String() string { return stateNames[s] }

// Pipeline is one source, a chain of processors and one sink.
type Pipeline struct {
	cfg      Config
	source   Source
	sink     Sink
	plan     atomic.Pointer[plan] // of the batches that begin now
	counters counters
	breaker  breaker
	tickets  sync.Pool
	clock    clock

	mu     sync.Mutex
	status Status
}

// Status is what there is to know of a pipeline at one moment.
type Status struct {
	State State
	// Since is when the state began.
	Since time.Time
	// Failure is the first one of this run, which is the one that counts; nil
	// without one. A pipeline that it stops drains before it is Stopped.
	Failure error
}

// New makes a pipeline. It starts nothing.
func New(cfg Config, source Source, sink Sink) *Pipeline {
	p := &Pipeline{cfg: cfg.withDefaults(), source: source, sink: sink, status: Status{Since: time.Now()}, clock: newClock()}
	p.plan.Store(p.newPlan(Chain{cfg.Steps, cfg.OnError, cfg.Breaker, cfg.DeadLetterTopic}))
	p.breaker.clock = p.clock
	p.breaker.bound(cfg.Breaker)
	return p
}

// Name is the configured name.
func (p *Pipeline) Name() string { return p.cfg.Name }

// Status is where the pipeline is now.
func (p *Pipeline) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// enter begins a state. A pipeline that drains does not run again before it has
// ended.
func (p *Pipeline) enter(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s == p.status.State || s == Running && p.status.State != Starting {
		return
	}
	p.status.State, p.status.Since = s, time.Now()
}

// Abort ends a pipeline that cannot be run.
func (p *Pipeline) Abort(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = Status{State: Stopped, Since: time.Now(), Failure: err}
	return fmt.Errorf("pipeline %s: %w", p.cfg.Name, err)
}
