package campaign

import (
	"context"
	"math/rand/v2"
	"time"
)

// patienceOfTraps is how long a request is waited for: some do not come while
// there is nothing to do.
const patienceOfTraps = 2 * time.Second

// killThere kills the process at a request, which neither it nor the brokers get
// over. Where none comes, it is a kill anywhere.
func (c *campaign) killThere(ctx context.Context, f fault) error {
	sprung := c.relay.Set(f.trap)
	c.feed.more() // something to do
	defer c.relay.Release()
	name := f.name
	timer := time.NewTimer(patienceOfTraps)
	defer timer.Stop()
	select {
	case <-sprung:
	case <-timer.C:
		name = anywhere.name
	case <-c.child.exited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if f.linger {
		if err := sleep(ctx, f.then/10); err != nil {
			return err
		}
	}
	c.child.kill()
	c.relay.Cut() // so that nothing of what is held gets through
	c.relay.Release()
	return c.killed(ctx, name)
}

// during keeps the input up while a fault lasts.
func (c *campaign) during(ctx context.Context, f fault, lasts time.Duration) error {
	c.did(f.name)
	c.feed.last(true)
	c.feed.more()
	defer c.feed.last(false)
	return c.endure(ctx, lasts)
}

// churn gives every connection 0.5 to 1.5 s.
func (c *campaign) churn(ctx context.Context, f fault) error {
	random := rand.New(rand.NewPCG(c.Seed, uint64(f.number)))
	c.relay.Churn(func() time.Duration { return 500*time.Millisecond + time.Duration(random.Int64N(int64(time.Second))) })
	defer c.relay.Churn(nil)
	return c.during(ctx, f, 2*time.Second+2*f.last)
}

// stall lets connections hang, as when a machine on the way is gone.
func (c *campaign) stall(ctx context.Context, f fault) error {
	c.relay.Hold()
	defer c.relay.Release()
	return c.during(ctx, f, time.Second+2*f.last)
}

// slowDown makes every answer late.
func (c *campaign) slowDown(ctx context.Context, f fault) error {
	c.relay.Delay(f.last / 5)
	defer c.relay.Delay(0)
	return c.during(ctx, f, 2*time.Second+f.last)
}
