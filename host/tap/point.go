package tap

import (
	"bytes"
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/host/event"
)

// Processor is what a point stands around, as the pipeline has it.
type Processor interface {
	Process(ctx context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error)
	Close(ctx context.Context) error
}

// Around puts the point around a processor.
func (p *Point) Around(inner Processor) Processor { return &watched{inner, p} }

type watched struct {
	Processor
	point *Point
}

// Digest is that of the processor's module, "" without one.
func (w *watched) Digest() string {
	if m, ok := w.Processor.(interface{ Digest() string }); ok {
		return m.Digest()
	}
	return ""
}

// failed is an event that the processor failed, by its index.
type failed struct {
	at int
	f  event.Failure
}

func (w *watched) Process(ctx context.Context, in, out []event.Event, fail func(i int, f *event.Failure)) ([]event.Event, error) {
	taps := w.point.Board.taps.Load()
	if taps == nil {
		return w.Processor.Process(ctx, in, out, fail)
	}
	had := len(out)
	var failures []failed
	out, err := w.Processor.Process(ctx, in, out, func(i int, f *event.Failure) {
		failures = append(failures, failed{i, *f})
		fail(i, f)
	})
	if err == nil {
		for _, t := range *taps {
			if t.cfg.Processor == "" || t.cfg.Processor == w.point.Name {
				t.look(w.point, in, out[had:], failures)
			}
		}
	}
	return out, err
}

// look copies what the tap wants to see of a batch, as far as its budget goes.
func (t *Tap) look(p *Point, in, out []event.Event, failures []failed) {
	for k := range in {
		e := &in[k]
		if !t.wants(e) || k > 0 && in[k-1].Origin == e.Origin {
			continue // the events of a record are shown together
		}
		if !t.chooses(p, e) || seen(in[:k], e.Origin) { // of a processor that reordered
			continue
		}
		t.looked.Add(1)
		x := &Exchange{Processor: p.Name, Filter: p.Filter, From: e.From, Offset: e.Offset, At: time.Now()}
		x.Before = x.copies(in, e.Origin)
		x.After = x.copies(out, e.Origin)
		for i := range failures {
			if f := &failures[i]; in[f.at].Origin == e.Origin {
				x.Failure = &f.f
				break
			}
		}
		t.offer(x)
	}
}

// whole is where to cut a text so that no letter of it is cut.
func whole(text []byte, at int) int {
	for back := at; back > at-utf8.UTFMax; back-- {
		if utf8.RuneStart(text[back]) {
			return back
		}
	}
	return at
}

func seen(events []event.Event, origin int32) bool {
	for i := range events {
		if events[i].Origin == origin {
			return true
		}
	}
	return false
}

// offer queues an exchange, unless there is no room.
func (t *Tap) offer(x *Exchange) {
	if t.held.Add(int64(x.size)) <= maxHeld {
		select {
		case t.queue <- x:
			return
		default:
		}
	}
	t.held.Add(-int64(x.size))
	t.dropped.Add(1)
}

// copies takes the events of a record.
func (x *Exchange) copies(events []event.Event, origin int32) []Event {
	var out []Event
	for i := range events {
		if events[i].Origin != origin {
			continue
		}
		if len(out) == maxEvents {
			x.More++
			continue
		}
		c := Event{Event: events[i]}
		if len(c.Value) > maxValue {
			c.Cut, c.Value = len(c.Value), c.Value[:whole(c.Value, maxValue)]
		}
		c.Value, c.Key = bytes.Clone(c.Value), bytes.Clone(c.Key)
		c.Headers = slices.Clone(c.Headers)
		for h := range c.Headers {
			c.Headers[h].Value = bytes.Clone(c.Headers[h].Value)
		}
		c.Context = slices.Clone(c.Context)
		for p := range c.Context {
			c.Context[p].Value.Data = bytes.Clone(c.Context[p].Value.Data)
			x.size += len(c.Context[p].Name) + len(c.Context[p].Value.Data)
		}
		x.size += c.Size()
		out = append(out, c)
	}
	return out
}
