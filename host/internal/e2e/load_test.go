package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify"
)

// load produces the numbered inputs of a run to every partition of a topic in
// turn, at a steady pace. In each partition the sequence number of an input is
// its offset.
type load struct {
	run     string
	topic   string
	client  *kgo.Client
	next    []int64 // by partition: how many inputs were made
	release chan int
	result  chan error
}

// pace of the load: a burst every interval.
const (
	burst    = 500
	interval = 25 * time.Millisecond
)

func newLoad(t *testing.T, broker *kafkatest.Broker, run, topic string, partitions int32) *load {
	l := &load{
		run: run, topic: topic, next: make([]int64, partitions),
		client:  broker.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0)),
		release: make(chan int),
		result:  make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.result <- l.produce(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return l
}

// send lets the load produce count more inputs; it returns when the load has
// begun with them.
func (l *load) send(t *testing.T, count int) {
	t.Helper()
	select {
	case l.release <- count:
	case err := <-l.result:
		t.Fatalf("the load ended: %v", err)
	case <-time.After(patience):
		t.Fatalf("the load did not finish its last inputs within %v", patience)
	}
}

// finish waits until all inputs are acknowledged and returns the checker for
// them.
func (l *load) finish(t *testing.T) *verify.Checker {
	t.Helper()
	close(l.release)
	select {
	case err := <-l.result:
		if err != nil {
			t.Fatalf("the load: %v", err)
		}
	case <-time.After(patience):
		t.Fatalf("the load did not finish within %v", patience)
	}
	return verify.NewChecker(l.run, l.next)
}

func (l *load) produce(ctx context.Context) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		var count int
		var more bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case count, more = <-l.release:
		}
		if !more {
			return nil
		}
		for count > 0 {
			n := min(count, burst)
			if err := l.client.ProduceSync(ctx, l.records(n)...).FirstErr(); err != nil {
				return err
			}
			count -= n
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-ticker.C:
			}
		}
	}
}

func (l *load) records(count int) []*kgo.Record {
	records := make([]*kgo.Record, count)
	for i := range records {
		partition := int32(i % len(l.next))
		origin := verify.Origin{Partition: partition, Seq: l.next[partition]}
		l.next[partition]++
		records[i] = &kgo.Record{
			Topic: l.topic, Partition: partition,
			Key:   fmt.Appendf(nil, "key-%d", origin.Seq%997),
			Value: verify.Value(l.run, origin, 200),
		}
	}
	return records
}

// awaitCommitted waits until the group has committed the end of its input.
func awaitCommitted(t *testing.T, broker *kafkatest.Broker, group, topic string) {
	t.Helper()
	eventually(t, fmt.Sprintf("group %s to commit the end of %s", group, topic), func() bool { return atEnd(t, broker, group, topic) })
}

// atEnd tells whether the group has committed the end of its input.
func atEnd(t *testing.T, broker *kafkatest.Broker, group, topic string) bool {
	t.Helper()
	ends, committed := broker.EndOffsets(t, topic), broker.Committed(t, group, topic)
	for partition, end := range ends {
		if end > 0 && committed[partition] < end {
			return false
		}
	}
	return true
}

// check gives a checker all that an output topic holds and returns its report.
func check(t *testing.T, broker *kafkatest.Broker, checker *verify.Checker, outputs ...string) verify.Report {
	t.Helper()
	broker.ReadAll(t, func(r *kgo.Record) {
		checker.Output(r.Topic, r.Partition, r.Offset, r.Value)
	}, outputs...)
	report := checker.Report()
	t.Log(report)
	if err := report.Err(); err != nil {
		t.Error(err)
	}
	return report
}
