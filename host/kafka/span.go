package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// Span is what a bounded run has left to read of a partition: offsets from From
// on, up to To and without it. Not each of them has to be a record.
type Span struct {
	event.Partition
	From, To int64
	// Resumed says that From is where the group has got to before.
	Resumed bool
}

// Len is how many records there are at most.
func (s *Span) Len() int64 { return max(0, s.To-s.From) }

// Spans says what a bounded run would read now, by topics and partitions. It takes
// part in no group and changes nothing.
func (s *Source) Spans(ctx context.Context) ([]Span, error) {
	client, err := s.lookClient()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := awaitAnswer(ctx, client); err != nil {
		return nil, err
	}
	if !s.cfg.Regex {
		if missing := missingTopics(ctx, client, s.cfg.Topics); len(missing) > 0 {
			return nil, fmt.Errorf("topic %s does not exist (create it, for instance by weir topics apply, or mend the name)", strings.Join(missing, ", "))
		}
	}
	b := newBounds(s.cfg, s.start)
	if err := b.load(ctx, client); err != nil {
		return nil, err
	}
	group := s.cfg.Options.String("group.id")
	committed, err := kadm.NewClient(client).FetchOffsets(ctx, group)
	if err == nil {
		err = committed.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // a group begins with its first commit
		return nil, describeGroup(s.cfg.Options, fmt.Errorf("committed offsets: %w", err))
	}
	var spans []Span
	b.ends.Each(func(end kadm.ListedOffset) {
		start, _ := b.starts.Lookup(end.Topic, end.Partition)
		begin, _ := b.begins.Lookup(end.Topic, end.Partition)
		span := Span{Partition: event.Partition{Topic: end.Topic, Number: end.Partition}, From: begin.Offset, To: end.Offset}
		if at, ok := committed.Lookup(end.Topic, end.Partition); ok && at.At >= 0 {
			span.From, span.Resumed = max(at.At, start.Offset), true
		}
		spans = append(spans, span)
	})
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Number, b.Number)) })
	return spans, nil
}

// lookClient makes a client that asks about the topics of the source, outside
// of its group.
func (s *Source) lookClient() (*kgo.Client, error) {
	opts, err := s.cfg.Options.ClientOpts()
	if err != nil {
		return nil, err
	}
	if s.cfg.Regex { // what leaves topics out of expressions needs them
		opts = append(opts, kgo.ConsumeRegex())
	}
	client, err := kgo.NewClient(append(append(opts, clientLog(s.cfg.Log, s.cfg.Options)), s.cfg.Extra...)...)
	if err != nil {
		return nil, fmt.Errorf("kafka client: %w", err)
	}
	return client, nil
}

// atEnd ends the reading of a partition whose records have come to the end of a
// bounded run. The position moves there although the offsets before it may be no
// records, as where a transaction was aborted: nobody would ever commit it. It
// never moves back, to an end before what the group has done.
func (r *session) atEnd(p *partition, from int64, polled *polled) {
	p.ended = true
	if from < 0 {
		from = p.begin
	}
	switch at := &polled.last; {
	case from >= p.end:
	case at.Next == 0: // no record tells an epoch
		at.Next, at.Epoch = p.end, -1
	default:
		at.Next = p.end
	}
	r.client.PauseFetchPartitions(map[string][]int32{p.name.Topic: {p.name.Number}})
}
