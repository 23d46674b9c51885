package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// marks say how far partitions are done.
type marks map[event.Partition]kgo.EpochOffset

// incarnation is the producer of one session: a producer id with an epoch that
// no other has. It writes one transaction after the other until it ends.
type incarnation struct {
	*Transactions
	stop context.CancelCauseFunc // ends the session

	ctx  context.Context // ends with the incarnation, with the reason
	end  context.CancelCauseFunc
	turn chan struct{} // holds one token while a transaction is being ended

	mu      sync.Mutex
	began   time.Time     // of the open transaction; zero when none is
	writing int           // writes that have entered and not left
	idle    chan struct{} // when somebody waits for it: closed once nothing is being written
	held    chan struct{} // while writes have to wait: closed when they may go on
	done    marks
	member  string // as whom the group knew the client when it gave it partitions
}

// enter waits until a write may go into a transaction, and begins one where none
// is open.
func (n *incarnation) enter(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.held != nil && n.ctx.Err() == nil && ctx.Err() == nil {
		held := n.held
		n.mu.Unlock()
		select {
		case <-held:
		case <-n.ctx.Done():
		case <-ctx.Done():
		}
		n.mu.Lock()
	}
	switch {
	case n.ctx.Err() != nil:
		return event.ErrWithdrawn
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if n.began.IsZero() {
		if err := n.client.Load().BeginTransaction(); err != nil {
			n.end(fmt.Errorf("begin: %w", err))
			return event.ErrWithdrawn
		}
		n.began = time.Now()
	}
	n.writing++
	return nil
}

// leave is the end of a write.
func (n *incarnation) leave(err error, done func(error)) {
	if err != nil {
		err = n.judge(err)
	}
	done(err) // which marks; whoever waits for idle counts on it
	n.mu.Lock()
	defer n.mu.Unlock()
	n.writing--
	if n.writing == 0 && n.idle != nil {
		close(n.idle)
		n.idle = nil
	}
}

// mark notes that a partition is done up to a record.
func (n *incarnation) mark(m *kgo.Record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.done[event.Partition{Topic: m.Topic, Number: m.Partition}] = kgo.EpochOffset{Epoch: m.LeaderEpoch, Offset: m.Offset + 1}
}

// marked is what was marked and not committed yet, and when the transaction that
// it belongs to began.
func (n *incarnation) marked() (marks, time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.done), n.began
}

// settled forgets marks that were committed, but for those that moved on since,
// and the transaction that they were in.
func (n *incarnation) settled(committed marks, ended bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for p, at := range committed {
		if n.done[p] == at {
			delete(n.done, p)
		}
	}
	if ended {
		n.began = time.Time{}
	}
}

// forget drops what is marked of partitions that are another's from here on.
func (n *incarnation) forget(parts []*partition) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range parts {
		delete(n.done, *p.name)
	}
}

// hold lets no more writes in and waits until those that are in have left.
func (n *incarnation) hold(ctx context.Context) error {
	n.mu.Lock()
	n.held = make(chan struct{})
	idle := n.awaitIdle()
	n.mu.Unlock()
	if err := n.client.Load().Flush(ctx); err != nil { // ends the wait for more records
		return err
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitIdle is called under the lock.
func (n *incarnation) awaitIdle() <-chan struct{} {
	if n.writing == 0 {
		idle := make(chan struct{})
		close(idle)
		return idle
	}
	if n.idle == nil {
		n.idle = make(chan struct{})
	}
	return n.idle
}

// release lets writes in again.
func (n *incarnation) release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.held)
	n.held = nil
}

var errOver = errors.New("the session is over")

const (
	// abortTimeout bounds the last abort: what it cannot do the next incarnation
	// does, or the brokers once transaction.timeout.ms has passed.
	abortTimeout = 5 * time.Second
	// cutTimeout is the same when there is no time.
	cutTimeout = time.Second
)

// close ends the incarnation and its client. What is open is aborted, so that
// readers need not wait for the brokers to do it.
func (n *incarnation) close(run context.Context) {
	n.end(errOver)
	limit := abortTimeout
	if run.Err() != nil {
		limit = cutTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(run), limit)
	defer cancel()
	if _, began := n.marked(); !began.IsZero() {
		n.stats.aborted.Add(1)
		if n.client.Load().AbortBufferedRecords(ctx) == nil {
			_ = n.client.Load().EndTransaction(ctx, kgo.TryAbort) // else it times out
		}
	}
	n.Sink.Close()
	n.mu.Lock()
	idle := n.awaitIdle()
	n.mu.Unlock()
	<-idle // the client is closed: nothing is left that a write could wait for
}
