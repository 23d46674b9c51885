package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
)

// run ends transactions by the clock, until ctx or the incarnation ends.
func (n *incarnation) run(ctx context.Context, client *kgo.Client) {
	ticker := time.NewTicker(n.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.ctx.Done():
			n.fail(context.Cause(n.ctx))
			return
		case <-ticker.C:
		}
		if err := n.commit(ctx, client); err != nil && ctx.Err() == nil && n.ctx.Err() == nil && n.broken.Load() == nil {
			n.cfg.Log.Warn("commit failed; it is tried again", zap.Error(err))
		}
	}
}

// errPostponed says that the group is just being shared anew and takes no
// offsets from this member now. Whether the member keeps its partitions, the
// source is told; until then the transaction stays open.
var errPostponed = errors.New("the group is being shared anew")

// commit ends the open transaction, if one is, with the offsets of all that has
// ended. An error that leaves the incarnation alive changed nothing.
func (n *incarnation) commit(ctx context.Context, client *kgo.Client) error {
	err := n.tryCommit(ctx, client)
	if errors.Is(err, errPostponed) {
		if _, began := n.marked(); time.Since(began) < n.timeout()/2 {
			return nil
		}
		n.fail(err)
	}
	return err
}

// commitLast is a commit after which partitions are given away: what it does not
// commit of them is never committed here. drained says whether all that had begun
// has ended.
func (n *incarnation) commitLast(ctx context.Context, client *kgo.Client, parts []*partition, drained error) error {
	defer n.forget(parts)
	err := drained
	if err == nil {
		err = n.tryCommit(ctx, client)
	}
	if err == nil {
		return nil
	}
	if _, began := n.marked(); !began.IsZero() {
		n.fail(err)
	}
	return fmt.Errorf("commit: %w (what was done since the last commit is read again)", err)
}

// errDelayed renews the producer after a transaction that was committed.
var errDelayed = errors.New("a connection was lost while a transaction ended: a request that is still under way could end the next one")

// lostConnections counts the connections that ended.
type lostConnections struct{ counter }

var _ kgo.HookBrokerDisconnect = (*lostConnections)(nil)

// OnBrokerDisconnect implements kgo.HookBrokerDisconnect.
func (l *lostConnections) OnBrokerDisconnect(kgo.BrokerMetadata, net.Conn) { l.Add(1) }

func (n *incarnation) tryCommit(ctx context.Context, client *kgo.Client) error {
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-n.ctx.Done():
		return context.Cause(n.ctx)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.ctx, func() { cancel(context.Cause(n.ctx)) })()

	done, began := n.marked()
	if began.IsZero() { // so all that is marked had no outputs
		return n.commitAlone(ctx, client, done)
	}
	defer n.release()
	if err := n.hold(ctx); err != nil {
		return err
	}
	if broken := n.broken.Load(); broken != nil {
		return *broken
	}
	done, began = n.marked()
	if len(done) == 0 { // outputs of batches behind a gap wait for it
		return nil
	}
	lost := n.lost.Load()
	if err := n.addOffsets(ctx, client, done); err != nil {
		return err
	}
	if err := n.client.Load().EndTransaction(ctx, kgo.TryCommit); err != nil {
		err = fmt.Errorf("end: %w (whether it was committed only the brokers know)", err)
		n.fail(err)
		return err
	}
	n.settled(done, true)
	n.stats.observe(time.Since(began))
	n.fruitless.Store(0)
	if n.version == transactionsV1 && n.lost.Load() != lost {
		n.fail(errDelayed)
	}
	return nil
}

// commitAlone commits offsets that no outputs belong to.
func (n *incarnation) commitAlone(ctx context.Context, client *kgo.Client, done marks) error {
	if len(done) == 0 {
		return nil
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.InstanceID = n.group.String("group.id"), n.instance()
	for topic, partitions := range byTopic(done) {
		t := kmsg.NewOffsetCommitRequestTopic()
		t.Topic = topic
		for number, at := range partitions {
			p := kmsg.NewOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = number, at.Offset, at.Epoch, new(string)
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	var err error
	if req.MemberID, req.Generation, err = n.membership(client); err != nil {
		return err
	}
	resp, err := req.RequestWith(ctx, n.client.Load())
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("topic %s partition %d: %w", t.Topic, p.Partition, err)
			}
		}
	}
	n.settled(done, false)
	return nil
}
