package main

import (
	"context"
	"errors"
	"hash/crc32"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// bareOptions are those of a weir source and sink that leave all at weir's
// defaults, in one client.
func bareOptions(j job) []kgo.Opt {
	return []kgo.Opt{
		kgo.SeedBrokers(j.Broker),
		kgo.ConsumerGroup(j.Group),
		kgo.ConsumeTopics(j.Input),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(500 * time.Millisecond),
		kgo.FetchMaxBytes(16 << 20),
		kgo.FetchMaxPartitionBytes(1 << 20),
		kgo.AutoCommitMarks(),
		kgo.AutoCommitInterval(time.Second),
		kgo.BlockRebalanceOnPoll(),
		kgo.DefaultProduceTopic(j.Output),
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(1_000_000),
		kgo.MaxBufferedRecords(50_000),
		kgo.MaxBufferedBytes(64 << 20),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(func(key []byte, n int) int {
			return int(crc32.ChecksumIEEE(key) % uint32(n))
		})),
	}
}

// runBare copies the input with franz-go alone: poll, produce, and mark a
// poll's offsets when all its records are acknowledged.
func runBare(ctx context.Context, j job) (result, error) {
	client, err := kgo.NewClient(bareOptions(j)...)
	if err != nil {
		return result{}, err
	}
	loop := &bareLoop{client: client}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := loop.run(ctx); err != nil {
			cancel(err)
		}
	}()
	r, err := measure(ctx, j, loop.acknowledged.Load)
	cancel(nil)
	<-ended
	client.CloseAllowingRebalance()
	return r, err
}

// bareLoop is the copy loop that a careful programmer would write by hand.
type bareLoop struct {
	client       *kgo.Client
	acknowledged atomic.Int64
	failed       atomic.Pointer[error]
}

func (l *bareLoop) run(ctx context.Context) error {
	for ctx.Err() == nil {
		fetches := l.client.PollRecords(ctx, 10_000)
		if err := fetches.Err(); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		l.copy(ctx, fetches)
		l.client.AllowRebalance()
		if err := l.failed.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// copy produces a poll's records, allocated as one slice.
func (l *bareLoop) copy(ctx context.Context, fetches kgo.Fetches) {
	count := fetches.NumRecords()
	if count == 0 {
		return
	}
	out := make([]kgo.Record, 0, count)
	var pending atomic.Int64
	pending.Store(int64(count))
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			l.fail(err)
			return
		}
		l.acknowledged.Add(1)
		if pending.Add(-1) == 0 {
			l.mark(fetches)
		}
	}
	fetches.EachRecord(func(r *kgo.Record) {
		out = append(out, kgo.Record{Key: r.Key, Value: r.Value, Headers: r.Headers})
		l.client.Produce(ctx, &out[len(out)-1], promise)
	})
}

// fail keeps the first error. It is no part of the promise, where taking the
// error's address would allocate for each event.
func (l *bareLoop) fail(err error) { l.failed.CompareAndSwap(nil, &err) }

// mark marks the last record of each partition of a poll.
func (l *bareLoop) mark(fetches kgo.Fetches) {
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 {
			l.client.MarkCommitRecords(p.Records[n-1])
		}
	})
}
