package host

import (
	"fmt"
	"math"
	"path/filepath"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

// readHistoricTopics takes the form of BSPump's first years, names in one text,
// and beside it numbers for making those that have none; where names the
// connection.
func (l *loader) readHistoricTopics(where, s *config.Section) {
	numbers := topicSettings{byDefault: kafka.TopicNumbers{
		Partitions:  int32(s.Int("num_partitions", 0, 1, math.MaxInt32)),
		Replication: int16(s.Int("replication_factor", 0, 1, math.MaxInt16)),
	}}
	for _, n := range s.List("topics") {
		for _, text := range config.SplitList(n.Value) {
			l.readTopicText(where, s, n.Pos, "topics", text, numbers)
		}
	}
}

// readTopicsFile reads topics from a file of its own: a list, or a section
// [KafkaTopicInitializer] in the historic form.
func (l *loader) readTopicsFile(s *config.Section, file string, pos config.Pos) {
	path := file
	if !filepath.IsAbs(path) && pos.Line != 0 {
		path = filepath.Join(filepath.Dir(pos.File), path)
	}
	parse := config.ParseYAML
	switch extension := filepath.Ext(path); {
	case extension == ".yaml", extension == ".yml", extension == ".json":
	case config.IsINI(path):
		parse = config.ParseINI
	default:
		s.Fault(pos, "file", fmt.Sprintf("%q is neither .yaml, .yml, .json, .conf nor .ini", file), "")
		return
	}
	data, err := config.ReadFile(path)
	if err != nil {
		s.Fault(pos, "file", fmt.Sprintf("%q: %v", file, err), "paths begin at the folder of the configuration file")
		return
	}
	var faults config.Faults
	root := parse(path, data, &faults)
	report(s, faults)
	switch {
	case root == nil || root.IsNull():
	case config.IsINI(path):
		l.readTopicsSections(s, root)
	case root.Kind != config.List:
		s.Report(config.Fault{Pos: root.Pos, Path: "topics.file", Message: "must be a list of topics", Hint: "write - {topic: NAME, num_partitions: 3}"})
	default:
		for i, n := range root.List {
			l.readTopicEntry(s, s, n, fmt.Sprintf("file[%d]", i))
		}
	}
}

// readTopicsSections reads the sections of a topics file in INI.
func (l *loader) readTopicsSections(s *config.Section, root *config.Node) {
	const section = "KafkaTopicInitializer"
	found := false
	for _, item := range root.Items {
		if item.Key == section {
			found = true
			l.readHistoricTopics(s, s.Open(item.Node, "file"))
			continue
		}
		s.Report(config.Fault{Pos: item.Pos, Path: "[" + item.Key + "]", Message: "does not belong into a topics file", Hint: "it has one section, [" + section + "]"})
	}
	if !found && len(root.Items) == 0 {
		s.Report(config.Fault{Pos: root.Pos, Path: "topics.file", Message: "there is no section [" + section + "]", Hint: "write topics=NAME NAME:PARTITIONS:REPLICATION in it"})
	}
}
