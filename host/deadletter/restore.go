package deadletter

import (
	"context"
	"sync/atomic"

	"github.com/weirhq/weir/host/event"
)

// Redrive is the first step of a pipeline that reads its own dead letters: it
// makes the events again that they were. Its counters are read at any time.
type Redrive struct {
	// Selection chooses the letters; the others are passed over.
	Selection Selection

	// Taken counts the letters that went on, Passed those that were not chosen
	// or are no letters, Cut those that lack a part of their value.
	Taken, Passed, Cut atomic.Uint64
}

// Lane makes the processor of a lane.
func (r *Redrive) Lane() *Restorer { return &Restorer{redrive: r} }

// Restorer satisfies the pipeline's Processor interface.
type Restorer struct {
	redrive *Redrive
	// last is the partition of the letter before, which is mostly that of the
	// next.
	last *event.Partition
}

// Process gives the events that the chosen letters were, in their order. To the
// processors behind it they come from where they first came from.
func (r *Restorer) Process(_ context.Context, in, out []event.Event, _ func(int, *event.Failure)) ([]event.Event, error) {
	for i := range in {
		l, ok := Parse(&in[i])
		switch {
		case !ok || !r.redrive.Selection.Takes(l):
			r.redrive.Passed.Add(1)
			continue
		case l.Cut > 0:
			r.redrive.Cut.Add(1)
			continue
		}
		r.redrive.Taken.Add(1)
		e := in[i]
		e.Headers = l.Headers
		if l.Source.Topic != "" && l.Source.Number >= 0 && l.SourceOffset >= 0 {
			e.From, e.Offset = r.from(l.Source), l.SourceOffset
		}
		if l.SourceTimestamp >= 0 {
			e.Timestamp = l.SourceTimestamp
		}
		out = append(out, e)
	}
	return out, nil
}

func (r *Restorer) from(p event.Partition) *event.Partition {
	if r.last == nil || *r.last != p {
		r.last = &p
	}
	return r.last
}

// Close implements the pipeline's Processor.
func (r *Restorer) Close(context.Context) error { return nil }
