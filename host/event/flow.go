package event

import (
	"context"
	"errors"
)

// The words between a source, which knows what a record and an offset are, and
// the lanes, which know when an event has ended. They stand here because both
// sides speak them and neither imports the other.

// Intake is what a source sees of its pipeline. It may be called from several
// goroutines.
type Intake interface {
	// Ready says that the source has joined: it reads whatever is its part,
	// which may be nothing.
	Ready()
	// Open makes the lane of a partition that the source now owns. ctx bounds
	// the lane's life.
	Open(ctx context.Context, p *Partition, offsets Offsets) Lane
	// Drain closes lanes: what has not started is forgotten, what has is
	// waited for, the sink flushed, until ctx ends. A closed lane ignores
	// Feed. A lane that is not done in time ends its batch late, and calls
	// Offsets late, which must know that it is.
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
	Fill(dst []Event, from int, origin int32) (size int)
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

// ErrWithdrawn is the end of a batch whose outputs count for nothing, by no fault
// of any event: it is read again. A pipeline abandons the batch and goes on.
var ErrWithdrawn = errors.New("withdrawn; it is read again")
