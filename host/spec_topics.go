package host

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

// topicSettings is what a section says about making its topics.
type topicSettings struct {
	partitions  int64 // 0 is unset
	replication int64
	assignment  [][]int32
	config      map[string]*string // nil takes the topic's own value back
	explicit    bool               // a topic on a list of topics, not one that somebody uses
	byDefault   kafka.TopicNumbers // for making it, where the list has numbers of its own
	pos         config.Pos
}

// named makes the entry of one topic.
func (t topicSettings) named(name string, pos config.Pos) topicEntry {
	t.pos = pos
	return topicEntry{name: name, topicSettings: t}
}

type topicEntry struct {
	name string
	topicSettings
}

// topicSet gathers the topics of each connection.
type topicSet struct {
	order   []topicEntry
	of      []string // the connection of each
	entries map[string]map[string]int
}

// add merges an entry with what is known of the topic. A list beats sources
// and sinks; two places that contradict each other are a fault.
func (t *topicSet) add(l *loader, s *config.Section, connection string, e topicEntry) {
	if connection == "" {
		return
	}
	if t.entries == nil {
		t.entries = map[string]map[string]int{}
	}
	if t.entries[connection] == nil {
		t.entries[connection] = map[string]int{}
	}
	i, known := t.entries[connection][e.name]
	if !known {
		t.entries[connection][e.name] = len(t.order)
		t.order, t.of = append(t.order, e), append(t.of, connection)
		return
	}
	old := &t.order[i]
	if old.explicit != e.explicit {
		if e.explicit {
			e, *old = *old, e
		}
		old.fill(e)
		return
	}
	if what := old.contradicts(e); what != "" {
		s.Fault(e.pos, "topic", fmt.Sprintf("topic %q has another %s at %s", e.name, what, old.pos), "say it in one place")
		return
	}
	old.fill(e)
}

// fill takes over what e says and the entry does not.
func (t *topicEntry) fill(e topicEntry) {
	if t.partitions == 0 {
		t.partitions = e.partitions
	}
	if t.replication == 0 {
		t.replication = e.replication
	}
	if t.assignment == nil {
		t.assignment = e.assignment
	}
	if t.byDefault == (kafka.TopicNumbers{}) {
		t.byDefault = e.byDefault
	}
	if len(e.config) == 0 {
		return
	}
	merged := maps.Clone(e.config)
	maps.Copy(merged, t.config)
	t.config = merged
}

func (t *topicEntry) contradicts(e topicEntry) string {
	switch {
	case t.partitions != 0 && e.partitions != 0 && t.partitions != e.partitions:
		return "num_partitions"
	case t.replication != 0 && e.replication != 0 && t.replication != e.replication:
		return "replication_factor"
	case t.assignment != nil && e.assignment != nil && !slices.EqualFunc(t.assignment, e.assignment, slices.Equal[[]int32]):
		return "replica_assignment"
	}
	for _, name := range slices.Sorted(maps.Keys(e.config)) {
		value, ok := t.config[name]
		other := e.config[name]
		if ok && value != other && (value == nil || other == nil || *value != *other) {
			return name
		}
	}
	return ""
}

// topic is the entry as the initializer takes it.
func (t *topicEntry) topic(byDefault kafka.TopicNumbers) kafka.Topic {
	topic := kafka.Topic{
		Name: t.name, Partitions: int32(t.partitions), Replication: int16(t.replication),
		Default: kafka.TopicNumbers{
			Partitions:  cmp.Or(t.byDefault.Partitions, byDefault.Partitions),
			Replication: cmp.Or(t.byDefault.Replication, byDefault.Replication),
		},
		Assignment: t.assignment, Config: map[string]string{}, Implied: !t.explicit, Pos: t.pos,
	}
	for _, name := range slices.Sorted(maps.Keys(t.config)) {
		if value := t.config[name]; value != nil {
			topic.Config[name] = *value
		} else {
			topic.Reset = append(topic.Reset, name)
		}
	}
	return topic
}

// readTopicSettings takes the numbers and options for making topics out of a
// section. An option that is a client's too, compression.type, is left to the
// client; config: holds it for the topic.
func readTopicSettings(s *config.Section) topicSettings {
	t := topicSettings{
		partitions:  s.Int("num_partitions", 0, 1, math.MaxInt32),
		replication: s.Int("replication_factor", 0, 1, math.MaxInt16),
		assignment:  readAssignment(s),
		config:      map[string]*string{},
	}
	for _, name := range []string{"config", "topic_configs"} {
		c := s.Section(name)
		c.Know(kafka.TopicOptionNames()...)
		for _, e := range c.Entries() {
			c.Take(e)
			readTopicOption(c, e, t.config)
		}
	}
	for _, e := range s.Entries() {
		name := kafka.TopicOptionName(e.Key)
		if slices.Contains(kafka.TopicOptionNames(), name) && name != "compression.type" {
			s.Take(e)
			readTopicOption(s, e, t.config)
		}
	}
	return t
}

// readAssignment takes the brokers of each partition: [[1, 2], [2, 3]], or
// "1:2,2:3" as Kafka's own tools write it.
func readAssignment(s *config.Section) [][]int32 {
	const name = "replica_assignment"
	n := s.Get(name)
	var out [][]int32
	switch {
	case n == nil:
		return nil
	case n.Kind == config.Scalar:
		for _, part := range config.SplitList(n.Value) {
			out = append(out, brokerNumbers(strings.Split(part, ":")))
		}
	case n.Kind == config.List:
		for _, partition := range n.List {
			var ids []string
			for _, id := range partition.List {
				ids = append(ids, id.Value)
			}
			out = append(out, brokerNumbers(ids))
		}
	}
	if len(out) == 0 || slices.ContainsFunc(out, func(ids []int32) bool { return len(ids) == 0 }) {
		s.Fault(n.Pos, name, "must list the brokers of each partition", "write [[1, 2], [2, 3]] or 1:2,2:3")
		return nil
	}
	return out
}

// brokerNumbers is nil when one of them is not a broker's number.
func brokerNumbers(texts []string) []int32 {
	var out []int32
	for _, text := range texts {
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
		if err != nil || n < 0 {
			return nil
		}
		out = append(out, int32(n))
	}
	return out
}

// readTopicOption takes the value of an option; null takes the topic's own
// value back.
func readTopicOption(s *config.Section, e config.Entry, into map[string]*string) {
	value := e.Node.Value
	if e.Node.Kind == config.List {
		var words []string
		for _, n := range e.Node.List {
			words = append(words, n.Value)
		}
		value = strings.Join(words, ",")
	}
	name := kafka.TopicOptionName(e.Key)
	if e.Node.Kind == config.Map {
		s.Fault(e.Node.Pos, e.Key, "must be a single value, not a map", "")
	} else if err := checkTopicOption(name, e.Node, value); err != nil {
		hint := ""
		if near := config.Nearest(name, kafka.TopicOptionNames()); near != "" && near != name {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		s.Fault(e.Node.Pos, e.Key, err.Error(), hint)
	}
	into[name] = &value
	if e.Node.IsNull() {
		into[name] = nil
	}
}

func checkTopicOption(name string, n *config.Node, value string) error {
	if n.IsNull() {
		return kafka.CheckTopicOption(name)
	}
	return kafka.CheckTopicConfig(name, value)
}

// readTopics takes the topics section and makes the list for the initializer.
func (l *loader) readTopics(s *config.Section) {
	def := string(LeaveTopics)
	if s.Present() {
		def = string(CreateTopics)
	}
	l.spec.Topics.OnStart = OnStart(s.Enum("on_start", def, string(CreateTopics), string(CheckTopics), string(LeaveTopics)))
	partitions := s.Int("num_partitions_default", 1, 1, math.MaxInt32)
	replication := s.Int("replication_factor_default", 1, 1, math.MaxInt16)

	for i, n := range s.List("list") {
		l.readTopicEntry(s, s, n, fmt.Sprintf("list[%d]", i))
	}
	l.readHistoricTopics(s, s)
	s.Know("file")
	if file, pos, ok := firstText(s, "file", "topics_file"); ok {
		l.readTopicsFile(s, file, pos)
	}

	l.spec.Topics.ByConnection = map[string][]kafka.Topic{}
	byDefault := kafka.TopicNumbers{Partitions: int32(partitions), Replication: int16(replication)}
	for i := range l.topics.order {
		topic := l.topics.order[i].topic(byDefault)
		if err := topic.CheckTogether(); err != nil {
			s.Report(config.Fault{Pos: topic.Pos, Path: "topic " + topic.Name, Message: err.Error()})
		}
		connection := l.topics.of[i]
		l.spec.Topics.ByConnection[connection] = append(l.spec.Topics.ByConnection[connection], topic)
	}
}

func firstText(s *config.Section, names ...string) (text string, pos config.Pos, ok bool) {
	for _, name := range names {
		if text, pos, ok = s.Text(name); ok {
			return text, pos, true
		}
	}
	return "", config.Pos{}, false
}

// readTopicEntry reads one topic of a list; where names the connection when
// the entry does not.
func (l *loader) readTopicEntry(where, s *config.Section, n *config.Node, path string) {
	if n.Kind == config.Scalar && !n.IsNull() {
		l.readTopicText(where, s, n.Pos, path, n.Value, topicSettings{})
		return
	}
	e := s.Open(n, path)
	if !e.Present() {
		return // which was reported, or is nothing
	}
	t := readTopicSettings(e)
	t.explicit = true
	name, pos, ok := firstText(e, "topic", "name")
	connection := ""
	if e.Get("connection") != nil {
		connection = l.connection(e)
	} else {
		connection = l.connection(where)
	}
	if !ok {
		e.Fault(n.Pos, "topic", "is missing", "write topic: NAME")
		return
	}
	if err := kafka.CheckTopicName(name); err != nil {
		e.Fault(pos, "topic", err.Error(), "")
		return
	}
	l.topics.add(l, e, connection, t.named(name, pos))
}

// readTopicText reads NAME or NAME:PARTITIONS:REPLICATION, whose numbers may be
// left empty.
func (l *loader) readTopicText(where, s *config.Section, pos config.Pos, path, text string, t topicSettings) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), ":")
	partitions, replication, _ := strings.Cut(rest, ":")
	t.explicit = true
	for _, number := range []struct {
		text string
		into *int64
		most int64
	}{{partitions, &t.partitions, math.MaxInt32}, {replication, &t.replication, math.MaxInt16}} {
		if number.text == "" {
			continue
		}
		n, err := strconv.ParseInt(number.text, 10, 64)
		if err != nil || n < 1 || n > number.most {
			s.Fault(pos, path, fmt.Sprintf("%q is not NAME:PARTITIONS:REPLICATION", text), "the numbers count from 1 and may be left out")
			return
		}
		*number.into = n
	}
	if err := kafka.CheckTopicName(name); err != nil {
		hint := ""
		if strings.HasPrefix(name, "^") {
			hint = "a regular expression names no topic that could be made"
		}
		s.Fault(pos, path, err.Error(), hint)
		return
	}
	l.topics.add(l, s, l.connection(where), t.named(name, pos))
}
