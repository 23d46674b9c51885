package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// userDefined is BSPump's name for chosen partitions. There, the first number
// is of the first topic, the second of the second, and so on.
const userDefined = "user_defined_partitions"

// lastPartition bounds what may be chosen, so that a slip in a range costs a
// message and no memory.
const lastPartition = 99_999

// partitionEntry is a choice of partitions as text: 0, 3-5, orders:0, orders:3-5.
var partitionEntry = regexp.MustCompile(`^(?:([^:]+):)?([0-9]{1,9})(?:-([0-9]{1,9}))?$`)

// partitionEntries makes entries of {TOPIC: NUMBERS} or of a list of numbers and
// entries. They keep the order of the file.
func partitionEntries(n *config.Node) ([]string, error) {
	var out []string
	add := func(prefix string, n *config.Node) error {
		elements := n.List
		if n.Kind == config.Scalar {
			elements = []*config.Node{n}
		}
		before := len(out)
		for _, e := range elements {
			if e.Kind != config.Scalar {
				return errors.New("must be a list of numbers")
			}
			for _, text := range config.SplitList(e.Value) {
				out = append(out, prefix+text)
			}
		}
		if len(out) == before {
			return fmt.Errorf("names no partition of %s", strings.TrimSuffix(prefix, ":"))
		}
		return nil
	}
	if n.Kind != config.Map {
		if len(n.List) == 0 {
			return nil, nil
		}
		return out, add("", n)
	}
	for _, item := range n.Items {
		if err := add(item.Key+":", item.Node); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readPartitions reads one entry.
func readPartitions(entry string) (topic string, numbers []int32, err error) {
	m := partitionEntry.FindStringSubmatch(entry)
	if m == nil {
		return "", nil, errors.New("is not a number such as 0, a range such as 3-5, or one of a topic such as orders:3-5")
	}
	from, _ := strconv.Atoi(m[2]) // nine digits
	to := from
	if m[3] != "" {
		to, _ = strconv.Atoi(m[3])
	}
	switch {
	case to < from:
		return "", nil, errors.New("ends before it begins")
	case to > lastPartition:
		return "", nil, fmt.Errorf("is above %d, more than a topic has", lastPartition)
	}
	for n := from; n <= to; n++ {
		numbers = append(numbers, int32(n))
	}
	return m[1], numbers, nil
}

// Partitions are those that a source reads without being a member of its group,
// by topic, in order. nil makes it a member, which reads what the group gives it.
func (o *Options) Partitions() map[string][]int32 {
	chosen, _ := o.choosePartitions()
	return chosen
}

// alone tells whether a source is no member of its group.
func (o *Options) alone() bool { return len(o.List("partitions")) > 0 }

func checkPartitions(o *Options) problem {
	_, p := o.choosePartitions()
	return p
}

// choosePartitions gives the numbers of the option to the topics of the source.
func (o *Options) choosePartitions() (map[string][]int32, problem) {
	entries, topics := o.List("partitions"), o.List("topic")
	if len(entries) == 0 || len(topics) == 0 {
		return nil, problem{}
	}
	fault := func(hint, format string, args ...any) (map[string][]int32, problem) {
		return nil, problem{name: "partitions", message: fmt.Sprintf(format, args...), hint: hint}
	}
	if slices.ContainsFunc(topics, func(t string) bool { return strings.HasPrefix(t, "^") }) {
		return fault("name the topics", "cannot be chosen of topics that a regular expression finds")
	}
	several := slices.ContainsFunc(topics, func(t string) bool { return t != topics[0] })
	byPlace := several && config.Fold(o.get("partitions").spelling) == userDefined
	if byPlace && len(entries) != len(topics) {
		return fault("give each topic its own: partitions: {"+topics[0]+": [0, 1]}", "has %d numbers for %d topics; the first is of the first topic, and so on", len(entries), len(topics))
	}
	out := map[string][]int32{}
	for i, entry := range entries {
		topic, numbers, err := readPartitions(entry)
		switch {
		case err != nil:
			return fault("", "%s %v", entry, err)
		case topic == "" && several && !byPlace:
			return fault("write partitions: {"+topics[0]+": [0, 1]}, or a source for each topic", "does not say of which topic %s is", entry)
		case topic == "" && byPlace:
			topic = topics[i]
		case topic == "":
			topic = topics[0]
		case !slices.Contains(topics, topic):
			return fault(hintTopic(topic, topics), "names %q, which the source does not read", topic)
		}
		out[topic] = append(out[topic], numbers...)
	}
	for _, topic := range topics {
		if out[topic] == nil {
			return fault("choose some, or read it by another source", "names no partition of topic %s", topic)
		}
		slices.Sort(out[topic])
		out[topic] = slices.Compact(out[topic])
	}
	return out, problem{}
}

func hintTopic(name string, topics []string) string {
	if near := config.Nearest(name, topics); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "topic: names " + strings.Join(topics, ", ")
}

// memberOnly are options that only a member of a group obeys.
var memberOnly = []string{
	"group.instance.id", "group.protocol", "group.remote.assignor", "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms",
}

// checkAlone warns of what a source of chosen partitions says for nothing. What a
// connection says may be meant for its other sources.
func (o *Options) checkAlone() []problem {
	var found []problem
	if !o.alone() {
		return nil
	}
	for _, name := range memberOnly {
		if o.Set(name) && o.get(name).layer == o.role.String() {
			found = append(found, problem{name: name, message: "has no effect: the source reads chosen partitions, so it is no member of its group", hint: "remove it", warning: true})
		}
	}
	return found
}
