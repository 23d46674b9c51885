package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/event"
)

// Check says why the client would refuse to write an event: it is the event's
// own fault, and told before the event is handed over, because a record that
// fails in the client fails all that is written behind it.
func (s *Sink) Check(topic string, e *event.Event) *event.Failure {
	if f := s.checkSize(e); f != nil {
		return f
	}
	if e.Partition == event.AnyPartition {
		return nil
	}
	return s.checkPartition(topic, e.Partition)
}

// What a batch on the wire and each part of a record in it take at most beside
// the bytes of the event. The client knows only after its first write which version
// of the protocol the brokers speak; to new ones a batch is 3 bytes smaller.
const (
	batchOverhead  = 65
	recordOverhead = 32
	headerOverhead = 10
)

// checkSize compares the size of a batch that holds only the event with the
// sizes that the client has, both before compression.
func (s *Sink) checkSize(e *event.Event) *event.Failure {
	size := e.Size()
	switch {
	case size > s.sizes.buffer:
		return tooLarge(size, s.sizes.buffer, "queue.buffering.max.kbytes of the sink")
	case size+batchOverhead+recordOverhead+headerOverhead*len(e.Headers) <= s.sizes.batch:
		return nil // without a closer look
	}
	if size = batchOverhead + wireSize(e); size <= s.sizes.batch {
		return nil
	}
	return tooLarge(size, s.sizes.batch, "message.max.bytes of the sink, and max.message.bytes of the topic if that is less")
}

func tooLarge(size, most int, option string) *event.Failure {
	return &event.Failure{Class: event.TooLarge, Attempt: 1, Message: fmt.Sprintf(
		"the record takes %d bytes and the sink writes at most %d: raise %s, or let a processor shorten or drop the event", size, most, option)}
}

// wireSize is the size of an event as a record on the wire, as the first of its batch.
func wireSize(e *event.Event) int {
	n := 1 + 1 + 1 + // attributes, and no difference in time and offset to the batch
		kbin.VarintLen(int32(len(e.Key))) + len(e.Key) +
		kbin.VarintLen(int32(len(e.Value))) + len(e.Value) +
		kbin.VarintLen(int32(len(e.Headers)))
	for i := range e.Headers {
		h := &e.Headers[i]
		n += kbin.VarintLen(int32(len(h.Name))) + len(h.Name) + kbin.VarintLen(int32(len(h.Value))) + len(h.Value)
	}
	return kbin.VarintLen(int32(n)) + n
}

// sizes are the sizes, in bytes, that the client takes: of a batch on the wire,
// and of the payloads that wait.
type sizes struct{ batch, buffer int }

func sizesOf(o *Options) sizes {
	return sizes{batch: int(o.batchBytes()), buffer: int(o.Int("queue.buffering.max.kbytes"))}
}

// partitionCounts remembers how many partitions topics have. Topics only grow,
// so a number that was good stays good.
type partitionCounts struct {
	known sync.Map // topic to int32
	mu    sync.Mutex
	asked map[string]time.Time
}

// How long a look for partitions may hold up a lane, and how often a topic is
// looked at again because events choose partitions that it does not have.
const (
	lookTimeout = 2 * time.Second
	lookAgain   = time.Second
)

// checkPartition fails an event for a partition that its topic does not have.
// When the brokers cannot be asked the event passes: writing will tell.
func (s *Sink) checkPartition(topic string, number int32) *event.Failure {
	if n, ok := s.partitions.known.Load(topic); ok && number < n.(int32) {
		return nil
	}
	n := s.look(topic)
	if n == 0 || number < n {
		return nil
	}
	return &event.Failure{Class: event.BadPartition, Attempt: 1, Message: fmt.Sprintf(
		"kafka_partition is %d, and topic %s has the partitions 0 to %d: let the processor choose one of them, or add partitions (weir topics apply)", number, topic, n-1)}
}

// look asks for the number of a topic's partitions, 0 when nobody says. It asks
// the brokers at most once in a while and for one lane at a time.
func (s *Sink) look(topic string) int32 {
	p := &s.partitions
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.asked[topic]) < lookAgain {
		n, _ := p.known.Load(topic)
		count, _ := n.(int32)
		return count
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	n := countPartitions(ctx, s.client.Load(), topic)
	if p.asked == nil {
		p.asked = map[string]time.Time{}
	}
	p.asked[topic] = time.Now()
	if n > 0 {
		p.known.Store(topic, n)
	}
	return n
}

func countPartitions(ctx context.Context, client *kgo.Client, topic string) int32 {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(topic)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, client)
	if err != nil || len(resp.Topics) != 1 || kerr.ErrorForCode(resp.Topics[0].ErrorCode) != nil {
		return 0
	}
	return int32(len(resp.Topics[0].Partitions))
}
