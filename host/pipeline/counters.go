package pipeline

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// counters are the pipeline's books. Every event that a batch began with ends
// in exactly one of delivered, dropped, filtered, dead-lettered or abandoned;
// all are added once a batch, when it ended.
type counters struct {
	consumed, delivered, abandoned, batches atomic.Uint64
	sink                                    stepCounters
	processing                              times // of batches in the processors
	latency                                 times // of events that ended

	mu    sync.Mutex
	steps []namedStep // that the pipeline has, or had in an earlier chain
}

type namedStep struct {
	name string
	*stepCounters
}

// step gives the counters of a step, which go on by its name.
func (c *counters) step(name string) *stepCounters {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.steps {
		if s.name == name {
			return s.stepCounters
		}
	}
	s := namedStep{name, new(stepCounters)}
	c.steps = append(c.steps, s)
	return s.stepCounters
}

// all lists the steps of a plan, then those of earlier ones, then the sink.
func (c *counters) all(n *plan) []namedStep {
	c.mu.Lock()
	defer c.mu.Unlock()
	var steps, gone []namedStep
	for i := range n.Steps {
		steps = append(steps, namedStep{n.Steps[i].Name, n.counters[i]})
	}
	for _, s := range c.steps {
		if !slices.Contains(steps, s) {
			gone = append(gone, s)
		}
	}
	return append(append(steps, gone...), namedStep{sinkStep, &c.sink})
}

type stepCounters struct {
	dropped, filtered    atomic.Uint64
	retried              atomic.Uint64 // at once, not with the batch
	failed, deadLettered [len(event.Classes)]atomic.Uint64
	spent                atomic.Int64 // ns
}

// tally is what one batch adds to the books once it ended. It is reused.
type tally struct {
	delivered int
	steps     []stepTally
	touched   bool // steps holds something
}

type stepTally struct {
	dropped, filtered    int
	failed, deadLettered [len(event.Classes)]int
}

func (t *tally) reset(steps int) {
	t.delivered = 0
	if len(t.steps) != steps {
		t.steps = make([]stepTally, steps)
	} else if t.touched {
		clear(t.steps)
	}
	t.touched = false
}

func (c *counters) add(t *tally, counters []*stepCounters) {
	c.delivered.Add(uint64(t.delivered))
	if !t.touched {
		return
	}
	for i := range t.steps {
		from, to := &t.steps[i], counters[i]
		to.dropped.Add(uint64(from.dropped))
		to.filtered.Add(uint64(from.filtered))
		for k := range event.Classes {
			to.failed[k].Add(uint64(from.failed[k]))
			to.deadLettered[k].Add(uint64(from.deadLettered[k]))
		}
	}
}

// Stats is a snapshot of a pipeline's counters since its start. Consumed =
// Delivered + Dropped + Filtered + DeadLettered (of all steps) + Abandoned + InFlight.
type Stats struct {
	// Consumed counts the events that began their way.
	Consumed uint64
	// Delivered counts those of which the brokers have every output.
	Delivered uint64
	// Abandoned counts those that began and could not be ended: they lie behind
	// a failure that stopped the pipeline and are read again.
	Abandoned uint64
	// InFlight counts those on their way now.
	InFlight uint64
	Batches  uint64
	// Processing is how long batches were in the processors, waits before
	// further attempts left out.
	Processing Times
	// Latency is how long events took from when their batch began until it had
	// ended.
	Latency Times
	// Steps has one entry a processor, then one for each that an earlier chain had,
	// and a last one named "sink" for events that failed after the processors.
	Steps []StepStats
}

// StepStats are the counters of one processor.
type StepStats struct {
	Name         string
	Dropped      uint64
	Filtered     uint64
	Retried      uint64 // further attempts at events that had failed
	Spent        time.Duration
	Failed       map[event.Class]uint64
	DeadLettered map[event.Class]uint64
}

// Stats reads the counters. It takes no lock of the event path; each number is exact, their sum
// holds whenever no batch ends meanwhile.
func (p *Pipeline) Stats() Stats {
	c := &p.counters
	s := Stats{Batches: c.batches.Load(), Processing: c.processing.read(), Latency: c.latency.read()}
	var ended uint64
	for _, from := range c.all(p.plan.Load()) {
		to := StepStats{
			Name:         from.name,
			Dropped:      from.dropped.Load(),
			Filtered:     from.filtered.Load(),
			Retried:      from.retried.Load(),
			Spent:        time.Duration(from.spent.Load()),
			Failed:       map[event.Class]uint64{},
			DeadLettered: map[event.Class]uint64{},
		}
		ended += to.Dropped + to.Filtered
		for k, class := range event.Classes {
			to.Failed[class] = from.failed[k].Load()
			to.DeadLettered[class] = from.deadLettered[k].Load()
			ended += to.DeadLettered[class]
		}
		s.Steps = append(s.Steps, to)
	}
	s.Delivered, s.Abandoned = c.delivered.Load(), c.abandoned.Load()
	ended += s.Delivered + s.Abandoned
	// Consumed is read last and never falls, so InFlight cannot be negative.
	s.Consumed = c.consumed.Load()
	s.InFlight = s.Consumed - ended
	return s
}

// Totals are a pipeline's counters summed over its steps.
type Totals struct {
	Dropped, Filtered, DeadLettered uint64
}

// Totals sums the counters of the steps.
func (s *Stats) Totals() Totals {
	var t Totals
	for _, step := range s.Steps {
		t.Dropped += step.Dropped
		t.Filtered += step.Filtered
		for _, n := range step.DeadLettered {
			t.DeadLettered += n
		}
	}
	return t
}

const sinkStep = "sink"
