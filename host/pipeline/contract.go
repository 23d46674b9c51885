package pipeline

import (
	"context"

	"github.com/weirhq/weir/host/event"
)

// Source reads records and feeds them to lanes.
type Source interface {
	// Run reads until it fails, drain is closed, its bounded input is at its
	// end (both return nil), or ctx ends. Before it returns on drain or at
	// the end, it drains every lane, commits what was acknowledged and leaves
	// the group. When ctx ends it returns at once and commits nothing more.
	Run(ctx context.Context, drain <-chan struct{}, in Intake) error
}

// Intake is what a source sees of the pipeline. Its methods are called from
// one goroutine at a time.
type Intake interface {
	// Open makes the lane of a partition that the source now owns.
	Open(p *event.Partition, offsets Offsets) Lane
	// Drain closes lanes: what has not started is forgotten, what has is
	// waited for, the sink flushed, until ctx ends. A closed lane ignores
	// Feed; late acknowledgements still reach Offsets, which must know that
	// they are late.
	Drain(ctx context.Context, lanes []Lane) error
}

// Lane is the ordered worker of one partition.
type Lane interface {
	// Feed queues records and returns at once. The source bounds what it
	// feeds by what Offsets gives back.
	Feed(r Records)
}

// Records is a run of records of one partition in offset order, owned by the
// lane once fed. It may hold no record and yet move the position, when the log
// holds only what is no event (control records) there.
type Records interface {
	// Len is the number of records.
	Len() int
	// Fill makes events of the records from index from on, as many as dst has
	// room for, numbers their Origin from origin on, and returns their size.
	Fill(dst []event.Event, from int, origin int32) (size int)
	// After is the position once the first n records are done, past what the
	// log holds behind them that is no event.
	After(n int) (next int64, epoch int32)
}

// Offsets keeps the account of one partition's batches. A lane calls Begin and
// Truncate in order from its own goroutine; End comes from any goroutine and in
// any order.
type Offsets interface {
	// Begin opens the next batch: count events that hold size bytes, after
	// which the partition goes on at offset next.
	Begin(next int64, epoch int32, count, size int) (batch uint64)
	// End says that every event of the batch has ended: delivered, dropped or
	// dead-lettered. It is called at most once a batch.
	End(batch uint64)
	// Truncate says that the batch ends before offset next, where an event
	// could not be ended: nothing from there on may be committed.
	Truncate(batch uint64, next int64)
}

// Processor turns events into events. One belongs to one lane and is called
// from one goroutine at a time.
type Processor interface {
	// Process appends to out what becomes of in, in the order in which it
	// shall leave, and returns the extended slice. An output keeps From, Offset
	// and Origin of the input that it derives from. An input without output was
	// dropped on purpose. fail hands in[i] to the error policy; outputs that
	// derive from it are then ignored. in is valid during the call only, the
	// bytes it points to for as long as the batch lives. An error is a failure of the host
	// and stops the pipeline.
	Process(ctx context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error)
	// Close lets go of what the processor holds.
	Close(ctx context.Context) error
}

// Sink writes events.
type Sink interface {
	// Write hands over events, in order, and calls done exactly once, from any
	// goroutine: with nil when the brokers have all of them, else with the
	// first error once the fate of all is known. Write blocks only while the
	// sink's buffer is full. It does not use events after it returned, but the
	// bytes that they point to until done.
	Write(ctx context.Context, events []event.Event, done func(error))
	// Flush waits until every write so far is done, or ctx ends.
	Flush(ctx context.Context) error
}
