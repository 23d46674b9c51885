package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/host/event"
)

// retry gives the events that step i failed to it again, alone and one after
// the other, as their rules say, and puts what comes of them where it belongs in
// out. Those that failed for good stay in c.failed. When the lane is shut while
// one waits, the batch is cut before it: it is read again later.
func (c *chain) retry(ctx context.Context, i int, in, out []event.Event) ([]event.Event, error) {
	rules := &c.plan.Steps[i].OnError
	c.trying = append(c.trying[:0], c.failed...)
	c.failed = c.failed[:0]
	slices.SortStableFunc(c.trying, func(a, b failed) int { return a.at - b.at })
	end := c.cut // nothing from there on can count any more
	for _, f := range c.trying {
		if f.origin >= end {
			break
		}
		if c.fails(f.origin) {
			continue // another event of the same record failed for good
		}
		more, last, err := c.again(ctx, i, in, f)
		switch {
		case err != nil:
			return nil, err
		case c.cut <= f.origin:
			return out, nil
		case last.f != nil:
			c.failed = append(c.failed, last)
			if rules.Of(last.f.Class).policy() == Stop {
				end = min(end, f.origin)
			}
		default:
			out = slices.Insert(out, after(out, f.origin), more...)
		}
	}
	return out, nil
}

// again tries one event until it passes, and returns what becomes of it, or
// until it may not be tried any more, and returns the last failure.
func (c *chain) again(ctx context.Context, i int, in []event.Event, f failed) (more []event.Event, last failed, err error) {
	step := &c.plan.Steps[i]
	for attempt := 2; ; attempt++ {
		retry := &step.OnError.Of(f.f.Class).Retry
		if attempt > 1+retry.Max {
			return nil, f, nil
		}
		since := time.Now()
		waited := c.pause(ctx, retry.wait(attempt, chance()))
		c.waited += time.Since(since)
		if !waited {
			c.cut = f.origin
			return nil, failed{}, nil
		}
		c.plan.counters[i].retried.Add(1)
		kept := len(c.failed)
		c.in = in[f.at : f.at+1]
		more, err = c.processors[i].Process(ctx, c.in, nil, c.fail)
		c.in = in
		if err != nil {
			return nil, failed{}, fmt.Errorf("processor %s: %w", step.Name, err)
		}
		if len(c.failed) == kept {
			return more, failed{}, nil
		}
		f.f = c.failed[kept].f
		f.f.Attempt = attempt
		c.failed = c.failed[:kept]
	}
}

// fails tells whether an origin is among the failed ones of the step.
func (c *chain) fails(origin int) bool {
	return slices.ContainsFunc(c.failed, func(f failed) bool { return f.origin == origin })
}

// after is where the outputs of an event belong that comes late: before those
// of later records. A processor that reorders gets them there too.
func after(out []event.Event, origin int) int {
	for k := range out {
		if int(out[k].Origin) > origin {
			return k
		}
	}
	return len(out)
}

// pause waits on behalf of the chain, and returns false when the lane is shut
// or ctx ends before. The watchdog does not count the time.
func (w *worker) pause(ctx context.Context, d time.Duration) bool {
	since := w.busy.Swap(0)
	defer func() { w.busy.Store(since + int64(d)) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-w.lane.shutting:
		return false
	case <-ctx.Done():
		return false
	}
}
