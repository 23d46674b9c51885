package kafka

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// maxTopicName is Kafka's limit: the name becomes a part of file names.
const maxTopicName = 249

// CheckTopicName says why Kafka would refuse a name, or nil.
func CheckTopicName(name string) error {
	switch {
	case name == "":
		return errors.New("a topic needs a name")
	case name == "." || name == "..":
		return fmt.Errorf("%q cannot be a topic name", name)
	case len(name) > maxTopicName:
		return fmt.Errorf("a topic name has at most %d characters, this one %d", maxTopicName, len(name))
	}
	for _, r := range name {
		if !topicRune(r) {
			return fmt.Errorf("topic name %q: %q is not allowed; use letters a-z A-Z, digits, '.', '_' and '-'", name, r)
		}
	}
	return nil
}

func topicRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

// Check says everything that Kafka would refuse in t without asking it, or
// nil. Not every broker checks: some take a misspelt option and ignore it.
func (t *Topic) Check() error {
	var errs []error
	if err := CheckTopicName(t.Name); err != nil {
		errs = append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		if err := CheckTopicConfig(name, t.Config[name]); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, t.CheckTogether())
	return errors.Join(errs...)
}

// CheckTogether says which settings of t, each right by itself, do not go
// together, or nil.
func (t *Topic) CheckTogether() error {
	errs := []error{t.checkAssignment()}
	replication := int64(t.Replication)
	if len(t.Assignment) > 0 {
		replication = int64(len(t.Assignment[0]))
	}
	number := func(name string) (int64, bool) {
		n, err := strconv.ParseInt(strings.TrimSpace(t.Config[name]), 10, 64)
		return n, err == nil
	}
	if least, ok := number("min.insync.replicas"); ok && replication > 0 && least > replication {
		errs = append(errs, fmt.Errorf("min.insync.replicas %d is more than the %d replicas: every write with acks=all would fail", least, replication))
	}
	least, from := number("min.compaction.lag.ms")
	if most, to := number("max.compaction.lag.ms"); from && to && least > most {
		errs = append(errs, fmt.Errorf("min.compaction.lag.ms %d is more than max.compaction.lag.ms %d", least, most))
	}
	return errors.Join(errs...)
}

// checkAssignment demands what Kafka does: as many replicas for each partition,
// none of them twice.
func (t *Topic) checkAssignment() error {
	if len(t.Assignment) == 0 {
		return nil
	}
	if t.Partitions > 0 && int(t.Partitions) != len(t.Assignment) {
		return fmt.Errorf("replica_assignment has %d partitions, num_partitions says %d", len(t.Assignment), t.Partitions)
	}
	for partition, brokers := range t.Assignment {
		switch {
		case len(brokers) == 0:
			return fmt.Errorf("replica_assignment: partition %d has no broker", partition)
		case len(brokers) != len(t.Assignment[0]):
			return fmt.Errorf("replica_assignment: partition %d has %d brokers, partition 0 has %d", partition, len(brokers), len(t.Assignment[0]))
		case t.Replication > 0 && len(brokers) != int(t.Replication):
			return fmt.Errorf("replica_assignment: partition %d has %d brokers, replication_factor says %d", partition, len(brokers), t.Replication)
		}
		for i, id := range brokers {
			if id < 0 || slices.Contains(brokers[:i], id) {
				return fmt.Errorf("replica_assignment: partition %d: broker %d is given twice or is no broker's number", partition, id)
			}
		}
	}
	return nil
}

// topicOption is the type of a topic option's value.
type topicOption struct {
	kind     topicKind
	min, max int64    // of a number
	enum     []string // of an enum and a list
}

type topicKind int

const (
	topicInt topicKind = iota
	topicRatio
	topicBool
	topicEnum
	topicList
	topicText
)

const (
	maxInt32 = 1<<31 - 1
	maxInt64 = 1<<63 - 1
)

func intOption(low, high int64) topicOption { return topicOption{kind: topicInt, min: low, max: high} }

// topicOptions are Kafka's topic options up to 4.4, those that 4.0 removed
// included: brokers of both ages are in use.
var topicOptions = map[string]topicOption{
	"cleanup.policy":                          {kind: topicList, enum: []string{"compact", "delete"}},
	"compression.gzip.level":                  intOption(-1, 9),
	"compression.lz4.level":                   intOption(1, 17),
	"compression.type":                        {kind: topicEnum, enum: []string{"uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"}},
	"compression.zstd.level":                  intOption(-131072, 22),
	"delete.retention.ms":                     intOption(0, maxInt64),
	"file.delete.delay.ms":                    intOption(0, maxInt64),
	"flush.messages":                          intOption(1, maxInt64),
	"flush.ms":                                intOption(0, maxInt64),
	"follower.replication.throttled.replicas": {kind: topicText},
	"index.interval.bytes":                    intOption(0, maxInt32),
	"leader.replication.throttled.replicas":   {kind: topicText},
	"local.retention.bytes":                   intOption(-2, maxInt64),
	"local.retention.ms":                      intOption(-2, maxInt64),
	"max.compaction.lag.ms":                   intOption(1, maxInt64),
	"max.message.bytes":                       intOption(0, maxInt32),
	"message.downconversion.enable":           {kind: topicBool},
	"message.format.version":                  {kind: topicText},
	"message.timestamp.after.max.ms":          intOption(0, maxInt64),
	"message.timestamp.before.max.ms":         intOption(0, maxInt64),
	"message.timestamp.difference.max.ms":     intOption(0, maxInt64),
	"message.timestamp.type":                  {kind: topicEnum, enum: []string{"CreateTime", "LogAppendTime"}},
	"min.cleanable.dirty.ratio":               {kind: topicRatio},
	"min.compaction.lag.ms":                   intOption(0, maxInt64),
	"min.insync.replicas":                     intOption(1, maxInt32),
	"preallocate":                             {kind: topicBool},
	"remote.log.copy.disable":                 {kind: topicBool},
	"remote.log.delete.on.disable":            {kind: topicBool},
	"remote.storage.enable":                   {kind: topicBool},
	"retention.bytes":                         intOption(-1, maxInt64),
	"retention.ms":                            intOption(-1, maxInt64),
	"segment.bytes":                           intOption(14, maxInt32),
	"segment.index.bytes":                     intOption(4, maxInt32),
	"segment.jitter.ms":                       intOption(0, maxInt64),
	"segment.ms":                              intOption(1, maxInt64),
	"unclean.leader.election.enable":          {kind: topicBool},
}

// vendorPrefixes begin option names that only some brokers know.
var vendorPrefixes = []string{"confluent.", "redpanda."}

// TopicOptionNames lists the topic options that are known, sorted, for
// messages and suggestions.
func TopicOptionNames() []string { return slices.Sorted(maps.Keys(topicOptions)) }

// TopicOptionName is Kafka's spelling of a topic option: letter case, '_' and
// '-' are folded. A name that is not known comes back as it is.
func TopicOptionName(name string) string {
	folded := strings.NewReplacer("_", ".", "-", ".").Replace(strings.ToLower(name))
	if _, ok := topicOptions[folded]; ok {
		return folded
	}
	return name
}

func foldConfig(cfg map[string]string) map[string]string {
	out := make(map[string]string, len(cfg))
	for name, value := range cfg {
		out[TopicOptionName(name)] = value
	}
	return out
}

// CheckTopicOption says that there is no such topic option, or nil.
func CheckTopicOption(name string) error {
	_, known := topicOptions[TopicOptionName(name)]
	if known || slices.ContainsFunc(vendorPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
		return nil
	}
	return fmt.Errorf("%s: no such topic option", name)
}

// CheckTopicConfig says what is wrong with a topic option or its value, or
// nil.
func CheckTopicConfig(name, value string) error {
	if err := CheckTopicOption(name); err != nil {
		return err
	}
	option, ok := topicOptions[TopicOptionName(name)]
	if !ok {
		return nil // a vendor's own
	}
	if err := option.check(strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (o topicOption) check(value string) error {
	switch o.kind {
	case topicInt:
		if n, err := strconv.ParseInt(value, 10, 64); err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		} else if n < o.min || n > o.max {
			return fmt.Errorf("%d is out of range, from %d to %d", n, o.min, o.max)
		}
	case topicRatio:
		if f, err := strconv.ParseFloat(value, 64); err != nil || !(f >= 0 && f <= 1) {
			return fmt.Errorf("%q is not a number from 0 to 1", value)
		}
	case topicBool:
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return fmt.Errorf("%q is neither true nor false", value)
		}
	case topicEnum:
		if !slices.Contains(o.enum, value) {
			return fmt.Errorf("%q is none of %s", value, strings.Join(o.enum, ", "))
		}
	case topicList:
		for _, part := range splitList(value) {
			if !slices.Contains(o.enum, part) {
				return fmt.Errorf("%q is none of %s", part, strings.Join(o.enum, ", "))
			}
		}
	}
	return nil
}

// sameConfigValue compares two values of a topic option by what they mean.
func sameConfigValue(name, a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	switch topicOptions[name].kind {
	case topicBool:
		return strings.EqualFold(a, b)
	case topicInt:
		x, errX := strconv.ParseInt(a, 10, 64)
		y, errY := strconv.ParseInt(b, 10, 64)
		return errX == nil && errY == nil && x == y
	case topicRatio:
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		return errX == nil && errY == nil && x == y
	case topicList:
		return slices.Equal(slices.Sorted(slices.Values(splitList(a))), slices.Sorted(slices.Values(splitList(b))))
	}
	return a == b
}

func splitList(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// explain says what a refusal means and what helps; right is the operation that
// a refused user lacks.
func (s *topicSession) explain(err error, topic, right string) error {
	message := ""
	if refused := (brokerError{}); errors.As(err, &refused) {
		err, message = refused.error, refused.message
	}
	switch {
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		err = fmt.Errorf("not permitted: grant %s on topic %s to %s", right, topic, s.principal)
	case errors.Is(err, kerr.InvalidReplicationFactor):
		err = errors.New("the cluster has too few brokers for this replication_factor")
	case errors.Is(err, kerr.InvalidReplicaAssignment):
		err = errors.New("replica_assignment names brokers that are not there, or some partitions more replicas than others")
	case errors.Is(err, kerr.InvalidTopicException):
		err = errors.New("the name is refused; names that differ only in '.' and '_' collide")
	case errors.Is(err, kerr.PolicyViolation):
		err = errors.New("the cluster's policy for topics refuses it")
	case errors.Is(err, kerr.InvalidConfig):
		err = errors.New("the brokers refuse an option")
	}
	if message != "" {
		return fmt.Errorf("%w (the broker says: %s)", err, message)
	}
	return err
}
