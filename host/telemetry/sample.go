// Package telemetry turns what the host counts into Prometheus metrics.
//
// The host counts in its own atomics and knows no metrics library. At each
// scrape the Registry asks once for a Sample of every pipeline and writes it
// out, so counting costs the event path nothing more than the addition. The
// registry is the host's own; the client library's global one stays unused.
package telemetry

import "time"

// State is where a pipeline is in its life.
type State string

// The states of a pipeline, in the order of its life.
const (
	// Starting: connecting, joining the group, opening lanes.
	Starting State = "starting"
	// Running: events flow, or would if there were any.
	Running State = "running"
	// Paused: running, but nothing new is read until somebody says so.
	Paused State = "paused"
	// Draining: the intake is closed and what is in flight ends.
	Draining State = "draining"
	// Ended: in good order, by a drain or at the end of its input.
	Ended State = "ended"
	// Stopped: by a failure.
	Stopped State = "stopped"
)

// States lists the valid states. Each is a series of weir_pipeline_state.
var States = []State{Starting, Running, Paused, Draining, Ended, Stopped}

// Sample is a pipeline at one moment. The numbers are totals since the
// process started, except InFlight, Held and Lags. At rest they obey
//
//	Consumed = Delivered + Abandoned + InFlight
//	           + Dropped + Filtered + DeadLettered of every processor
type Sample struct {
	Pipeline string
	State    State

	Consumed   uint64
	Delivered  uint64
	Abandoned  uint64
	InFlight   int64
	Batches    uint64
	Rebalances uint64
	// SourceErrors counts errors of reading after which reading went on.
	SourceErrors uint64
	// SkippedOffsets counts offsets that were gone before they were read.
	SkippedOffsets uint64

	Processors []ProcessorSample
	Topics     []TopicSample
	// Transactions is nil unless the pipeline delivers exactly once.
	Transactions *TransactionsSample
	// Held is what the sources hold, Limit what they may.
	Held, Ahead, Limit Load
	// Processing is of batches in the processors, Latency of events from the
	// beginning of their batch until it ended, in seconds.
	Processing, Latency Histogram
	// SourceWaited is how long sources did not read because their limit was
	// reached, SinkWaited how long lanes waited for room in the sink, in seconds.
	SourceWaited, SinkWaited float64
	// Lags are those of the partitions that the pipeline owns now.
	Lags []LagSample
}

// Load is an amount of records.
type Load struct{ Records, Bytes int }

// LagSample is how far a pipeline is behind the end of a partition, in records and
// by the age of the oldest of them in seconds.
type LagSample struct {
	Topic     string
	Partition int32
	Records   int64
	Seconds   float64
}

// TransactionsSample counts the transactions of a pipeline. Duration is of those
// that were committed, in seconds.
type TransactionsSample struct {
	Committed, Aborted uint64
	Duration           Histogram
}

// ProcessorSample is one processor of a pipeline. Failures outside of any
// processor, such as an event that nobody gave a topic, are reported under the
// name "sink".
type ProcessorSample struct {
	Name string
	// Dropped counts events without an output and those dropped by the error
	// policy. Filtered counts what a filter discarded.
	Dropped  uint64
	Filtered uint64
	// Retried counts further attempts at events that had failed.
	Retried uint64
	// Timed says that the processor has a time, the seconds that it took.
	Timed    bool
	Seconds  float64
	Failures []FailureSample
	// Rules are what the rules of a key filter matched.
	Rules []RuleSample
	// Instances, Fuel, Recycled and Traps are of WebAssembly modules only; Module says
	// that this is one.
	Module    bool
	Instances uint64
	Fuel      uint64
	Recycled  uint64
	Traps     []TrapSample
	// Digest is the module's, "sha256:…". Reloads have put another module in its
	// place; those that were refused kept it.
	Digest                  string
	Reloads, RefusedReloads uint64
	// Lookups are those of a schema step.
	Lookups []LookupSample
	// Guest holds what the module measures itself.
	Guest []GuestSample
	// Shadow is nil without a candidate beside the module.
	Shadow *ShadowSample
}

// ShadowSample is a candidate beside a module.
type ShadowSample struct {
	// Digest is the candidate's, "sha256:…".
	Digest string
	// Batches by what became of them: compared, dropped, broken.
	Batches []CountSample
	// Same counts records of which the same came, Different the others by the first
	// difference.
	Same      uint64
	Different []CountSample
	// Live and Candidate are what both took in the batches that were compared.
	Live, Candidate WorkSample
}

// WorkSample is what one side of a comparison did.
type WorkSample struct {
	Seconds float64
	Fuel    uint64
	Failed  []CountSample // by class
}

// CountSample is a count of things of one name.
type CountSample struct {
	Name  string
	Count uint64
}

// GuestSample is one of a module's own metrics. Value is that of a counter or a
// gauge; Histogram is set for a histogram.
type GuestSample struct {
	Name      string
	Counter   bool
	Value     float64
	Histogram *Histogram
}

// Histogram counts observations. Buckets holds, by upper bound, how many were
// at most that.
type Histogram struct {
	Count   uint64
	Sum     float64
	Buckets map[float64]uint64
}

// FailureSample counts the failures of one class in one processor, and how
// many of them became dead letters.
type FailureSample struct {
	Class        string
	Failed       uint64
	DeadLettered uint64
}

// TrapSample counts the instances that were thrown away for one cause.
type TrapSample struct {
	Cause string
	Count uint64
}

// LookupSample counts the schemas that a schema step looked for, by what came of
// it.
type LookupSample struct {
	Result string
	Count  uint64
}

// RuleSample counts the keys that a rule of a key filter was the first to match.
type RuleSample struct {
	Rule    string
	Matches uint64
}

// TopicSample counts the records that the brokers acknowledged for one topic.
type TopicSample struct {
	Topic    string
	Produced uint64
}

// ReloadSample counts the reloads of the process by what came of them. Last is when
// the last one was, zero before the first, and Success whether it was taken.
type ReloadSample struct {
	Applied, Unchanged, Refused uint64
	Last                        time.Time
	Success                     bool
}
