package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/host/verify"
)

// session is how long a member may be away, the least that brokers allow.
const session = 6 * time.Second

// storm has two more members join the group and leave it again, which moves
// partitions four times.
func (c *campaign) storm(ctx context.Context, f fault) error {
	c.feed.last(true)
	defer c.feed.last(false)
	c.feed.more()
	c.did(f.name)
	return errors.Join(
		c.join(ctx, 1),
		c.endure(ctx, f.last),
		c.join(ctx, 2),
		c.endure(ctx, f.last),
		c.part(ctx),
		c.part(ctx),
	)
}

// expel pauses the process for longer than its session lasts, while another member
// is there that takes everything over: what the process does when it goes on
// must count for nothing.
func (c *campaign) expel(ctx context.Context, f fault) error {
	c.feed.last(true)
	defer c.feed.last(false)
	c.feed.more()
	c.did(f.name)
	if err := c.join(ctx, 1); err != nil || c.failed {
		return errors.Join(err, c.part(ctx))
	}
	if err := pause(c.child.cmd.Process); err != nil {
		return err
	}
	s, err := c.look(ctx)
	err = errors.Join(err, c.endure(ctx, session+time.Second+f.last))
	// What was sent meanwhile may wait in its connections: it can take that for its
	// own before it learns that it is not.
	s.Killed, s.Sent = true, c.feed.sent()
	if err = errors.Join(err, proceed(c.child.cmd.Process)); err == nil {
		c.note(s)
		err = c.eventually(ctx, "the process to be in its group again", func() (bool, error) { return c.hasMembers(ctx, 2) })
	}
	return errors.Join(err, c.part(ctx))
}

// join starts a member, and waits until it has its share.
func (c *campaign) join(ctx context.Context, number int) error {
	p, err := c.launch(number)
	if err != nil {
		return err
	}
	c.others = append(c.others, p)
	return c.eventually(ctx, fmt.Sprintf("%d members", number+1), func() (bool, error) { return c.hasMembers(ctx, number+1) })
}

// part ends the member that came first in good order, and waits until the rest have its
// share. It has ended when no member is left.
func (c *campaign) part(ctx context.Context) error {
	if len(c.others) == 0 {
		return nil
	}
	p := c.others[0]
	c.others = c.others[1:]
	if _, err := c.terminated(ctx, p); err != nil {
		return err
	}
	left := len(c.others) + 1
	return c.eventually(ctx, fmt.Sprintf("%d members", left), func() (bool, error) { return c.hasMembers(ctx, left) })
}

func (c *campaign) hasMembers(ctx context.Context, n int) (bool, error) {
	for _, p := range c.others {
		if p.gone() {
			c.anomaly(p, verify.Crash, "a member ended by itself: %v", p.cmd.ProcessState)
			return true, nil
		}
	}
	got, err := insist(ctx, c, func(ctx context.Context) (int, error) { return c.client.Members(ctx, c.group()) })
	return got == n, err
}
