package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// What a session does in another way when delivery is exactly once.

var errPartitionsLost = errors.New("the group gave the partitions to others before what was written of them was committed")

// incarnate gets the session its producer. It comes before the group: offsets are
// read only once nothing of an earlier incarnation can move them any more.
func (r *session) incarnate(ctx context.Context) error {
	if r.cfg.Transactions == nil {
		return nil
	}
	n, err := r.cfg.Transactions.incarnate(ctx, r.stop)
	if err != nil {
		return err
	}
	r.writer, r.lanes = n, n.lane(r.ctx)
	return nil
}

// endWriter ends the producer with the session.
func (r *session) endWriter() {
	if r.writer != nil {
		r.writer.close(r.ctx)
	}
}

func (r *session) writerFailed() bool { return r.writer != nil && r.writer.ctx.Err() != nil }

// endTransactions ends transactions by the clock, until it is told to stop.
func (r *session) endTransactions() (stop func()) {
	if r.writer == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(r.ctx)
	var running sync.WaitGroup
	running.Go(func() { r.writer.run(ctx, r.client) })
	return func() {
		cancel()
		running.Wait()
	}
}

// marker is how partitions say what is done.
func (r *session) marker(client *kgo.Client) func(*kgo.Record) {
	switch {
	case r.writer != nil:
		return r.writer.mark
	case r.own != nil:
		return r.own.mark
	}
	return func(m *kgo.Record) { client.MarkCommitRecords(m) }
}

const (
	abortPause     = 100 * time.Millisecond
	abortPauseMost = 10 * time.Second
)

// pause waits between an incarnation that failed and the next, longer when none
// committed anything. It returns false when there is to be no next one.
func (t *Transactions) pause(ctx context.Context, drain <-chan struct{}) bool {
	pause := abortPauseMost
	if n := t.fruitless.Load(); n < 7 {
		pause = abortPause << n
	}
	select {
	case <-ctx.Done():
		return false
	case <-drain:
		return false
	case <-time.After(pause):
		return true
	}
}
