// Package kafkatest gives tests a broker, topics, records and the weir process.
//
// Two brokers are to be had. Fake is kfake inside the test process, for every
// run. Real is an Apache Kafka started from its published jars by
// real-kafka.sh; it needs java 17 and mvn and is only used when
// WEIR_REAL_KAFKA=1, so that the ordinary tests need nothing but Go. A package
// that uses Real calls Main from its TestMain, which starts the broker once,
// stops it, and says loudly when its tests are skipped.
package kafkatest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Broker is a running cluster under test.
type Broker struct {
	// Addresses is the bootstrap list, comma separated.
	Addresses string
}

// Fake starts a one-node kfake with its data on disk and stops it when the
// test ends.
func Fake(tb testing.TB, opts ...kfake.Opt) *Broker {
	tb.Helper()
	opts = append([]kfake.Opt{kfake.NumBrokers(1), kfake.DataDir(tb.TempDir())}, opts...)
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		tb.Fatalf("start kfake: %v", err)
	}
	tb.Cleanup(cluster.Close)
	return &Broker{Addresses: cluster.ListenAddrs()[0]}
}

// Client returns a client of the broker that is closed when the test ends.
// It reads committed records only, as weir does.
func (b *Broker) Client(tb testing.TB, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	opts = append([]kgo.Opt{
		kgo.SeedBrokers(strings.Split(b.Addresses, ",")...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}, opts...)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		tb.Fatalf("make client: %v", err)
	}
	tb.Cleanup(client.CloseAllowingRebalance)
	return client
}

// CreateTopics makes topics of the given number of partitions and fails the
// test when one cannot be made or is there already.
func (b *Broker) CreateTopics(tb testing.TB, partitions int32, topics ...string) {
	tb.Helper()
	admin := kadm.NewClient(b.Client(tb))
	responses, err := admin.CreateTopics(tb.Context(), partitions, 1, nil, topics...)
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		tb.Fatalf("create topics %v: %v", topics, err)
	}
}

// EndOffsets returns, by partition, the offset after the last record of a
// topic.
func (b *Broker) EndOffsets(tb testing.TB, topic string) map[int32]int64 {
	tb.Helper()
	ends, err := kadm.NewClient(b.Client(tb)).ListEndOffsets(tb.Context(), topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		tb.Fatalf("list end offsets of %s: %v", topic, err)
	}
	offsets := make(map[int32]int64)
	ends.Each(func(o kadm.ListedOffset) { offsets[o.Partition] = o.Offset })
	return offsets
}

// Committed returns, by partition, the offset that a group has committed for a
// topic; partitions without a commit are absent.
func (b *Broker) Committed(tb testing.TB, group, topic string) map[int32]int64 {
	tb.Helper()
	responses, err := kadm.NewClient(b.Client(tb)).FetchOffsets(tb.Context(), group)
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		tb.Fatalf("fetch offsets of group %s: %v", group, err)
	}
	offsets := make(map[int32]int64)
	responses.Each(func(o kadm.OffsetResponse) {
		if o.Topic == topic && o.At >= 0 {
			offsets[o.Partition] = o.At
		}
	})
	return offsets
}

// Produce writes records, in order for each partition, and waits until the
// broker has them all.
func Produce(tb testing.TB, client *kgo.Client, records ...*kgo.Record) {
	tb.Helper()
	if err := client.ProduceSync(tb.Context(), records...).FirstErr(); err != nil {
		tb.Fatalf("produce: %v", err)
	}
}

// stallTimeout is how long a reader waits for records that must be there.
const stallTimeout = 30 * time.Second

type topicPartition struct {
	topic     string
	partition int32
}

// ReadAll reads topics from their beginning to the end offsets seen at the
// call, in offset order for each partition, and gives each record to visit.
func (b *Broker) ReadAll(tb testing.TB, visit func(*kgo.Record), topics ...string) {
	tb.Helper()
	ends := make(map[topicPartition]int64)
	starts := make(map[string]map[int32]kgo.Offset)
	for _, topic := range topics {
		starts[topic] = make(map[int32]kgo.Offset)
		for partition, end := range b.EndOffsets(tb, topic) {
			if end > 0 {
				ends[topicPartition{topic, partition}] = end
				starts[topic][partition] = kgo.NewOffset().At(0)
			}
		}
	}
	// Control records are kept because the last record may be one.
	client := b.Client(tb, kgo.ConsumePartitions(starts), kgo.KeepControlRecords())
	for len(ends) > 0 {
		poll(tb, client).EachRecord(func(r *kgo.Record) {
			from := topicPartition{r.Topic, r.Partition}
			end, wanted := ends[from]
			if !wanted {
				return
			}
			if !r.Attrs.IsControl() {
				visit(r)
			}
			if r.Offset == end-1 {
				delete(ends, from)
			}
		})
	}
}

func poll(tb testing.TB, client *kgo.Client) kgo.Fetches {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), stallTimeout)
	defer cancel()
	fetches := client.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		tb.Fatalf("read: %v", err)
	}
	return fetches
}
