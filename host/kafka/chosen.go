package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// chosen obeys the partition that a processor chose, and leaves every other
// record to the configured partitioner. A number that the topic does not have
// fails the record.
type chosen struct{ kgo.Partitioner }

// ForTopic implements kgo.Partitioner.
func (c chosen) ForTopic(topic string) kgo.TopicPartitioner {
	return chosenTopic{c.Partitioner.ForTopic(topic)}
}

type chosenTopic struct{ kgo.TopicPartitioner }

func (c chosenTopic) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition >= 0 || c.TopicPartitioner.RequiresConsistency(r)
}

func (c chosenTopic) Partition(r *kgo.Record, n int) int {
	if r.Partition >= 0 {
		return int(r.Partition)
	}
	return c.TopicPartitioner.Partition(r, n)
}

// OnNewBatch implements kgo.TopicPartitionerOnNewBatch.
func (c chosenTopic) OnNewBatch() {
	if t, ok := c.TopicPartitioner.(kgo.TopicPartitionerOnNewBatch); ok {
		t.OnNewBatch()
	}
}
