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
)

// addOffsets puts offsets into the open transaction, as a member of the group:
// brokers refuse them from one that is none any more. errPostponed leaves the
// transaction as it was; after any other error the incarnation has ended.
func (n *incarnation) addOffsets(ctx context.Context, client *kgo.Client, done marks) error {
	id, epoch, err := n.client.Load().ProducerID(ctx)
	if err == nil && n.version < transactionsV2 {
		err = n.patiently(ctx, func() error { return n.addGroup(ctx, id, epoch) })
	}
	if err == nil {
		req := n.offsetsRequest(id, epoch, done)
		err = n.patiently(ctx, func() error { return n.sendOffsets(ctx, client, req) })
	}
	switch {
	case err == nil:
		return nil
	case notNow(err):
		return fmt.Errorf("%w: %w", errPostponed, err)
	}
	err = fmt.Errorf("offsets: %w", err)
	n.fail(err)
	return err
}

// notNow tells whether the group will know the member again, or has thrown it
// out, of which the source is told.
func notNow(err error) bool {
	for _, e := range []error{kerr.IllegalGeneration, kerr.UnknownMemberID, kerr.StaleMemberEpoch, kerr.RebalanceInProgress} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

const (
	offsetsPause     = 20 * time.Millisecond
	offsetsPauseMost = 500 * time.Millisecond
)

// passing tells whether a request that failed may be repeated. Within its
// transaction it has one effect, however often it comes.
func passing(err error) bool {
	return kerr.IsRetriable(err) || errors.Is(err, kerr.ConcurrentTransactions) || kgo.IsRetryableBrokerErr(err) || errors.As(err, new(*net.OpError))
}

// patiently repeats a request that a coordinator could not serve just then. It
// gives up in time for the transaction to be ended.
func (n *incarnation) patiently(ctx context.Context, request func() error) error {
	for pause := offsetsPause; ; pause = min(2*pause, offsetsPauseMost) {
		err := request()
		if err == nil || notNow(err) || !passing(err) {
			return err
		}
		if _, began := n.marked(); time.Since(began) > n.timeout()/2 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}

// addGroup tells the brokers that offsets are to come, which those know by
// themselves that run transactions of version 2.
func (n *incarnation) addGroup(ctx context.Context, id int64, epoch int16) error {
	req := kmsg.NewPtrAddOffsetsToTxnRequest()
	req.TransactionalID = n.id()
	req.ProducerID, req.ProducerEpoch = id, epoch
	req.Group = n.group.String("group.id")
	resp, err := req.RequestWith(ctx, n.client.Load())
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

func (n *incarnation) offsetsRequest(id int64, epoch int16, done marks) *kmsg.TxnOffsetCommitRequest {
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID = n.id()
	req.ProducerID, req.ProducerEpoch = id, epoch
	req.Group = n.group.String("group.id")
	req.InstanceID = n.instance()
	for topic, partitions := range byTopic(done) {
		t := kmsg.NewTxnOffsetCommitRequestTopic()
		t.Topic = topic
		for number, at := range partitions {
			p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = number, at.Offset, at.Epoch, new(string)
			t.Partitions = append(t.Partitions, p)
		}
		req.Topics = append(req.Topics, t)
	}
	return req
}

func byTopic(done marks) map[string]map[int32]kgo.EpochOffset {
	topics := map[string]map[int32]kgo.EpochOffset{}
	for p, at := range done {
		if topics[p.Topic] == nil {
			topics[p.Topic] = map[int32]kgo.EpochOffset{}
		}
		topics[p.Topic][p.Number] = at
	}
	return topics
}

// instance is the name of a static member.
func (n *incarnation) instance() *string {
	if name := n.group.String("group.instance.id"); name != "" {
		return &name
	}
	return nil
}

var errForgotten = errors.New("the group had forgotten this member and took it for a new one: others may have had its partitions meanwhile")

// joined notes as whom the group knows the member that gets partitions. A client
// that is told at its JoinGroup that the group forgot it joins anew without a word
// to the source: what it still holds may have been another's meanwhile, and is
// no longer its to commit.
func (n *incarnation) joined(client *kgo.Client, holding bool) {
	member, _ := client.GroupMetadata()
	n.mu.Lock()
	same := n.member == member
	n.member = member
	n.mu.Unlock()
	if holding && !same {
		n.fail(errForgotten)
	}
}

// membership is what brokers check a commit by. The generation is read before it
// is seen whether the incarnation still lives: the source is told of partitions
// that it lost before the client gets another generation.
func (n *incarnation) membership(client *kgo.Client) (member string, generation int32, err error) {
	member, generation = client.GroupMetadata()
	n.mu.Lock()
	same := n.member == member
	n.mu.Unlock()
	switch {
	case n.ctx.Err() != nil:
		return "", 0, context.Cause(n.ctx)
	case !same:
		n.fail(errForgotten)
		return "", 0, errForgotten
	case generation < 0: // brokers take anything from nobody in particular
		return "", 0, kerr.UnknownMemberID
	}
	return member, generation, nil
}

// sendOffsets asks who the member is anew each time: it may have got another
// generation.
func (n *incarnation) sendOffsets(ctx context.Context, client *kgo.Client, req *kmsg.TxnOffsetCommitRequest) error {
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
	return nil
}
