package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/host/verify"
)

// errEnough ends the faults: nothing moves, or the time is over.
var errEnough = errors.New("no more faults")

// torment does the faults of the plan while running lasts.
func (c *campaign) torment(ctx, running context.Context, plan []fault) error {
	for i, f := range plan {
		c.Tell("faults", i, len(plan))
		c.feed.release(f.share)
		err := c.await(running, f)
		if err == nil && c.child.gone() {
			err = errEnough // settle tells of it
		}
		if err == nil {
			err = f.do(c, ctx, f)
		}
		if err == nil && c.failed {
			err = errEnough
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errEnough):
			c.feed.cut()
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	c.feed.finish()
	return nil
}

// await waits for the moment of a fault. The process must have done something by
// then: brokers for development lose members that are killed while they join.
func (c *campaign) await(running context.Context, f fault) error {
	began := c.arrived()
	if c.feed.idle(began) { // the fault before took its share along
		c.feed.more()
	}
	still := time.NewTimer(c.Patience)
	defer still.Stop()
	for last := began; last <= began || last < f.at; {
		select {
		case <-running.Done():
			return errEnough
		case <-c.child.exited:
			c.anomaly(c.child, verify.Crash, "the process ended by itself: %v", c.child.cmd.ProcessState)
			return errEnough
		case <-still.C:
			c.anomaly(c.child, verify.Stuck, "%d of %d inputs came out, and none for %v", last, sum(c.feed.sent()), c.Patience)
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

// kill ends the process wherever it is.
func (c *campaign) kill(ctx context.Context, f fault) error { return c.killed(ctx, f.name) }

// killed ends the process on the spot, notes what is true then, and starts
// another one.
func (c *campaign) killed(ctx context.Context, name string) error {
	c.child.kill()
	c.result.Kills++
	c.did(name)
	if err := c.stopped(ctx, true); err != nil {
		return err
	}
	return c.restart()
}

// stop asks the process to end in good order, and starts another one.
func (c *campaign) stop(ctx context.Context, f fault) error {
	c.did(f.name)
	if err := c.drain(ctx); err != nil || c.failed {
		return err
	}
	return c.restart()
}

// suspend takes the process its time for a while that the group does not mind.
func (c *campaign) suspend(ctx context.Context, f fault) error {
	c.did(f.name)
	return errors.Join(pause(c.child.cmd.Process), sleep(ctx, f.last), proceed(c.child.cmd.Process))
}

// endure waits for as long as a fault lasts, or until the process is gone.
func (c *campaign) endure(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.child.exited: // which is seen by who looks next
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
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

// eventually asks until the answer is yes, for as long as nothing may move.
func (c *campaign) eventually(ctx context.Context, what string, done func() (bool, error)) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for began := time.Now(); ; {
		yes, err := done()
		if err != nil || yes {
			return err
		}
		if time.Since(began) > c.Patience {
			c.anomaly(c.child, verify.Stuck, "waited %v for %s", c.Patience, what)
			return nil
		}
		select {
		case <-ticker.C:
		case <-c.child.exited:
			return nil // which is seen by who looks next
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
