package host

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
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
	config      map[string]string
	explicit    bool // a topic on a list of topics, not one that somebody uses
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
	}
	for _, name := range slices.Sorted(maps.Keys(e.config)) {
		if value, ok := t.config[name]; ok && value != e.config[name] {
			return name
		}
	}
	return ""
}

// readTopicSettings takes the numbers and options for making topics out of a
// section. An option that is a client's too, compression.type, is left to the
// client; config: holds it for the topic.
func readTopicSettings(s *config.Section) topicSettings {
	t := topicSettings{
		partitions:  s.Int("num_partitions", 0, 1, math.MaxInt32),
		replication: s.Int("replication_factor", 0, 1, math.MaxInt16),
		config:      map[string]string{},
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

func readTopicOption(s *config.Section, e config.Entry, into map[string]string) {
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
	} else if err := kafka.CheckTopicConfig(name, value); err != nil {
		hint := ""
		if near := config.Nearest(name, kafka.TopicOptionNames()); near != "" && near != name {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		s.Fault(e.Node.Pos, e.Key, err.Error(), hint)
	}
	into[name] = value
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
	// The historic form: names in one line, their numbers beside it.
	numbers := topicSettings{
		partitions:  s.Int("num_partitions", 0, 1, math.MaxInt32),
		replication: s.Int("replication_factor", 0, 1, math.MaxInt16),
	}
	for _, n := range s.List("topics") {
		for _, text := range config.SplitList(n.Value) {
			l.readTopicText(s, s, n.Pos, "topics", text, numbers)
		}
	}
	s.Know("file")
	if file, pos, ok := firstText(s, "file", "topics_file"); ok {
		l.readTopicsFile(s, file, pos)
	}

	l.spec.Topics.ByConnection = map[string][]kafka.Topic{}
	for i, e := range l.topics.order {
		topic := kafka.Topic{
			Name: e.name, Partitions: int32(partitions), Replication: int16(replication),
			Implied: !e.explicit, Config: e.config, Pos: e.pos,
		}
		if e.partitions != 0 {
			topic.Partitions, topic.Implied = int32(e.partitions), false
		}
		if e.replication != 0 {
			topic.Replication, topic.Implied = int16(e.replication), false
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
		s.Fault(pos, path, err.Error(), "")
		return
	}
	l.topics.add(l, s, l.connection(where), t.named(name, pos))
}

// readTopicsFile reads a list of topics from a file of its own.
func (l *loader) readTopicsFile(s *config.Section, file string, pos config.Pos) {
	path := file
	if !filepath.IsAbs(path) && pos.Line != 0 {
		path = filepath.Join(filepath.Dir(pos.File), path)
	}
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
	default:
		s.Fault(pos, "file", fmt.Sprintf("%q is neither .yaml, .yml nor .json", file), "")
		return
	}
	data, err := config.ReadFile(path)
	if err != nil {
		s.Fault(pos, "file", fmt.Sprintf("%q: %v", file, err), "paths begin at the folder of the configuration file")
		return
	}
	var faults config.Faults
	root := config.ParseYAML(path, data, &faults)
	report(s, faults)
	switch {
	case root == nil || root.IsNull():
	case root.Kind != config.List:
		s.Report(config.Fault{Pos: root.Pos, Path: "topics.file", Message: "must be a list of topics", Hint: "write - {topic: NAME, num_partitions: 3}"})
	default:
		for i, n := range root.List {
			l.readTopicEntry(s, s, n, fmt.Sprintf("file[%d]", i))
		}
	}
}
