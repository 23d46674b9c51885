package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/host/verify"
)

// fault is one thing that is done to the process.
type fault struct {
	what fateful
	at   int64         // when so many inputs have come out
	then time.Duration // and so much later
	last time.Duration // how long a pause is
}

type fateful int

const (
	kill fateful = iota
	stop
	suspend
)

// plan draws the faults, the same ones for a seed: the kills, a stop and a
// pause for every four of them, each somewhere in the share of the input that leads up to it.
func (c *campaign) plan() []fault {
	random := rand.New(rand.NewPCG(c.Seed, 1))
	var plan []fault
	for i := range c.Kills {
		plan = append(plan, fault{what: kill})
		if everyFault && i%4 == 3 {
			plan = append(plan, fault{what: stop}, fault{what: suspend})
		}
	}
	random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	share := c.Events / int64(len(plan)+1)
	for i := range plan {
		plan[i].at = int64(i)*share + random.Int64N(share*9/10+1)
		plan[i].then = time.Duration(random.Int64N(int64(60 * time.Millisecond)))
		plan[i].last = 100*time.Millisecond + time.Duration(random.Int64N(int64(time.Second)))
	}
	return plan
}

// errEnough ends the faults: nothing moves, or the time is over.
var errEnough = errors.New("no more faults")

// torment does the faults of the plan while running lasts.
func (c *campaign) torment(ctx, running context.Context, plan []fault) error {
	for i, f := range plan {
		c.Tell("faults", i, len(plan))
		err := c.await(running, f)
		if err == nil {
			err = c.inflict(ctx, f)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errEnough):
			c.feed.cut()
			return nil
		case err != nil:
			return err
		}
		c.feed.release(i + 1)
	}
	return nil
}

// await waits for the moment of a fault. The process must have done something by
// then: brokers for development lose members that are killed while they join.
func (c *campaign) await(running context.Context, f fault) error {
	began := c.arrived()
	still := time.NewTimer(c.Patience)
	defer still.Stop()
	for last := began; last <= began || last < f.at; {
		select {
		case <-running.Done():
			return errEnough
		case <-c.child.exited:
			c.anomaly(verify.Crash, "the process ended by itself: %v", c.child.cmd.ProcessState)
			return errEnough
		case <-still.C:
			c.anomaly(verify.Stuck, "%d of %d inputs came out, and none for %v", last, sum(c.feed.sent()), c.Patience)
			return errEnough
		case <-c.feed.woken:
		}
		if now := c.arrived(); now > last {
			last = now
			still.Reset(c.Patience)
		}
	}
	moment := time.NewTimer(f.then)
	defer moment.Stop()
	select {
	case <-moment.C:
		return nil
	case <-running.Done():
		return errEnough
	}
}

func (c *campaign) inflict(ctx context.Context, f fault) error {
	switch {
	case c.child.gone():
		return errEnough // settle tells of it
	case f.what == kill:
		c.child.kill()
		c.result.Faults.Kills++
		if err := c.stopped(ctx, true); err != nil {
			return err
		}
		return c.start()
	case f.what == stop:
		c.result.Faults.Stops++
		if err := c.drain(ctx); err != nil {
			return err
		}
		if c.failed {
			return errEnough
		}
		return c.start()
	}
	c.result.Faults.Pauses++
	return errors.Join(pause(c.child.cmd.Process), sleep(ctx, f.last), proceed(c.child.cmd.Process))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// drain asks the process to stop, which has to end well.
func (c *campaign) drain(ctx context.Context) error {
	if c.child.gone() {
		if !c.failed {
			c.anomaly(verify.Crash, "the process ended by itself: %v", c.child.cmd.ProcessState)
		}
		return c.stopped(ctx, true)
	}
	if err := terminate(c.child.cmd.Process); err != nil && !c.child.gone() {
		return fmt.Errorf("stop the process: %w", err)
	}
	slow := time.NewTimer(c.Patience + talk) // of which a drain takes 30 s at most
	defer slow.Stop()
	clean := false
	select {
	case <-c.child.exited:
		if clean = !everyFault || c.child.cmd.ProcessState.Success(); !clean {
			c.anomaly(verify.Crash, "after SIGTERM: %v", c.child.cmd.ProcessState)
		} else if wrong := c.child.books(); everyFault && wrong != "" {
			c.anomaly(verify.Books, "%s", wrong)
		}
	case <-slow.C:
		c.child.kill()
		c.anomaly(verify.Crash, "it had not ended %v after SIGTERM", c.Patience+talk)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return c.stopped(ctx, !clean || !everyFault)
}

// stopped notes what is true while no process runs.
func (c *campaign) stopped(ctx context.Context, killed bool) error {
	ctx, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	s := verify.Stop{Killed: killed, Ends: make(map[verify.Partition]int64)}
	var err error
	if s.Committed, err = c.committed(ctx); err != nil {
		return err
	}
	for o := range verify.Outlets {
		outlet := verify.Outlet(o)
		ends, err := c.client.Ends(ctx, []string{c.outlet(outlet)})
		if err != nil {
			return err
		}
		for p, end := range ends {
			s.Ends[verify.Partition{Outlet: outlet, Number: p.Number}] = end
		}
	}
	s.Sent = c.feed.sent()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.audit.Stopped(s)
	return nil
}

func (c *campaign) committed(ctx context.Context) ([]int64, error) {
	offsets, err := c.client.Committed(ctx, c.group(), c.input())
	if err != nil {
		return nil, err
	}
	committed := make([]int64, partitions)
	for p := range committed {
		committed[p] = offsets[int32(p)]
	}
	return committed, nil
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
			c.anomaly(verify.Stuck, "%s: %d of %d inputs are committed, and none for %v", what, done, all, c.Patience)
		}
		select {
		case <-ticker.C:
		case <-c.child.exited:
			c.anomaly(verify.Crash, "%s: the process ended by itself: %v", what, c.child.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
