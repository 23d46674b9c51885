package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// Reader reads what a topic holds, for commands that look: outside of any group,
// and up to the ends seen at the start.
type Reader struct {
	options *Options // of an admin client
	log     *zap.Logger
}

// NewReader makes a reader. It connects to nothing.
func NewReader(o *Options, log *zap.Logger) *Reader { return &Reader{options: o, log: log} }

// Read visits the committed records of a topic from a place on, those of a
// partition in order, until visit returns an error. The events are valid for
// as long as they are kept.
func (r *Reader) Read(ctx context.Context, topic string, from Start, visit func(e *event.Event) error) error {
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	begins, err := from.offsets(ctx, admin, topic)
	if err != nil {
		return r.describe(topic, err)
	}
	ends, err := listed(admin.ListCommittedOffsets(ctx, topic))
	if err != nil {
		return r.describe(topic, err)
	}
	return r.read(ctx, topic, begins, ends, visit)
}

// ReadOne reads one record, nil when there is none at the place.
func (r *Reader) ReadOne(ctx context.Context, topic string, partition int32, offset int64) (*event.Event, error) {
	client, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ends, err := listed(kadm.NewClient(client).ListCommittedOffsets(ctx, topic))
	if err != nil {
		return nil, r.describe(topic, err)
	}
	end, ok := ends.Lookup(topic, partition)
	if !ok || offset >= end.Offset {
		return nil, nil
	}
	begin := end
	begin.Offset = offset
	end.Offset = offset + 1
	one := func(o kadm.ListedOffset) kadm.ListedOffsets {
		return kadm.ListedOffsets{topic: {partition: o}}
	}
	var found *event.Event
	err = r.read(ctx, topic, one(begin), one(end), func(e *event.Event) error {
		if e.Offset == offset {
			found = e
		}
		return nil
	})
	return found, err
}

// Committed gives a group's offsets for the partitions of a topic. A partition
// without one is missing.
func (r *Reader) Committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	client, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	offsets, err := kadm.NewClient(client).FetchOffsetsForTopics(ctx, group, topic)
	if err == nil {
		err = offsets.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return map[int32]int64{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	committed := map[int32]int64{}
	offsets.Each(func(o kadm.OffsetResponse) {
		if o.At >= 0 {
			committed[o.Partition] = o.At
		}
	})
	return committed, nil
}

// client connects, so that one clear error comes when it cannot.
func (r *Reader) client(ctx context.Context, more ...kgo.Opt) (*kgo.Client, error) {
	opts, err := r.options.ClientOpts()
	if err != nil {
		return nil, err
	}
	opts = append(opts, clientLog(r.log, r.options), kgo.KeepControlRecords(), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	client, err := kgo.NewClient(append(opts, more...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	if err := awaitAnswer(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// awaitAnswer waits until a broker answers, though not for long.
func awaitAnswer(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := firstAnswer(ctx, client); err != nil {
		return unreachable(client, err)
	}
	return nil
}

// CheckTopic sees that a topic exists.
func (r *Reader) CheckTopic(ctx context.Context, topic string) error {
	client, err := r.client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = listed(kadm.NewClient(client).ListStartOffsets(ctx, topic))
	if err != nil {
		return r.describe(topic, err)
	}
	return nil
}

// describe says what a failed look at a topic means.
func (r *Reader) describe(topic string, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("topic %s does not exist", topic)
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ and DESCRIBE on topic %s to %s", topic, r.options.principal())
	}
	return withRemedy(fmt.Errorf("topic %s: %w", topic, err), remedy)
}

// read goes from begins to ends.
func (r *Reader) read(ctx context.Context, topic string, begins, ends kadm.ListedOffsets, visit func(e *event.Event) error) error {
	at, left := map[int32]kgo.Offset{}, map[int32]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		begin, _ := begins.Lookup(topic, end.Partition)
		if begin.Offset >= 0 && begin.Offset < end.Offset {
			at[end.Partition] = kgo.NewOffset().At(begin.Offset)
			left[end.Partition] = end.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	client, err := r.client(ctx, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: at}))
	if err != nil {
		return err
	}
	defer client.Close()
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, e := range fetches.Errors() {
			if fatalFetch(e.Err) {
				return describeFetch(r.options, topic, e.Partition, e.Err)
			}
		}
		for _, f := range partitionsOf(fetches) {
			end, open := left[f.Partition]
			if !open || len(f.Records) == 0 {
				continue
			}
			polled := newPolled(&event.Partition{Topic: topic, Number: f.Partition}, f.Records, end)
			if polled.last.Next >= end || f.Records[len(f.Records)-1].Offset >= end-1 {
				delete(left, f.Partition)
			}
			events := make([]event.Event, polled.Len())
			polled.Fill(events, 0, 0)
			for i := range events {
				if err := visit(&events[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func partitionsOf(fetches kgo.Fetches) []kgo.FetchTopicPartition {
	var all []kgo.FetchTopicPartition
	fetches.EachPartition(func(f kgo.FetchTopicPartition) { all = append(all, f) })
	return all
}
