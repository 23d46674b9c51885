package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// bounds are the ends of a bounded run: the end offsets of all partitions of
// the source's topics at its start, whoever in the group reads them, or of those
// that were chosen; or a place before them.
type bounds struct {
	cfg   SourceConfig
	start Start

	mu           sync.Mutex
	loaded       bool
	starts, ends kadm.ListedOffsets
	begins       kadm.ListedOffsets // where partitions without an offset are begun
}

func newBounds(cfg SourceConfig, start Start) *bounds { return &bounds{cfg: cfg, start: start} }

// load asks for the offsets, once.
func (b *bounds) load(ctx context.Context, client *kgo.Client) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loaded {
		return nil
	}
	admin := kadm.NewClient(client)
	topics, err := b.topics(ctx, admin)
	if err != nil {
		return err
	}
	if b.starts, err = admin.ListStartOffsets(ctx, topics...); err == nil {
		err = b.starts.Error()
	}
	if err != nil {
		return fmt.Errorf("start offsets: %w", err)
	}
	// Up to the last stable offset: what an open transaction holds back is not
	// there yet for a reader of committed records.
	if b.ends, err = admin.ListCommittedOffsets(ctx, topics...); err == nil {
		err = b.ends.Error()
	}
	if err != nil {
		return fmt.Errorf("end offsets: %w", err)
	}
	if b.cfg.To.word != "" {
		if err := b.lower(ctx, admin, topics); err != nil {
			return err
		}
	}
	for topic, partitions := range b.ends {
		maps.DeleteFunc(partitions, func(number int32, _ kadm.ListedOffset) bool { return !b.cfg.wants(topic, number) })
	}
	b.begins = b.starts
	if b.start.word != "" && b.start.word != "earliest" {
		if b.begins, err = b.start.offsets(ctx, admin, topics...); err != nil {
			return fmt.Errorf("find where to begin: %w", err)
		}
	}
	b.loaded = true
	return nil
}

// lower takes the ends back to where the run is to end.
func (b *bounds) lower(ctx context.Context, admin *kadm.Client, topics []string) error {
	to, err := b.cfg.To.offsets(ctx, admin, topics...)
	if err != nil {
		return fmt.Errorf("find where to end: %w", err)
	}
	for topic, partitions := range b.ends {
		for number, end := range partitions {
			if at, ok := to.Lookup(topic, number); ok && at.Offset < end.Offset {
				end.Offset = at.Offset
				partitions[number] = end
			}
		}
	}
	return nil
}

func (b *bounds) topics(ctx context.Context, admin *kadm.Client) ([]string, error) {
	if !b.cfg.Regex {
		return b.cfg.Topics, nil
	}
	all, err := admin.ListTopics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var topics []string
	for _, name := range all.Names() {
		if b.cfg.Options.Excludes(name) {
			continue
		}
		for _, pattern := range b.cfg.Topics {
			if ok, _ := regexp.MatchString(pattern, name); ok { // the client compiled it before
				topics = append(topics, name)
				break
			}
		}
	}
	if len(topics) == 0 {
		return nil, fmt.Errorf("no topic matches %q", b.cfg.Topics)
	}
	return topics, nil
}

// end is the offset up to which a partition is read; 0 when it was not there
// at the start.
func (b *bounds) end(p *event.Partition) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, _ := b.ends.Lookup(p.Topic, p.Number)
	return o.Offset
}

// begin is where a partition is read from that the group has no offset for.
func (b *bounds) begin(p *event.Partition) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, _ := b.begins.Lookup(p.Topic, p.Number)
	return o.Offset
}

// done tells whether the group has committed every partition up to its end.
func (b *bounds) done(ctx context.Context, client *kgo.Client) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.loaded {
		return false, nil
	}
	group := b.cfg.Options.String("group.id")
	committed, err := kadm.NewClient(client).FetchOffsets(ctx, group)
	if err != nil {
		return false, fmt.Errorf("committed offsets of group %s: %w", group, err)
	}
	done := true
	b.ends.Each(func(end kadm.ListedOffset) {
		start, _ := b.starts.Lookup(end.Topic, end.Partition)
		begin, _ := b.begins.Lookup(end.Topic, end.Partition)
		at, ok := committed.Lookup(end.Topic, end.Partition)
		switch {
		case start.Offset >= end.Offset: // nothing there
		case ok && at.At >= end.Offset:
		case (!ok || at.At < 0) && begin.Offset >= end.Offset: // reading began behind it
		default:
			done = false
		}
	})
	return done, nil
}

// missingTopics lists the topics that the brokers say do not exist. What cannot
// be found out counts as there.
func missingTopics(ctx context.Context, client *kgo.Client, topics []string) []string {
	found, err := kadm.NewClient(client).ListTopics(ctx, topics...)
	if err != nil {
		return nil
	}
	var missing []string
	for _, topic := range topics {
		if errors.Is(found[topic].Err, kerr.UnknownTopicOrPartition) {
			missing = append(missing, topic)
		}
	}
	return missing
}
