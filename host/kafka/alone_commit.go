package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// ownCommits are the marks of a source that is no member of its group, and what
// commits them. A member's are kept by the client.
type ownCommits struct {
	options *Options

	// committing makes one commit after the other: none overtakes another.
	committing sync.Mutex
	admin      *kadm.Client
	refused    bool // and told; no commit is tried any more

	mu     sync.Mutex
	marked map[event.Partition]kgo.EpochOffset // not committed yet
}

func newOwnCommits(o *Options) *ownCommits {
	return &ownCommits{options: o, marked: map[event.Partition]kgo.EpochOffset{}}
}

// mark notes that a partition is done up to a record.
func (c *ownCommits) mark(m *kgo.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marked[event.Partition{Topic: m.Topic, Number: m.Partition}] = kgo.EpochOffset{Epoch: m.LeaderEpoch, Offset: m.Offset + 1}
}

// refusedCommit is a commit that the brokers will never take.
type refusedCommit struct{ error }

func (e *refusedCommit) Unwrap() error { return e.error }

// commit commits what is marked. What fails stays marked unless a newer mark is
// there. After a refusal, which is returned once, it does nothing.
func (c *ownCommits) commit(ctx context.Context) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	if c.refused {
		return nil
	}
	c.mu.Lock()
	marked := c.marked
	c.marked = map[event.Partition]kgo.EpochOffset{}
	c.mu.Unlock()
	if len(marked) == 0 {
		return nil
	}
	offsets := kadm.Offsets{}
	for p, at := range marked {
		offsets.AddOffset(p.Topic, p.Number, at.Offset, at.Epoch)
	}
	answers, err := c.admin.CommitOffsets(ctx, c.options.String("group.id"), offsets)
	if err == nil {
		err = answers.Error()
		answers.Each(func(a kadm.OffsetResponse) {
			if a.Err == nil {
				delete(marked, event.Partition{Topic: a.Topic, Number: a.Partition})
			}
		})
	}
	if err == nil {
		return nil
	}
	c.mu.Lock()
	maps.Copy(marked, c.marked) // newer ones win
	c.marked = marked
	c.mu.Unlock()
	if refusesCommit(err) {
		c.refused = true
		return &refusedCommit{describeGroup(c.options, fmt.Errorf("commit: %w", err))}
	}
	return err
}

// finish commits until all is committed, what is left can never be, or ctx ends.
func (c *ownCommits) finish(ctx context.Context) error {
	for tries := 1; ; tries++ {
		err := c.commit(ctx)
		var refused *refusedCommit
		switch {
		case err == nil || ctx.Err() != nil || errors.As(err, &refused):
			return err
		case tries >= goneTries && errors.Is(err, kerr.UnknownTopicOrPartition):
			return fmt.Errorf("the topic is gone: %w", err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(finishPause):
		}
	}
}

const (
	finishPause = 250 * time.Millisecond
	// goneTries is after how many answers a topic is believed to be gone: the
	// client says the same when it cannot find out.
	goneTries = 4
)

// refusesCommit tells whether the brokers will not take a commit later either.
func refusesCommit(err error) bool {
	return errors.Is(err, kerr.UnknownMemberID) || errors.Is(err, kerr.IllegalGeneration) || fatalGroup(err)
}

// describeGroup says what a source without membership met in its group.
func describeGroup(o *Options, err error) error {
	group, remedy := o.String("group.id"), setupRemedy(err)
	switch {
	case errors.Is(err, errMembers), errors.Is(err, kerr.UnknownMemberID), errors.Is(err, kerr.IllegalGeneration):
		remedy = "a source of chosen partitions commits to a group without members only: give it a group_id of its own, or stop the members"
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ on group %s to %s", group, o.principal())
	}
	return withRemedy(fmt.Errorf("group %s: %w", group, err), remedy)
}
