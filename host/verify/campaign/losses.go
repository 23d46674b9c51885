package campaign

import (
	"context"
	"slices"
	"time"

	"github.com/weirhq/weir/host/verify"
)

// losses are what a process says when it could not finish what it had begun: the
// group has given its partitions away, or would not take its last commit. That
// happens when brokers are away, or slow, for longer than a session lasts.
var losses = []string{
	"partitions lost; events in flight are read again by their new owner",
	"partitions were given back before all their events were done; the new owner reads those again",
	"commit refused; what it covered may be read again",
}

const (
	// between is how often it is noted what the group has committed.
	between = 500 * time.Millisecond
	// hindsight is how long before a process learns of a loss it may have happened.
	hindsight = session + 4*time.Second
)

// remember notes from time to time what the group has committed.
func (c *campaign) remember(ctx context.Context) error {
	ticker := time.NewTicker(between)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		committed, err := c.committed(ctx)
		if err != nil {
			continue // no broker knows at the moment
		}
		c.mu.Lock()
		c.memory = append(c.memory, committed)
		if over := len(c.memory) - int(hindsight/between); over > 0 {
			c.memory = slices.Delete(c.memory, 0, over)
		}
		c.mu.Unlock()
	}
}

// lost notes that a process has said that it lost partitions: what was not
// committed some time ago may come again once more.
func (c *campaign) lost() {
	sent := c.feed.sent()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := verify.Stop{Killed: true, Sent: sent}
	if len(c.memory) > 0 {
		s.Committed = c.memory[0]
	}
	c.audit.Stopped(s)
	c.result.Losses++
}
