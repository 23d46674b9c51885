package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Record is one record, as written and as read.
type Record struct {
	Topic     string
	Partition int32 // chosen by the key when written
	Offset    int64
	Key       []byte
	Value     []byte
	Headers   []Header
}

// Header is one header of a record.
type Header struct {
	Name  string
	Value []byte
}

// Header is the value of the first header of a name, nil without one.
func (r *Record) Header(name string) []byte {
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return nil
}

// Client writes and reads records of a Broker: just enough to feed a demo and
// to look at what became of it.
type Client struct {
	kgo   *kgo.Client
	admin *kadm.Client
	addr  string
}

// Client makes a client. It must be closed.
func (b *Broker) Client() (*Client, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.ClientID("weir-broker"), kgo.UnknownTopicRetries(0),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		return nil, fmt.Errorf("broker: client: %w", err)
	}
	return &Client{kgo: client, admin: kadm.NewClient(client), addr: b.addr}, nil
}

// Close lets go of the connections.
func (c *Client) Close() { c.kgo.Close() }

// Produce writes records and waits until the broker has them all. Records of
// one partition keep their order.
func (c *Client) Produce(ctx context.Context, records ...Record) error {
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: r.Topic, Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			out[i].Headers = append(out[i].Headers, kgo.RecordHeader{Key: h.Name, Value: h.Value})
		}
	}
	if err := c.kgo.ProduceSync(ctx, out...).FirstErr(); err != nil {
		return fmt.Errorf("broker: produce: %w", err)
	}
	return nil
}

// Read calls each with every record that the topics hold now, in the order of
// the offsets within a partition.
func (c *Client) Read(ctx context.Context, topics []string, each func(*Record)) error {
	ends, err := c.ends(ctx, topics)
	if err != nil || len(ends) == 0 {
		return err
	}
	return c.consume(ctx, topics, func(r *kgo.Record) bool {
		emit(r, each)
		p := partition{r.Topic, r.Partition}
		if r.Offset+1 >= ends[p] {
			delete(ends, p)
		}
		return len(ends) > 0
	})
}

// Follow calls each with every record of the topics, those that they hold and
// those that come, until ctx ends; then it returns nil.
func (c *Client) Follow(ctx context.Context, topics []string, each func(*Record)) error {
	err := c.consume(ctx, topics, func(r *kgo.Record) bool {
		emit(r, each)
		return true
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

type partition struct {
	topic  string
	number int32
}

// ends is where the partitions that hold anything end now.
func (c *Client) ends(ctx context.Context, topics []string) (map[partition]int64, error) {
	listed, err := c.admin.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("broker: end offsets of %v: %w", topics, err)
	}
	ends := make(map[partition]int64)
	listed.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			ends[partition{o.Topic, o.Partition}] = o.Offset
		}
	})
	return ends, nil
}

// consume reads topics from their start until each returns false. It keeps
// the marks of transactions, which also take offsets.
func (c *Client) consume(ctx context.Context, topics []string, each func(*kgo.Record) bool) error {
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.addr), kgo.ClientID("weir-broker"),
		kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))
	if err != nil {
		return fmt.Errorf("broker: client: %w", err)
	}
	defer reader.Close()
	for {
		fetches := reader.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		var failed []error
		fetches.EachError(func(topic string, p int32, err error) {
			failed = append(failed, fmt.Errorf("broker: read %s[%d]: %w", topic, p, err))
		})
		if len(failed) > 0 {
			return errors.Join(failed...)
		}
		for r := range fetches.RecordsAll() {
			if !each(r) {
				return nil
			}
		}
	}
}

func emit(r *kgo.Record, each func(*Record)) {
	if r.Attrs.IsControl() {
		return
	}
	out := &Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, Header{Name: h.Key, Value: h.Value})
	}
	each(out)
}
