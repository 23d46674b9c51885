package kafka

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/weirhq/weir/host/config"
)

// Transact makes the options of a sink those of a producer that writes in
// transactions. id is the default of transactional.id.
func (o *Options) Transact(id string) {
	r := rowOf("transactional.id")
	if s := o.settings[r.name]; s == nil || s.value.text == "" {
		o.settings[r.name] = &setting{row: r, value: r.mustParse(id), layer: "default", spelling: r.name}
	}
}

// TransactAs is the same options under another transactional id, for another
// producer beside theirs.
func (o *Options) TransactAs(id string) *Options { return o.with("transactional.id", id) }

// InGroup is the same options in another group.
func (o *Options) InGroup(id string) *Options { return o.with("group.id", id) }

func (o *Options) with(name, value string) *Options {
	r := rowOf(name)
	out := &Options{role: o.role, settings: maps.Clone(o.settings)}
	s := *o.get(name)
	s.value = r.mustParse(value)
	out.settings[r.name] = &s
	return out
}

// SameCluster tells whether two clients connect to the same brokers, as far as
// their options say.
func SameCluster(a, b *Options) bool {
	sorted := func(o *Options) []string { return slices.Sorted(slices.Values(o.List("bootstrap.servers"))) }
	return slices.Equal(sorted(a), sorted(b))
}

// CheckTransactions finds what keeps a source and a sink from delivering exactly
// once with transactions that stay open for interval.
func CheckTransactions(source, sink *Options, interval time.Duration) config.Faults {
	var faults config.Faults
	add := func(o *Options, name, message, hint string) {
		faults.Add(config.Fault{Pos: o.get(name).pos, Path: o.get(name).path, Message: message, Hint: hint})
	}
	if sink.String("acks") != "all" {
		add(sink, "acks", "is "+sink.String("acks")+", but delivery: exactly_once needs all", "remove it")
	} else if !sink.idempotent() {
		add(sink, "enable.idempotence", "is false, but delivery: exactly_once needs it", "remove it")
	}
	if source.String("isolation.level") != "read_committed" {
		add(source, "isolation.level", "lets the source read what was aborted, against delivery: exactly_once", "remove it")
	}
	if source.alone() {
		add(source, "partitions", "chooses partitions, but delivery: exactly_once needs a member of the group, which brokers can tell from one that was thrown out", "remove it, or set delivery: at_least_once")
	}
	timeout := sink.Duration("transaction.timeout.ms")
	if timeout < 2*interval {
		o := "transaction.timeout.ms"
		faults.Add(config.Fault{Pos: sink.get(o).pos, Path: sink.get(o).path,
			Message: fmt.Sprintf("transaction.timeout.ms is %v, less than twice transaction_interval (%v)", timeout, interval),
			Hint:    "raise it, or lower transaction_interval"})
	}
	if record := sink.Duration("message.timeout.ms"); record > timeout {
		add(sink, "message.timeout.ms", fmt.Sprintf("is %v, above transaction.timeout.ms (%v): the brokers would abort first", record, timeout), "lower it, or raise transaction.timeout.ms")
	}
	for _, o := range []*Options{source, sink} {
		if version := o.String("broker.version.fallback"); !o.Bool("api.version.request") && tooOld(version) {
			add(o, "broker.version.fallback", "is "+version+", but delivery: exactly_once needs brokers of Kafka 2.5 or later", "set api.version.request to true if they are, else set delivery to at_least_once")
		}
	}
	if source.Set("auto.commit.interval.ms") {
		s := source.get("auto.commit.interval.ms")
		faults.Add(config.Fault{Pos: s.pos, Path: s.path, Warning: true,
			Message: "has no effect with delivery: exactly_once", Hint: "set transaction_interval on the pipeline"})
	}
	return faults
}

// transactionKeys are what exactly once asks of brokers, which Kafka 2.5 has:
// with it came commits that a member which was thrown out of its group cannot make
// (KIP-447).
var transactionKeys = map[kmsg.Key]int16{kmsg.InitProducerID: 3, kmsg.TxnOffsetCommit: 3, kmsg.OffsetFetch: 7}

func tooOld(version string) bool {
	versions := kversion.FromString(version)
	for key, least := range transactionKeys {
		if most, ok := versions.LookupMaxKeyVersion(int16(key)); !ok || most < least {
			return true
		}
	}
	return false
}
