package pipeline

import (
	"context"
	"time"

	"github.com/weirhq/weir/host/event"
)

// Step is one processor of the chain as configured; every lane opens its own.
type Step struct {
	// Name identifies the processor in metrics, logs and dead letters.
	Name string
	// OnError has the rules for events that fail here.
	OnError Rules
	// Part, when set, is what the step is made of, by its identity. Of two chains, one
	// step with the same part keeps the lanes' processors.
	Part any
	// Open makes the processor of one lane.
	Open func(ctx context.Context) (Processor, error)
	// Version, when set, is another one as soon as Open makes another processor.
	// Each lane then takes that one before its next batch: no event waits, none
	// is processed by both. It is asked once a batch.
	Version func() uint64
	// Taken, when set, is told by each lane of a processor that it has opened, of the
	// first event that it gets, and whether it took the place of another. It must not
	// block.
	Taken func(p Processor, from *event.Partition, offset int64, replaced bool)
	// Filter says that events which the step drops count as filtered, not as
	// dropped by business logic.
	Filter bool
}

// Config is a pipeline as configured. Zero values mean the defaults given.
type Config struct {
	Name  string
	Steps []Step
	// DeadLetterTopic is where the dead_letter policy writes. It must be set
	// when a step uses that policy.
	DeadLetterTopic string
	// Letters says that the inputs are dead letters of this pipeline, which a
	// first step makes the events of again that they were. One that fails again is
	// still the letter of the record that it came from.
	Letters bool
	// OnError has the rules for failures outside of any step, which are those of
	// the sink: an event without a target topic, or one that it cannot take.
	// Trying again is of no use there.
	OnError Rules
	// Breaker bounds the share of events that may fail.
	Breaker Breaker
	// SinkTopic is the topic of events for which no processor chose one; it may
	// be empty.
	SinkTopic string
	// CheckTopic, when set, says what is wrong with a topic name that a
	// processor chose. It is asked once for a run of events with the name.
	CheckTopic func(topic string) error
	// AllowTopic, when set, says why the pipeline may not write to a topic that a
	// processor chose. It is asked as CheckTopic is.
	AllowTopic func(topic string) error
	// CheckEvent, when set, says why the sink could not write an event. It is
	// asked for every event with a topic and must be quick.
	CheckEvent func(topic string, e *event.Event) *event.Failure
	// BatchSize is the most events in a batch. Default 256.
	BatchSize int
	// Ordering says how the events of a partition share its Lanes, which are
	// workers with processors of their own. By partition there is one.
	Ordering Ordering
	Lanes    int
	// StuckAfter is how long a batch may be in the processors before the
	// pipeline fails and gives its partitions back: a processor that does not come
	// back would else hold its partition for ever, as heartbeats go on. Waiting for
	// the sink does not count: that is back-pressure. Default 5 min.
	StuckAfter time.Duration
	// CutGrace is how long Run waits, after its context ended, for lanes that
	// are inside a processor. Default 2 s.
	CutGrace time.Duration
	// Provenance, when set, is the name of a header that each output gets, with the
	// digests of the modules that made it.
	Provenance string
	// OnFailure, when set, is told of every event that failed, from the lane's
	// goroutine: it must not block.
	OnFailure func(Report)
}

// Ordering says whose events go through processors one after the other.
type Ordering string

// The orderings. Whatever is chosen, batches leave in the order of their offsets.
const (
	// ByPartition: those of a partition, which has one lane.
	ByPartition Ordering = "partition"
	// ByKey: those of a partition with one key, which always go through the same
	// lane. Those without a key go through any.
	ByKey Ordering = "key"
	// Unordered: each batch goes through whatever lane is free.
	Unordered Ordering = "none"
)

// Report is one failed event as Config.OnFailure sees it.
type Report struct {
	Processor string
	Policy    Policy
	From      *event.Partition
	Offset    int64
	Failure   *event.Failure
}

func (c Config) withDefaults() Config {
	if c.BatchSize <= 0 {
		c.BatchSize = 256
	}
	if c.StuckAfter <= 0 {
		c.StuckAfter = 5 * time.Minute
	}
	if c.CutGrace <= 0 {
		c.CutGrace = 2 * time.Second
	}
	if c.Ordering == ByPartition || c.Ordering == "" || c.Lanes < 1 {
		c.Lanes = 1
	}
	return c
}
