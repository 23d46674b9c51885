package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/verify"
)

// drain asks the process to stop, which has to end well, and notes what is true
// then.
func (c *campaign) drain(ctx context.Context) error {
	clean, err := c.terminated(ctx, c.child)
	if err != nil {
		return err
	}
	return c.stopped(ctx, !clean)
}

// terminated asks a process to end, and tells whether it did so in good order.
func (c *campaign) terminated(ctx context.Context, p *child) (clean bool, err error) {
	if p.gone() {
		if !c.failed {
			c.anomaly(p, verify.Crash, "the process ended by itself: %v", p.cmd.ProcessState)
		}
		return false, nil
	}
	if err := terminate(p.cmd.Process); err != nil && !p.gone() {
		return false, fmt.Errorf("stop the process: %w", err)
	}
	slow := time.NewTimer(c.Patience + talk) // of which a drain takes 30 s at most
	defer slow.Stop()
	select {
	case <-p.exited:
	case <-slow.C:
		p.kill()
		c.anomaly(p, verify.Crash, "it had not ended %v after SIGTERM", c.Patience+talk)
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	switch {
	case !everyFault:
		return false, nil
	case !p.cmd.ProcessState.Success():
		c.anomaly(p, verify.Crash, "after SIGTERM: %v", p.cmd.ProcessState)
		return false, nil
	}
	if wrong := p.books(); wrong != "" {
		c.anomaly(p, verify.Books, "%s", wrong)
	}
	return true, nil
}

// stopped notes what is true while the process does nothing.
func (c *campaign) stopped(ctx context.Context, killed bool) error {
	s, err := c.look(ctx)
	if err != nil {
		return err
	}
	s.Killed = killed
	c.note(s)
	return nil
}

// look finds out what is true now.
func (c *campaign) look(ctx context.Context) (s verify.Stop, err error) {
	if s.Committed, err = c.committed(ctx); err != nil {
		return s, err
	}
	s.Ends = make(map[verify.Partition]int64)
	for o := range verify.Outlets {
		outlet := verify.Outlet(o)
		ends, err := c.ends(ctx, c.outlet(outlet))
		if err != nil {
			return s, err
		}
		for p, end := range ends {
			s.Ends[verify.Partition{Outlet: outlet, Number: p.Number}] = end
		}
	}
	s.Sent = c.feed.sent()
	return s, nil
}

func (c *campaign) note(s verify.Stop) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.audit.Stopped(s)
}

// committed is, by input partition, the next input that the group reads.
func (c *campaign) committed(ctx context.Context) ([]int64, error) {
	offsets, err := insist(ctx, c, func(ctx context.Context) (map[int32]int64, error) {
		return c.client.Committed(ctx, c.group(), c.input())
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	committed := make([]int64, len(c.base))
	for p, base := range c.base {
		committed[p] = base + offsets[int32(p)]
	}
	return committed, nil
}

// ends is where the partitions of a topic end.
func (c *campaign) ends(ctx context.Context, topic string) (map[broker.Partition]int64, error) {
	return insist(ctx, c, func(ctx context.Context) (map[broker.Partition]int64, error) {
		return c.client.Ends(ctx, []string{topic})
	})
}

// insist asks the brokers again and again: while leaders move and brokers are away,
// some answers are refusals.
func insist[T any](ctx context.Context, c *campaign, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, talk+c.Patience)
	defer cancel()
	for {
		answer, err := ask(ctx)
		if err == nil {
			return answer, nil
		}
		if sleep(ctx, tick) != nil {
			return answer, err
		}
	}
}

// settle waits until everything is processed, sends one fresh input to each
// partition, which has to pass too, and stops the process.
func (c *campaign) settle(ctx context.Context) error {
	if err := c.processed(ctx, "the rest"); err != nil {
		return err
	}
	if !c.failed {
		if err := c.client.Produce(ctx, c.feed.fresh()...); err != nil {
			return err
		}
	}
	if err := c.processed(ctx, "fresh input"); err != nil {
		return err
	}
	if err := c.conserved(ctx); err != nil {
		return err
	}
	return c.drain(ctx)
}

// processed waits until the group has committed all input, while nothing has
// failed.
func (c *campaign) processed(ctx context.Context, what string) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var last int64
	for moved := time.Now(); !c.failed; {
		committed, err := c.committed(ctx)
		if err != nil {
			return err
		}
		done, all := sum(committed), sum(c.feed.sent())
		c.Tell("events", int(done), int(all))
		if done > last {
			last, moved = done, time.Now()
		}
		switch {
		case done >= all && c.feed.ended():
			return nil
		case time.Since(moved) > c.Patience:
			c.anomaly(c.child, verify.Stuck, "%s: %d of %d inputs are committed, and none for %v", what, done, all, c.Patience)
		}
		select {
		case <-ticker.C:
		case <-c.child.exited:
			c.anomaly(c.child, verify.Crash, "%s: the process ended by itself: %v", what, c.child.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
