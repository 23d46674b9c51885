package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Record is one record, as written and as read.
type Record struct {
	Topic     string
	Partition int32 // where to by a client of Dial; chosen by the key by others
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

// Client writes and reads records of a Broker: just enough to feed a demo or a
// trial, and to look at what became of it.
type Client struct {
	kgo   *kgo.Client
	admin *kadm.Client
	opts  []kgo.Opt // where to and who, for other clients of the same brokers
}

// Client makes a client. It must be closed.
func (b *Broker) Client() (*Client, error) {
	return newClient([]kgo.Opt{kgo.SeedBrokers(b.addr)}, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.UnknownTopicRetries(0))
}

// Dial makes a client of brokers in other processes, which writes records to the
// partitions that they name. Without options it talks plain text. Nothing is
// connected yet. It must be closed.
func Dial(addrs []string, opts ...kgo.Opt) (*Client, error) {
	// In a cluster it takes a moment until all brokers know of a new topic.
	return newClient(append(opts, kgo.SeedBrokers(addrs...)), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(250*time.Millisecond), kgo.UnknownTopicRetries(-1))
}

func newClient(brokers []kgo.Opt, opts ...kgo.Opt) (*Client, error) {
	brokers = append(brokers, kgo.ClientID("weir-broker"))
	client, err := kgo.NewClient(append(opts, brokers...)...)
	if err != nil {
		return nil, fmt.Errorf("broker: client: %w", err)
	}
	return &Client{kgo: client, admin: kadm.NewClient(client), opts: brokers}, nil
}

// Close lets go of the connections.
func (c *Client) Close() { c.kgo.Close() }

// Produce writes records and waits until the broker has them all. Records of
// one partition keep their order.
func (c *Client) Produce(ctx context.Context, records ...Record) error {
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: r.Topic, Partition: r.Partition, Key: r.Key, Value: r.Value}
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
	ends, err := c.Ends(ctx, topics)
	if err != nil || len(ends) == 0 {
		return err
	}
	return c.consume(ctx, topics, func(r *kgo.Record) bool {
		emit(r, each)
		p := Partition{r.Topic, r.Partition}
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

// Partition is one partition of a topic.
type Partition struct {
	Topic  string
	Number int32
}

// Ends is where the partitions that hold anything end now: the offset behind
// their last record.
func (c *Client) Ends(ctx context.Context, topics []string) (map[Partition]int64, error) {
	listed, err := c.admin.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("broker: end offsets of %v: %w", topics, err)
	}
	ends := make(map[Partition]int64)
	listed.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			ends[Partition{o.Topic, o.Partition}] = o.Offset
		}
	})
	return ends, nil
}

// consume reads topics from their start until each returns false. It keeps
// the marks of transactions, which also take offsets.
func (c *Client) consume(ctx context.Context, topics []string, each func(*kgo.Record) bool) error {
	reader, err := kgo.NewClient(append(slices.Clone(c.opts), kgo.ConsumeTopics(topics...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond))...)
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
