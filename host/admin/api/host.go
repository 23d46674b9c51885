package api

import (
	"context"
	"time"
)

// Host is what the API needs of the process. Its methods are called by many
// requests at a time. An error that is an *Error says what the client is told;
// of any other the client learns nothing but that there was one.
type Host interface {
	// Pipelines are all of them, in the order of the configuration.
	Pipelines() []PipelineDetail
	// Pause keeps a pipeline from reading more, and returns when nothing more
	// begins, or ctx ends.
	Pause(ctx context.Context, pipeline string) error
	Resume(ctx context.Context, pipeline string) error
	// ClearError makes a pipeline go on that a failure stopped.
	ClearError(ctx context.Context, pipeline string) error
	// Seek makes a pipeline that is paused or stopped go on at another place:
	// earliest, latest, an offset or a time.
	Seek(ctx context.Context, pipeline, to string) error
	// Reload reads the configuration anew and applies what changed, or with dry
	// only says what would.
	Reload(ctx context.Context, dry bool) (Reload, error)
	// Tap shows events between processors until ctx ends or a call-back of sink
	// fails, whose error it returns. It calls sink.Counts at the beginning and about
	// once a second, and nothing of sink when what is wanted cannot be.
	Tap(ctx context.Context, pipeline string, want TapQuery, sink TapSink) error
	// Tenants are all of them, in the order of the configuration.
	Tenants() []Tenant
	// Differences are records of which the candidates beside a pipeline's modules
	// made something else: the newest of each kind.
	Differences(pipeline string) []Difference
}

// Health is what the state of a pipeline means.
type Health string

// The healths of a pipeline.
const (
	Up       Health = "up"       // events flow, or could
	Degraded Health = "degraded" // they do, but somebody should look
	Waiting  Health = "waiting"  // not yet, or no longer, by plan
	Down     Health = "down"     // not any more
)

// Pipeline is one pipeline, in short.
type Pipeline struct {
	Name   string    `json:"name" doc:"How the configuration calls it."`
	Tenant string    `json:"tenant,omitempty" doc:"Whose it is. Absent where there are no tenants."`
	State  string    `json:"state" doc:"Such as starting, running, paused, draining, ended or stopped (by a failure)."`
	Since  time.Time `json:"since" doc:"When the state began."`
	Health Health    `json:"health" enum:"up,degraded,waiting,down" doc:"What the state means: up (events flow, or could), degraded (they do, but somebody should look), waiting (not yet, or no longer, by plan), down."`
	Reason string    `json:"reason,omitempty" doc:"Why it is as it is, where there is more to say."`
	Stop   *Stop     `json:"stop,omitempty" doc:"Which failure stopped it, or is stopping it."`
	Lag    Lag       `json:"lag" doc:"How far it is behind."`
	Events Events    `json:"events" doc:"What became of the records that it read, since its start. consumed = delivered + dropped + filtered + dead_lettered + abandoned + in_flight."`
}

// Stop is the failure that stopped a pipeline. Class, Processor and Event are there
// where it is that of an event.
type Stop struct {
	Message   string `json:"message"`
	Class     string `json:"class,omitempty" doc:"Such as reject or trap."`
	Processor string `json:"processor,omitempty"`
	Event     *Place `json:"event,omitempty" doc:"The guilty one, at which the offset stays."`
}

// Place is where an event stands.
type Place struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Lag is how far a reader is behind.
type Lag struct {
	Records int64   `json:"records" doc:"Records that are not committed yet, of all its partitions."`
	Seconds float64 `json:"seconds" doc:"The age of the oldest of them, by their timestamps."`
}

// Events are the books of a pipeline.
type Events struct {
	Consumed     uint64 `json:"consumed"`
	Delivered    uint64 `json:"delivered"`
	Dropped      uint64 `json:"dropped"`
	Filtered     uint64 `json:"filtered"`
	DeadLettered uint64 `json:"dead_lettered"`
	Abandoned    uint64 `json:"abandoned" doc:"Began and could not end, because the pipeline stopped; they are read again."`
	InFlight     int64  `json:"in_flight"`
}

// PipelineDetail is all that there is to say of a pipeline.
type PipelineDetail struct {
	Pipeline
	Delivery   string      `json:"delivery" enum:"at_least_once,exactly_once"`
	Sources    []Source    `json:"sources"`
	Processors []Processor `json:"processors" doc:"The chain, in order."`
	Sink       Sink        `json:"sink"`
	DeadLetter string      `json:"dead_letter,omitempty" doc:"The topic of failed events."`
	Restarts   uint64      `json:"restarts" doc:"How often its error was cleared."`
	Held       Held        `json:"held" doc:"What it has read and not ended."`
}

// Source is where a pipeline reads.
type Source struct {
	Connection string         `json:"connection"`
	Group      string         `json:"group"`
	Topics     []string       `json:"topics" doc:"Names, or regular expressions that begin with ^."`
	Rebalances uint64         `json:"rebalances" doc:"How often partitions were given to it or taken away."`
	Partitions []PartitionLag `json:"partitions" doc:"Those that it has now, as far as their ends are known."`
}

// PartitionLag is how far one partition is behind.
type PartitionLag struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Records   int64   `json:"records"`
	Seconds   float64 `json:"seconds"`
}

// Held is what a pipeline has under way, with its limits.
type Held struct {
	Records    int `json:"records"`
	Bytes      int `json:"bytes"`
	MaxRecords int `json:"max_records"`
	MaxBytes   int `json:"max_bytes"`
}

// Processor is one step of the chain.
type Processor struct {
	Name     string            `json:"name"`
	Kind     string            `json:"kind" enum:"module,key_filter,schema,sink" doc:"What it is. The last of the chain is called sink: it counts the events that could not be written."`
	Module   string            `json:"module,omitempty" doc:"As the configuration has it."`
	Digest   string            `json:"digest,omitempty" doc:"Of the module that new batches get: sha256: and hexadecimal digits."`
	Seconds  float64           `json:"seconds" doc:"Time spent in it."`
	Dropped  uint64            `json:"dropped"`
	Filtered uint64            `json:"filtered"`
	Failed   map[string]uint64 `json:"failed" doc:"Failed events by class; classes without any are left out."`
	Retried  uint64            `json:"retried"`
	// The rest is of modules.
	Instances uint64            `json:"instances,omitempty" doc:"Instances of the module."`
	Fuel      uint64            `json:"fuel,omitempty" doc:"Fuel that its instances used."`
	Traps     map[string]uint64 `json:"traps,omitempty" doc:"Ends of instances by cause."`
	Reloads   uint64            `json:"reloads,omitempty" doc:"How often the module was replaced."`
	Refused   uint64            `json:"refused_reloads,omitempty" doc:"How often one was not taken."`
	Shadow    *Shadow           `json:"shadow,omitempty" doc:"The candidate that runs beside it."`
}

// Shadow is what is known of a candidate.
type Shadow struct {
	Module    string            `json:"module" doc:"As the configuration has it."`
	Digest    string            `json:"digest" doc:"Of the candidate."`
	Compared  uint64            `json:"compared" doc:"Batches of which both sides were compared."`
	Dropped   uint64            `json:"dropped" doc:"Batches for which there was no capacity."`
	Broken    uint64            `json:"broken" doc:"Batches of partitions in which the candidate cannot go on."`
	Same      uint64            `json:"same" doc:"Records of which the same came."`
	Different map[string]uint64 `json:"different" doc:"Records of which something else came, by what differs first: failure, count, value, key, topic, partition, timestamp, headers or context."`
	Live      ShadowSide        `json:"live" doc:"What the module in use took in the batches that were compared."`
	Candidate ShadowSide        `json:"candidate" doc:"What the candidate took in them."`
}

// ShadowSide is what one side of a comparison took.
type ShadowSide struct {
	Seconds float64           `json:"seconds"`
	Fuel    uint64            `json:"fuel"`
	Failed  map[string]uint64 `json:"failed" doc:"Events that failed, by class."`
}

// Difference is a record of which a candidate made something else.
type Difference struct {
	Processor string `json:"processor"`
	Kind      string `json:"kind" doc:"What differs first."`
	Record    Place  `json:"record" doc:"The record that was read."`
	Live      string `json:"live" doc:"What the module in use made, as far as it differs; long values are cut."`
	Candidate string `json:"candidate" doc:"What the candidate made."`
}

// Sink is where a pipeline writes.
type Sink struct {
	Connection string            `json:"connection"`
	Topic      string            `json:"topic,omitempty" doc:"Absent where processors choose one."`
	Produced   map[string]uint64 `json:"produced" doc:"Records written, by topic."`
}

// Module is a module that pipelines use.
type Module struct {
	Digest string      `json:"digest" doc:"sha256: and hexadecimal digits."`
	Module string      `json:"module" doc:"As the configuration has it."`
	UsedBy []ModuleUse `json:"used_by"`
}

// ModuleUse is one processor that runs a module.
type ModuleUse struct {
	Pipeline  string `json:"pipeline"`
	Processor string `json:"processor"`
}

// Version is which weir answers.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty" doc:"Of the sources that it was built from."`
	Go       string `json:"go" doc:"The version of Go that it was built with."`
}
