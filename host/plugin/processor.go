package plugin

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/wasm"
)

// Processor is one configured instance of a plugin, for one lane. It is used
// from one goroutine at a time.
type Processor struct {
	plugin   *Plugin
	cfg      Config
	capture  *capture.Folder // nil without one
	opening  []byte          // the config as the guest gets it
	counters *Counters
	decoder  *abi.Decoder
	guest    guest
	used     uint64         // fuel, by the last batch
	instance *wasm.Instance // nil after a trap, until the next batch needs one
	batches  int            // that the instance has seen
	closed   bool
}

// Digest is the sha256 of the module, in hexadecimal.
func (p *Processor) Digest() string { return p.plugin.digest }

// Fail hands an input of the batch at hand to the error policy.
type Fail = func(i int, f *event.Failure)

// Process has the guest turn the events of in into events that it appends to
// out, in table order. An event that the guest rejects, or that makes it trap
// or break the ABI when it is alone, is handed to fail and has no outputs. The
// error says that the processor cannot go on.
func (p *Processor) Process(ctx context.Context, in, out []event.Event, fail Fail) ([]event.Event, error) {
	return p.ProcessAt(ctx, 0, in, out, fail)
}

// ProcessAt is Process with the time that the batch is given, in ns since 1970; 0
// is that of the clock. The random numbers follow from the batch, so the same batch
// at the same time is the same to every instance.
func (p *Processor) ProcessAt(ctx context.Context, now int64, in, out []event.Event, fail Fail) ([]event.Event, error) {
	if len(in) == 0 {
		return out, nil
	}
	p.guest.batchTime, p.used = now, 0
	var err error
	if p.capture != nil {
		out, err = p.capturing(ctx, in, out, fail)
	} else {
		out, err = p.run(ctx, part{in: in, fail: fail}, out)
	}
	p.recycle(ctx)
	return out, err
}

// recycleAfter is how many batches an instance sees at least before it is
// recycled: one that needs much memory for each batch would be made anew all
// the time.
const recycleAfter = 100

// recycle ends an instance whose memory has grown too large, as that of a guest
// that leaks does, and which never shrinks. The next batch gets a fresh one.
func (p *Processor) recycle(ctx context.Context) {
	p.batches++
	if p.instance == nil || p.batches < recycleAfter || p.Memory() < p.plugin.limits.RecycleAt || p.plugin.limits.RecycleAt >= p.plugin.limits.Memory {
		return
	}
	p.counters.Recycled.Add(1)
	if err := p.discard(ctx, true); err != nil {
		p.guest.log.log.Warn("an instance whose memory has grown too large does not end in good order", zap.Error(err))
	}
}

// part is a batch, or the part of it that runs by itself.
type part struct {
	in    []event.Event
	first int // the index of in[0] in the batch
	fail  Fail
}

// halves splits a part of at least two events.
func (b part) halves() []part {
	left, right := b, b
	half := len(b.in) / 2
	left.in, right.in = b.in[:half], b.in[half:]
	right.first += half
	return []part{left, right}
}

// singles splits a part into its events.
func (b part) singles() []part {
	all := make([]part, len(b.in))
	for i := range all {
		all[i] = b
		all[i].in, all[i].first = b.in[i:i+1], b.first+i
	}
	return all
}

// run processes a part; when it cannot pass as a whole, in halves, until the
// guilty event stands alone. One that went over a limit is run event by event:
// each half with the guilty event in it would take as long again.
func (p *Processor) run(ctx context.Context, b part, out []event.Event) ([]event.Event, error) {
	result, err := p.attempt(ctx, b, out)
	if p.instance != nil {
		p.used += p.burnt()
	}
	if err == nil {
		p.reject(b)
		return result, nil
	}
	failure, err := p.judge(ctx, err)
	if err != nil {
		return out, err
	}
	if len(b.in) == 1 {
		if failure.Class == event.Reject {
			p.counters.Rejects.Add(1)
		}
		b.fail(b.first, failure)
		return out, nil
	}
	parts := b.halves()
	if failure.Class == event.Fuel {
		parts = b.singles()
	}
	for _, one := range parts {
		if out, err = p.run(ctx, one, out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// attempt runs the guest once. After an error out is as it was.
func (p *Processor) attempt(ctx context.Context, b part, out []event.Event) ([]event.Event, error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	if p.instance == nil {
		if err := p.start(ctx); err != nil {
			return out, &startError{err}
		}
	}
	p.guest.recent.reset()
	layout := abi.Measure(b.in)
	ptr, err := p.instance.Buffer(ctx, layout.Size())
	if errors.Is(err, wasm.ErrNoMemory) {
		return out, fmt.Errorf("%d bytes of events: %w", layout.Size(), err)
	}
	if err != nil {
		return out, err
	}
	layout.Encode(p.instance.Memory()[ptr:uint64(ptr)+layout.Size()], ptr, b.in)
	at, n, err := p.instance.Process(ctx, batchOf(b), ptr, uint32(len(b.in)))
	if err != nil {
		return out, err
	}
	return p.decoder.Decode(p.instance.Memory(), at, n, b.in, out, p.instance.Rejected())
}

func batchOf(b part) wasm.Batch {
	first := &b.in[0]
	batch := wasm.Batch{Offset: first.Offset}
	if first.From != nil {
		batch.Topic, batch.Partition = first.From.Topic, first.From.Number
	}
	return batch
}

// reject hands over what the guest rejected.
func (p *Processor) reject(b part) {
	rejects := p.instance.Rejects()
	for _, r := range rejects {
		b.fail(b.first+int(r.Index), p.failure(event.Reject, r.Message))
	}
	p.counters.Rejects.Add(uint64(len(rejects)))
}

// startError is a fresh instance that cannot be made: no event is to blame.
type startError struct{ error }

func (e *startError) Unwrap() error { return e.error }

// judge turns the error of an attempt into the failure of the event that turns
// out to be guilty, or gives it back when none can be. It throws away an
// instance that is not to be used on.
func (p *Processor) judge(ctx context.Context, err error) (*event.Failure, error) {
	var start *startError
	if errors.As(err, &start) {
		return nil, start.error
	}
	if errors.Is(err, wasm.ErrNoMemory) {
		return p.failure(event.Reject, err.Error()), nil
	}
	class := p.classify(err)
	if class == "" {
		return nil, err
	}
	if e := p.discard(ctx, false); e != nil {
		return nil, errors.Join(err, e)
	}
	if e := ctx.Err(); e != nil && errors.Is(err, e) {
		return nil, e // the guest was stopped, not at fault
	}
	return p.failure(class, err.Error()+p.guest.recent.String()), nil
}

// classify counts what ended an instance, and returns the class of the failure;
// none when the instance is not at its end.
func (p *Processor) classify(err error) event.Class {
	var violation *abi.Error
	var exhausted *wasm.Exhausted
	var trap *wasm.Trap
	switch {
	case errors.As(err, &violation):
		p.counters.Violations.Add(1)
		return event.ABI
	case errors.As(err, &exhausted):
		switch exhausted.Limit {
		case wasm.CallDepth:
			p.counters.Traps.Add(1)
			return event.Trap
		case wasm.Timeout:
			p.counters.Overdue.Add(1)
		default:
			p.counters.Exhausted.Add(1)
		}
		return event.Fuel
	case errors.As(err, &trap):
		p.counters.Traps.Add(1)
		return event.Trap
	}
	return ""
}

// maxMessage keeps a failure's message, which travels in a record's header,
// small.
const maxMessage = 4 << 10

func (p *Processor) failure(class event.Class, message string) *event.Failure {
	return &event.Failure{Class: class, Message: cut(message, maxMessage), Digest: p.plugin.digest, Attempt: 1}
}

func (p *Processor) start(ctx context.Context) error {
	in, err := p.plugin.newInstance(ctx, &p.guest, p.opening)
	if err != nil {
		return err
	}
	p.instance, p.batches = in, 0
	p.counters.Instances.Add(1)
	p.burnt()
	return nil
}

// burnt books the fuel that the instance has used.
func (p *Processor) burnt() uint64 {
	fuel := p.instance.TakeFuel()
	p.counters.Fuel.Add(fuel)
	if p.cfg.Account != nil {
		p.cfg.Account.Burn(fuel)
	}
	return fuel
}

// discard closes the instance; the next batch gets a fresh one.
func (p *Processor) discard(ctx context.Context, orderly bool) error {
	in := p.instance
	p.instance = nil
	return in.Close(ctx, orderly)
}

// Now is the time that the last batch was given, in ns since 1970, or would have
// been if it had asked.
func (p *Processor) Now() int64 { return p.guest.Now() }

// Used is the fuel of the last batch, without that of starting instances.
func (p *Processor) Used() uint64 { return p.used }

// Memory is the size of the instance's memory in bytes, 0 while there is no
// instance.
func (p *Processor) Memory() uint64 {
	if p.instance == nil {
		return 0
	}
	return uint64(len(p.instance.Memory()))
}

// Close ends the processor. Its guest is told before.
func (p *Processor) Close(ctx context.Context) error {
	if p.closed {
		return nil
	}
	p.closed = true
	var err error
	if p.instance != nil {
		err = p.discard(ctx, true)
	}
	p.guest.log.sayHowMany()
	if err = errors.Join(err, p.plugin.loader.release(ctx, p.plugin.loaded)); err != nil {
		return fmt.Errorf("module %s: close: %w", p.plugin.ref, err)
	}
	return nil
}
