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
	Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error
}

// Processor turns events into events. One belongs to one lane and is called
// from one goroutine at a time.
type Processor interface {
	// Process appends to out what becomes of in, in the order in which it
	// shall leave, and returns the extended slice. An output keeps From, Offset
	// and Origin of the input that it derives from. An input without output was
	// dropped on purpose. fail hands in[i] to the error policy; no output
	// derives from it then. It may be given to the processor again, alone. in is valid during the call only, the
	// bytes it points to for as long as the batch lives. An error is a failure of the host
	// and stops the pipeline.
	Process(ctx context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error)
	// Close lets go of what the processor holds.
	Close(ctx context.Context) error
}

// Module is what a processor is that is made of a module.
type Module interface {
	// Digest is the sha256 of the module, in hexadecimal; "" where it is none.
	Digest() string
}

// Sink writes events.
type Sink interface {
	// Write hands over events, in order, and calls done exactly once, from any
	// goroutine: with nil when the brokers have all of them, else with the
	// first error once the fate of all is known. event.ErrWithdrawn is none of
	// the pipeline's: the source reads the events again. Write blocks only while the
	// sink's buffer is full. It does not use events after it returned, but the
	// bytes that they point to until done.
	Write(ctx context.Context, events []event.Event, done func(error))
	// Flush waits until every write so far is done, or ctx ends.
	Flush(ctx context.Context) error
}
