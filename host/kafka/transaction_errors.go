package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// errAborted ends a session whose transaction was aborted, or may have been. The
// next one reads on from what the group has committed.
type errAborted struct{ error }

func (e *errAborted) Unwrap() error { return e.error }

// fail ends the incarnation for a reason, and the session with it: for good when
// another incarnation would fare no better.
func (n *incarnation) fail(cause error) {
	n.end(cause) // the first cause counts
	cause = context.Cause(n.ctx)
	if errors.Is(cause, errOver) {
		return
	}
	described := n.describe(cause)
	if n.hopeless(cause) {
		n.stop(described)
		return
	}
	n.stop(&errAborted{described})
}

// hopeless tells whether it makes no sense to begin anew.
func (n *incarnation) hopeless(err error) bool {
	_, began := n.marked()
	return forbidden(err) || fenced(err) && (began.IsZero() || time.Since(began) < n.timeout())
}

// fenced tells whether the brokers know a later incarnation. They make one
// themselves when a transaction times out.
func fenced(err error) bool {
	return errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch)
}

func forbidden(err error) bool {
	for _, e := range []error{
		kerr.TransactionalIDAuthorizationFailed, kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed,
		kerr.ClusterAuthorizationFailed, kerr.InvalidTransactionTimeout, kerr.UnsupportedVersion, kerr.FencedInstanceID,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// judge says what a failed write means to the pipeline: what is wrong with a
// record or a topic stops it, what is wrong with the transaction is mended by
// another one.
func (n *incarnation) judge(err error) error {
	if n.ctx.Err() != nil || errors.Is(err, kgo.ErrAborting) || errors.Is(err, kgo.ErrClientClosed) {
		return event.ErrWithdrawn
	}
	for _, e := range []error{
		kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.UnknownProducerID, kerr.InvalidTxnState,
		kerr.OutOfOrderSequenceNumber, kerr.TransactionAbortable, kerr.ConcurrentTransactions, kerr.TransactionCoordinatorFenced,
		kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.TransactionalIDAuthorizationFailed,
	} {
		if errors.Is(err, e) {
			n.fail(err)
			return event.ErrWithdrawn
		}
	}
	return err
}

// describe says what a failed transaction means and how to mend it.
func (t *Transactions) describe(err error) error {
	sink, id := t.cfg.Options, t.id()
	remedy := setupRemedy(err)
	switch {
	case errors.Is(err, kerr.TransactionalIDAuthorizationFailed):
		remedy = fmt.Sprintf("grant WRITE and DESCRIBE on transactional id %s to %s", id, sink.principal())
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		remedy = fmt.Sprintf("grant IDEMPOTENT_WRITE on the cluster to %s", sink.principal())
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ on group %s to %s", t.group.String("group.id"), sink.principal())
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ on the topics of the source to %s, who writes", sink.principal())
	case errors.Is(err, kerr.InvalidTransactionTimeout):
		remedy = fmt.Sprintf("transaction.timeout.ms is %v, above the brokers' transaction.max.timeout.ms: lower the one or raise the other", sink.Duration("transaction.timeout.ms"))
	case fenced(err):
		remedy = "another process has begun to use the transactional id: give each process that runs the pipeline its own transactional_id; by default it has the name of the host in it"
	}
	return withRemedy(fmt.Errorf("transactional id %s: %w", id, err), remedy)
}
