package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// look asks the cluster about one topic.
func (s *topicSession) look(ctx context.Context, t *Topic) TopicReport {
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	detail, err := s.describe(ctx, t.Name)
	if err == nil {
		err = detail.Err
	}
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return t.missing()
	case err != nil:
		return t.failed(s.explain(err, t.Name, "DESCRIBE").Error())
	}
	return s.compare(ctx, t, detail)
}

// describe reads the metadata of one topic, of one so that a topic without
// permission does not hide the others, and past the client's cache, which the
// wish for authorized operations does.
func (s *topicSession) describe(ctx context.Context, topic string) (kadm.TopicDetail, error) {
	details, err := s.admin.ListTopicsWithInternal(kadm.WithAuthorizedOps(ctx), topic)
	return details[topic], err
}

// missing reports a topic that Apply would make, with the options it gets.
func (t *Topic) missing() TopicReport {
	r := t.report(TopicMissing)
	if len(t.Assignment) > 0 {
		r.Changes = append(r.Changes, Change{
			Setting: settingAssignment, Want: FormatAssignment(t.Assignment), State: ChangePlanned,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		r.Changes = append(r.Changes, Change{Setting: name, Want: t.Config[name], State: ChangePlanned})
	}
	return r
}

// compare reports an existing topic, with the numbers that it has.
func (s *topicSession) compare(ctx context.Context, t *Topic, have kadm.TopicDetail) TopicReport {
	r := t.report(TopicExists)
	r.Partitions = int32(len(have.Partitions))
	r.Replication = int16(have.Partitions.NumReplicas())
	s.comparePartitions(ctx, t, &r)
	compareReplicas(t, have.Partitions, &r)
	if len(t.Config) > 0 || len(t.Reset) > 0 || s.resetsUnlisted(t) {
		if err := s.compareOptions(ctx, t, &r); err != nil {
			return t.failed("its options cannot be read: " + err.Error())
		}
	}
	for _, c := range r.changes(ChangePlanned) {
		switch {
		case s.rules.KeepExisting:
			c.State, c.Reason = ChangeHeld, "existing topics are left alone"
		case c.Risk != "" && !s.rules.AllowDestructive:
			c.State, c.Reason = ChangeHeld, "held back without --allow-destructive"
		}
	}
	r.settle()
	return r
}

func (s *topicSession) comparePartitions(ctx context.Context, t *Topic, r *TopicReport) {
	want := max(t.Partitions, int32(len(t.Assignment)))
	if want <= 0 || want == r.Partitions {
		return
	}
	c := Change{
		Setting: settingPartitions, State: ChangePlanned,
		Have: strconv.Itoa(int(r.Partitions)), Want: strconv.Itoa(int(want)),
	}
	switch {
	case want < r.Partitions:
		c.State, c.Reason = ChangeImpossible, "Kafka takes no partition away; move the records to a new topic"
	case s.holdsRecords(ctx, t.Name):
		c.Risk = "keys move to other partitions, so that order by key and joins by key break"
	}
	r.Changes = append(r.Changes, c)
}

// holdsRecords tells whether keys have places in the topic. What cannot be
// told counts as yes.
func (s *topicSession) holdsRecords(ctx context.Context, topic string) bool {
	ends, err := s.admin.ListEndOffsets(ctx, topic)
	if err != nil || ends.Error() != nil {
		return true
	}
	held := false
	ends.Each(func(o kadm.ListedOffset) { held = held || o.Offset != 0 })
	return held
}

func compareReplicas(t *Topic, have kadm.PartitionDetails, r *TopicReport) {
	const remedy = "weir moves no replicas; kafka-reassign-partitions does"
	if t.Replication > 0 && t.Replication != r.Replication {
		r.Changes = append(r.Changes, Change{
			Setting: settingReplication, State: ChangeImpossible, Reason: remedy,
			Have: strconv.Itoa(int(r.Replication)), Want: strconv.Itoa(int(t.Replication)),
		})
	}
	if len(t.Assignment) == 0 {
		return
	}
	current := make([][]int32, 0, len(have))
	for _, p := range have.Sorted() {
		current = append(current, p.Replicas)
	}
	n := min(len(current), len(t.Assignment)) // of the rest, partitions says what becomes
	if !slices.EqualFunc(current[:n], t.Assignment[:n], slices.Equal[[]int32]) {
		r.Changes = append(r.Changes, Change{
			Setting: settingAssignment, State: ChangeImpossible, Reason: remedy,
			Have: FormatAssignment(current), Want: FormatAssignment(t.Assignment),
		})
	}
}

// toolOptions are set by tools while they move replicas, and taken back by
// them.
var toolOptions = []string{"follower.replication.throttled.replicas", "leader.replication.throttled.replicas"}

func (s *topicSession) resetsUnlisted(t *Topic) bool { return s.rules.ResetUnlisted && !t.Implied }

func (s *topicSession) compareOptions(ctx context.Context, t *Topic, r *TopicReport) error {
	current, err := s.options(ctx, t.Name)
	if err != nil {
		return err
	}
	names := slices.Collect(maps.Keys(t.Config))
	names = append(names, t.Reset...)
	if s.resetsUnlisted(t) {
		for name, c := range current {
			if own(c) && !slices.Contains(toolOptions, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c := current[name]
		have := c.MaybeValue()
		change := Change{Setting: name, Have: have, State: ChangePlanned}
		if want, listed := t.Config[name]; listed {
			if c.Value != nil && sameConfigValue(name, have, want) {
				continue
			}
			change.Want = want
		} else if !own(c) {
			continue
		} else {
			change.Want, change.Reset = inherited(c), true
		}
		change.Risk = optionRisk(name, change)
		r.Changes = append(r.Changes, change)
	}
	return nil
}

// options reads the options of a topic, its own and those that it has from the
// brokers.
func (s *topicSession) options(ctx context.Context, topic string) (map[string]kadm.Config, error) {
	configs, err := s.admin.DescribeTopicConfigs(ctx, topic)
	if err == nil && len(configs) != 1 {
		err = fmt.Errorf("the broker answered for %d topics", len(configs))
	}
	if err == nil {
		err = configs[0].Err
	}
	if err != nil {
		return nil, s.explain(err, topic, "DESCRIBE_CONFIGS")
	}
	current := make(map[string]kadm.Config)
	for _, c := range configs[0].Configs {
		current[c.Key] = c
	}
	return current, nil
}

// own tells whether the topic sets an option itself.
func own(c kadm.Config) bool { return c.Source == kmsg.ConfigSourceDynamicTopicConfig }

// inherited is the value that an option has once the topic's own is taken
// back, or "" where the broker does not tell.
func inherited(c kadm.Config) string {
	for _, synonym := range c.Synonyms {
		if synonym.Source != kmsg.ConfigSourceDynamicTopicConfig && synonym.Value != nil {
			return *synonym.Value
		}
	}
	return ""
}

// FormatAssignment writes brokers as Kafka's tools do: ':' between those of a
// partition, ',' between partitions.
func FormatAssignment(assignment [][]int32) string {
	partitions := make([]string, len(assignment))
	for i, brokers := range assignment {
		ids := make([]string, len(brokers))
		for j, id := range brokers {
			ids[j] = strconv.Itoa(int(id))
		}
		partitions[i] = strings.Join(ids, ":")
	}
	return strings.Join(partitions, ",")
}
