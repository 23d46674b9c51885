package weir

import (
	"errors"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Process registers the function that handles each event. nil sends the event
// on as it is then, unless it was dropped; an error hands it to the pipeline's
// error policy with that text. Call it, or ProcessBatch, once, from init.
func Process(f func(ctx *Context, ev *Event) error) {
	ProcessBatch(func(b *Batch) { b.Each(f) })
}

// ProcessBatch registers a function that handles a batch at a time, to reorder
// it or to look at its events together.
func ProcessBatch(f func(b *Batch)) {
	if guest.process != nil {
		panic("weir: a processor is registered already")
	}
	guest.process = f
}

// Open registers a function that runs once before the first event. Its error
// keeps the pipeline from starting and is shown to whoever starts it.
func Open(f func() error) { guest.open = f }

// Close registers a function that runs before the instance is thrown away in
// good order.
func Close(f func()) { guest.close = f }

// guest is the state of the instance. What entries refer to is reachable from
// here, because the collector does not follow addresses.
var guest struct {
	process func(*Batch)
	open    func() error
	close   func()
	opening []byte // what the host opened the processor with, JSON
	input   []byte
	arena   arena
	batch   Batch
}

func init() {
	border.Guest.Buffer = buffer
	border.Guest.Open = open
	border.Guest.Process = process
	border.Guest.Close = closeGuest
}

// buffer returns the memory that the host writes into: one, replaced when it
// must grow.
func buffer(size uint32) uint32 {
	if uint64(len(guest.input)) < uint64(size) || guest.input == nil {
		guest.input = border.Alloc(int(size))
	}
	return border.Address(&guest.input[0])
}

func open(ptr, n uint32) int32 {
	defer report()
	guest.opening = append([]byte(nil), border.Bytes(border.Span{Ptr: ptr, Len: n})...)
	err := check()
	if err == nil && guest.open != nil {
		err = guest.open()
	}
	if err != nil {
		border.Error(err.Error())
		return 1
	}
	return 0
}

func check() error {
	if guest.process == nil {
		return errors.New("the module registers no processor: call weir.Process from init")
	}
	return nil
}

func process(table, count uint32) uint64 {
	defer report()
	guest.arena.reset()
	b := &guest.batch
	b.begin(border.Slice[border.Entry](border.Span{Ptr: table, Len: count}))
	guest.process(b)
	return b.result()
}

func closeGuest() {
	defer report()
	if guest.close != nil {
		guest.close()
	}
}

// report hands the text of a panic to the host and ends the instance. The host
// adds the stack to it; the runtime would write one into the log each time that
// the host tries a part of the batch.
func report() {
	r := recover()
	if r == nil {
		return
	}
	switch r := r.(type) {
	case error:
		border.Error("panic: " + r.Error())
	case string:
		border.Error("panic: " + r)
	default:
		border.Error("panic")
	}
	border.Abort(r)
}
