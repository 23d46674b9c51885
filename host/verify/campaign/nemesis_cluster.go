package campaign

import (
	"context"
	"errors"

	"github.com/weirhq/weir/host/broker"
)

// moveLeaders makes other brokers the leaders of all partitions.
func (c *campaign) moveLeaders(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	err := c.client.MoveLeaders(ctx, append(c.outlets(), c.input())...)
	if errors.Is(err, broker.ErrOneBroker) || errors.Is(err, broker.ErrRights) {
		return nil // it was not done, as the report tells
	}
	c.did(f.name)
	return err
}

// addPartition gives the input one partition more.
func (c *campaign) addPartition(ctx context.Context, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	if err := c.client.AddPartition(ctx, broker.Topic{Name: c.input(), Partitions: int32(len(c.feed.sent()))}); err != nil {
		return err
	}
	c.did(f.name)
	c.mu.Lock()
	c.next, c.base = append(c.next, 0), append(c.base, 0)
	c.mu.Unlock()
	c.feed.grow()
	return nil
}

// recreate deletes the input and makes it anew, under the process. What it held is
// processed before: nobody could read it afterwards.
func (c *campaign) recreate(ctx context.Context, f fault) error {
	c.feed.hold(true)
	defer c.feed.hold(false)
	done := func() (bool, error) {
		committed, err := c.committed(ctx)
		return sum(committed) >= sum(c.feed.sent()), err
	}
	if err := c.eventually(ctx, "what the topic holds", done); err != nil || c.failed || c.child.gone() {
		return err
	}
	sent := c.feed.sent()
	limited, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	if err := c.client.Replace(limited, broker.Topic{Name: c.input(), Partitions: int32(len(sent))}); err != nil {
		return err
	}
	c.did(f.name)
	c.mu.Lock()
	c.base = sent
	c.mu.Unlock()
	// One input each, so that what the group has committed is of the new topic.
	if err := c.client.Produce(ctx, c.feed.fresh()...); err != nil {
		return err
	}
	return c.eventually(ctx, "the new topic", func() (bool, error) {
		committed, err := c.committed(ctx)
		for p := range committed {
			if committed[p] != sent[p]+1 {
				return false, err
			}
		}
		return true, err
	})
}
