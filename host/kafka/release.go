package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// leave ends the run in good order. The partitions stay in the map until they
// are released, so that a revoke that comes meanwhile ends their ownership in its
// own, shorter time: the group goes on without waiting for this drain.
func (r *session) leave() error {
	r.mu.Lock()
	r.ending = true
	all := slices.Collect(maps.Values(r.partitions))
	r.mu.Unlock()
	err := r.release(r.ctx, r.client, all, r.cfg.DrainTimeout)
	for _, p := range all {
		p.mu.Lock()
		if _, known := r.began[*p.name]; !known && p.progress.from >= 0 {
			r.began[*p.name] = p.progress.from
		}
		p.mu.Unlock()
	}
	r.mu.Lock()
	clear(r.partitions)
	r.mu.Unlock()
	return err
}

// close leaves the group and ends the client. A member that is joining can
// leave only once it is let in, which takes as long as the slowest member of the
// group: after a while it hangs up, and the group notices its silence.
func (r *session) close(hangUp context.CancelFunc) {
	late := time.AfterFunc(leaveTimeout, hangUp)
	defer late.Stop()
	// A plain Close would wait for an AllowRebalance that never comes.
	r.client.CloseAllowingRebalance()
}

// release drains, ends the ownership and commits, in this order: after the
// revoke no acknowledgement can mark, so the commit is the last word.
func (r *session) release(ctx context.Context, client *kgo.Client, parts []*partition, within time.Duration) error {
	deadline := time.Now().Add(within)
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if r.writer != nil { // of one that failed there is nothing to wait for
		defer context.AfterFunc(r.writer.ctx, cancel)()
	}
	drainErr := r.in.Drain(bounded, lanesOf(parts))
	for _, p := range parts {
		p.revoke()
	}
	committing, cancel := context.WithTimeout(ctx, max(commitTimeout, time.Until(deadline)))
	defer cancel()
	if r.writer != nil {
		return r.writer.commitLast(committing, client, parts, drainErr)
	}
	if err := r.finish(committing, client); err != nil {
		return errors.Join(drainErr, fmt.Errorf("commit: %w (what was done since the last commit is done again)", err))
	}
	return drainErr
}

// finish makes the last commit.
func (r *session) finish(ctx context.Context, client *kgo.Client) error {
	if r.own != nil {
		return r.own.finish(ctx)
	}
	return client.CommitMarkedOffsets(ctx)
}

// commit commits what is marked now. Of a member the client does it by itself too,
// from time to time.
func (r *session) commit(ctx context.Context, client *kgo.Client) error {
	switch {
	case r.writer != nil:
		return r.writer.commit(ctx, client)
	case r.own != nil:
		return r.own.commit(ctx)
	}
	return client.CommitMarkedOffsets(ctx)
}

const (
	// commitTimeout is what a commit gets when the drain used up its time. It
	// cannot be made while the group lets the member in again.
	commitTimeout = 10 * time.Second
	// leaveTimeout bounds the farewell to the group.
	leaveTimeout = 5 * time.Second
)

// take removes partitions from the map, so that each is released once.
func (r *session) take(topics map[string][]int32) []*partition {
	r.mu.Lock()
	defer r.mu.Unlock()
	var parts []*partition
	for topic, numbers := range topics {
		for _, number := range numbers {
			key := event.Partition{Topic: topic, Number: number}
			if p := r.partitions[key]; p != nil {
				parts = append(parts, p)
				delete(r.partitions, key)
			}
		}
	}
	return parts
}

func lanesOf(parts []*partition) []event.Lane {
	lanes := make([]event.Lane, len(parts))
	for i, p := range parts {
		lanes[i] = p.lane
	}
	return lanes
}
