package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// fromOpts overrules the start that auto.offset.reset says. What an offset or a
// time means for a partition only the source can find out.
func fromOpts(o *Options) ([]kgo.Opt, error) {
	s, err := ParseStart(o.String("from"))
	if err != nil || s.word == "" {
		return nil, err
	}
	return []kgo.Opt{kgo.ConsumeStartOffset(s.clientOffset())}, nil
}

// Start is a place to begin in every partition. The zero Start says nothing.
type Start struct {
	word   string // earliest or latest; else at, else offset counts
	at     time.Time
	offset int64
}

// clientOffset is the place as far as the client can find it.
func (s Start) clientOffset() kgo.Offset {
	if s.word == "latest" {
		return kgo.NewOffset().AtEnd()
	}
	return kgo.NewOffset().AtStart()
}

// ParseStart reads earliest, latest, an offset or a time in RFC 3339.
func ParseStart(text string) (Start, error) {
	switch word := strings.ToLower(text); word {
	case "", "earliest", "latest":
		return Start{word: word}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return Start{offset: n, word: "offset"}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return Start{at: at, word: "time"}, nil
	}
	return Start{}, fmt.Errorf("%q must be earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z", text)
}

// start is where partitions begin that the group has no offset for; the zero
// Start where it is an error to have none.
func (o *Options) start() Start {
	if s, err := ParseStart(o.String("from")); err == nil && s.word != "" {
		return s
	}
	if reset := o.String("auto.offset.reset"); reset != "error" {
		return Start{word: reset}
	}
	return Start{}
}

// offsets finds the place in each partition of topics.
func (s Start) offsets(ctx context.Context, admin *kadm.Client, topics ...string) (kadm.ListedOffsets, error) {
	switch s.word {
	case "earliest":
		return listed(admin.ListStartOffsets(ctx, topics...))
	case "latest":
		return listed(admin.ListEndOffsets(ctx, topics...))
	case "time":
		return listed(admin.ListOffsetsAfterMilli(ctx, s.at.UnixMilli(), topics...))
	}
	starts, err := listed(admin.ListStartOffsets(ctx, topics...))
	if err != nil {
		return nil, err
	}
	ends, err := listed(admin.ListEndOffsets(ctx, topics...))
	if err != nil {
		return nil, err
	}
	for topic, partitions := range ends {
		for number, end := range partitions {
			start, _ := starts.Lookup(topic, number)
			end.Offset = max(min(s.offset, end.Offset), start.Offset)
			partitions[number] = end
		}
	}
	return ends, nil
}

func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err == nil {
		err = offsets.Error()
	}
	return offsets, err
}

// errRecreated ends a session whose topic is another one of the same name by
// now. The client never reads that; a new one does.
type errRecreated struct {
	topic string
	error
}

func (e *errRecreated) Unwrap() error { return e.error }

// place looks at the offsets that partitions are about to be read from, which
// are what the group has committed or, where it has nothing, negative. It runs in
// the client's goroutine after assigned.
func (r *session) place(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	ends, err := r.endsOfCommitted(ctx, offsets)
	if err != nil { // the client finds the same out later, if less well
		r.cfg.Log.Warn("the group's offsets are not compared with the ends of the log", zap.Error(err))
	}
	var begin kadm.ListedOffsets
	for topic, partitions := range offsets {
		for number, o := range partitions {
			at := o.EpochOffset().Offset
			name := event.Partition{Topic: topic, Number: number}
			end, known := ends.Lookup(topic, number)
			known = known && end.Err == nil
			next, over := r.passOver(name, at)
			switch {
			case over:
				partitions[number] = kgo.NewOffset().At(next)
			case at >= 0 && (!known || at <= end.Offset):
				r.expect(name, at)
			case at >= 0:
				r.beyond(name, at, end.Offset, partitions)
			case r.recreated[topic]:
				partitions[number] = r.anew()
			case r.beganAt(name) >= 0:
				partitions[number] = kgo.NewOffset().At(r.beganAt(name))
			case r.added(name):
				partitions[number] = kgo.NewOffset().AtStart()
			case r.start.word == "":
				delete(partitions, number) // it is not read
				r.stop(fmt.Errorf("topic %s partition %d: the group %s has no committed offset, and auto_offset_reset says error (set from to say where to begin)",
					topic, number, r.cfg.Options.String("group.id")))
			case r.start.word == "time" || r.start.word == "offset":
				if begin == nil {
					if begin, err = r.start.offsets(ctx, kadm.NewClient(r.client), slices.Collect(maps.Keys(offsets))...); err != nil {
						return nil, fmt.Errorf("find where to begin: %w", err)
					}
				}
				first, _ := begin.Lookup(topic, number)
				partitions[number] = kgo.NewOffset().At(first.Offset)
			}
		}
	}
	r.begins(offsets)
	return offsets, nil
}

// The ends of a log are asked for again before a group is said to be beyond
// them: a broker that has just become leader may know less than it will.
const (
	endTries = 3
	endPause = 500 * time.Millisecond
)

// endsOfCommitted asks for the ends of the topics of which the group has
// committed something.
func (r *session) endsOfCommitted(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (kadm.ListedOffsets, error) {
	var topics []string
	for topic, partitions := range offsets {
		for _, o := range partitions {
			if o.EpochOffset().Offset >= 0 {
				topics = append(topics, topic)
				break
			}
		}
	}
	if len(topics) == 0 {
		return nil, nil
	}
	for tries := 1; ; tries++ {
		ends, err := kadm.NewClient(r.client).ListEndOffsets(ctx, topics...)
		if err != nil {
			return nil, err
		}
		if tries == endTries || !anyBeyond(offsets, ends) {
			return ends, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(endPause):
		}
	}
}

func anyBeyond(offsets map[string]map[int32]kgo.Offset, ends kadm.ListedOffsets) bool {
	beyond := false
	ends.Each(func(end kadm.ListedOffset) {
		if o, ok := offsets[end.Topic][end.Partition]; ok && end.Err == nil && o.EpochOffset().Offset > end.Offset {
			beyond = true
		}
	})
	return beyond
}

// beyond treats a partition of which the group has done more than there is.
func (r *session) beyond(name event.Partition, at, end int64, partitions map[int32]kgo.Offset) {
	fault := fmt.Errorf("topic %s partition %d: the group %s has committed offset %d, but the log ends at %d: the topic was deleted and created again, or its brokers lost records "+
		"(set on_topic_recreated to earliest or latest to begin anew there, or reset the group's offsets)",
		name.Topic, name.Number, r.cfg.Options.String("group.id"), at, end)
	if r.cfg.Options.String("on_topic_recreated") == "fail" {
		delete(partitions, name.Number) // it is not read
		r.stop(fault)
		return
	}
	r.cfg.Log.Warn("a partition is begun anew", zap.String("at", r.cfg.Options.String("on_topic_recreated")), zap.Error(fault))
	partitions[name.Number] = r.anew()
}

// anew is where to begin in a topic that is another one by now.
func (r *session) anew() kgo.Offset {
	if r.cfg.Options.String("on_topic_recreated") == "latest" {
		return kgo.NewOffset().AtEnd()
	}
	return kgo.NewOffset().AtStart()
}

// beganAt is where an earlier session began to read a partition, negative when
// none did.
func (s *Source) beganAt(name event.Partition) int64 {
	if at, ok := s.began[name]; ok {
		return at
	}
	return unknown
}

// replaced ends the session because of a topic that was deleted and created
// again: for good, or for another session that begins there as the options say.
func (r *session) replaced(topic string, err error) {
	if r.cfg.Options.String("on_topic_recreated") != "fail" {
		err = &errRecreated{topic, err}
	}
	r.stop(err)
}

// expect notes the offset that reading a partition goes on from.
func (r *session) expect(name event.Partition, next int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.partitions[name]; p != nil {
		p.next = next
	}
}

// count notes how many partitions the topics have when the source first joins,
// where it does not begin at the start anyway.
func (r *session) count(ctx context.Context, client *kgo.Client) {
	if r.known != nil || r.start.word == "earliest" {
		return
	}
	var names []string
	if !r.cfg.Regex {
		names = r.cfg.Topics
	}
	topics, err := kadm.NewClient(client).ListTopics(ctx, names...)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			r.cfg.Log.Warn("partitions that are added from now on begin as all others", zap.Error(err))
		}
		return
	}
	r.known = map[string]int{}
	for topic, detail := range topics {
		if detail.Err == nil {
			r.known[topic] = len(detail.Partitions)
		}
	}
}

// added tells whether a partition was made while the source ran. Nobody has
// read any of it, so it is read from its start.
func (r *session) added(name event.Partition) bool {
	return r.known != nil && int(name.Number) >= r.known[name.Topic]
}

// skipped counts what was gone before it was read. Gaps that the log keeps, of
// compaction and transactions, are none.
func (r *session) skipped(p *partition, f *kgo.FetchTopicPartition) {
	first, next := f.Records[0].Offset, p.next
	p.next = f.Records[len(f.Records)-1].Offset + 1
	if next < 0 || first <= next || f.LogStartOffset <= next {
		return
	}
	upTo := min(first, f.LogStartOffset)
	if r.cfg.Options.String("auto.offset.reset") == "latest" {
		upTo = first // what the log still had was passed over too
	}
	r.Source.skipped.Add(uint64(upTo - next))
	r.cfg.Log.Warn("offsets were gone before they were read", zap.String("topic", f.Topic), zap.Int32("partition", f.Partition),
		zap.Int64("from", next), zap.Int64("to", upTo), zap.String("remedy", "raise the topic's retention, or read faster"))
}
