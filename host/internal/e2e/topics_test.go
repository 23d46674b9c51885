package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestTopicsApply creates what the configuration lists, with its options, and
// changes nothing when called again.
func TestTopicsApply(t *testing.T) {
	broker := kafkatest.Real(t)
	config := writeFile(t, "weir.yaml", fmt.Sprintf(`
connections:
  kafka:
    bootstrap_servers: %s
topics:
  num_partitions_default: 3
  list:
    - topic: apply-listed
      num_partitions: 5
      config:
        retention.ms: 86400000
        cleanup.policy: delete
pipelines:
  copy:
    source: {topic: apply-in, group_id: apply}
    sink: {topic: apply-out}
`, broker.Addresses))
	names := []string{"apply-listed", "apply-in", "apply-out"}

	if got := partitionCounts(t, broker, names...); len(got) != 0 {
		t.Fatalf("topics are there before apply: %v", got)
	}
	for range 2 { // the second finds all in place
		if code, output := runWeir(t, "topics", "apply", "--config", config); code != 0 {
			t.Fatalf("weir topics apply ended with %d:\n%s", code, output)
		}
		want := map[string]int{"apply-listed": 5, "apply-in": 3, "apply-out": 3}
		if diff := cmp.Diff(want, partitionCounts(t, broker, names...)); diff != "" {
			t.Errorf("partitions by topic (-want +got):\n%s", diff)
		}
	}
	if code, output := runWeir(t, "topics", "plan", "--config", config); code != 0 {
		t.Errorf("weir topics plan after apply ended with %d:\n%s", code, output)
	}
	configs, err := kadm.NewClient(broker.Client(t)).DescribeTopicConfigs(t.Context(), "apply-listed")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range configs[0].Configs {
		if c.Key == "retention.ms" && c.MaybeValue() != "86400000" {
			t.Errorf("retention.ms is %s, want 86400000", c.MaybeValue())
		}
	}
}

// TestTopicsAsCode takes a topic through its life: made, beside others that the
// brokers refuse, grown, altered, and an option taken back.
func TestTopicsAsCode(t *testing.T) {
	broker := kafkatest.Real(t)
	topics := func(list string) string {
		return writeFile(t, "weir.yaml", fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: "%s"}}
topics:
  list:
%s
pipelines: {copy: {source: {topic: code, group_id: code}, sink: {topic: code-out}}}
`, broker.Addresses, list))
	}
	weir := func(want int, parts []string, args ...string) {
		t.Helper()
		code, output := runWeir(t, append([]string{"topics"}, args...)...)
		if code != want {
			t.Errorf("weir topics %v ended with %d, want %d:\n%s", args, code, want, output)
		}
		for _, part := range parts {
			if !strings.Contains(output, part) {
				t.Errorf("weir topics %v does not say %q:\n%s", args, part, output)
			}
		}
	}

	first := topics(`
    - {topic: code, num_partitions: 2, config: {retention.ms: 7200000, segment.ms: 600000}}
    - {topic: code-placed, replica_assignment: [[1], [1], [1]]}
    - {topic: code-nowhere, replica_assignment: [[7]]}
    - {topic: code-refused, config: {segment.bytes: 5000}}
    - {topic: code-replicated, replication_factor: 3}`)
	weir(10, []string{"6 to create"}, "check", "-c", first)
	refused := []string{
		"x code-nowhere: failed", "replica_assignment names brokers that are not there",
		"x code-refused: failed", "the broker says", "segment.bytes",
		"x code-replicated: failed", "too few brokers",
	}
	weir(1, append(refused, "3 to create, 3 failed"), "plan", "-c", first)
	if got := partitionCounts(t, broker, "code", "code-placed", "code-out"); len(got) != 0 {
		t.Fatalf("topics are there after plan: %v", got)
	}
	weir(1, append(refused, "3 created, 3 failed"), "apply", "-c", first)
	want := map[string]int{"code": 2, "code-placed": 3, "code-out": 1}
	if diff := cmp.Diff(want, partitionCounts(t, broker, "code", "code-placed", "code-out", "code-nowhere", "code-refused", "code-replicated")); diff != "" {
		t.Errorf("partitions by topic (-want +got):\n%s", diff)
	}

	kafkatest.Produce(t, broker.Client(t), &kgo.Record{Topic: "code", Key: []byte("k"), Value: []byte("v")})
	second := topics(`
    - {topic: code, num_partitions: 3, config: {retention.ms: 3600000, segment.ms: null, max.message.bytes: 2000000}}
    - {topic: code-placed, replica_assignment: [[1], [1], [1], [1]]}`)
	weir(1, []string{"held back without --allow-destructive: keys move", "records that are older are deleted", "max.message.bytes", "done"},
		"apply", "-c", second)
	weir(2, []string{"say --yes too"}, "apply", "-c", second, "--allow-destructive")
	weir(0, []string{"code: changed"}, "apply", "-c", second, "--allow-destructive", "--yes")
	weir(0, []string{"3 as configured"}, "check", "-c", second)
	want = map[string]int{"code": 3, "code-placed": 4}
	if diff := cmp.Diff(want, partitionCounts(t, broker, "code", "code-placed")); diff != "" {
		t.Errorf("partitions by topic after growing (-want +got):\n%s", diff)
	}
	options := map[string]string{"retention.ms": "3600000", "max.message.bytes": "2000000"}
	if diff := cmp.Diff(options, ownOptions(t, broker, "code")); diff != "" {
		t.Errorf("the topic's own options (-want +got):\n%s", diff)
	}

	third := topics(`
    - {topic: code, config: {segment.bytes: 5000}}
    - {topic: code-placed, config: {flush.ms: 1000}}`)
	weir(1, []string{"segment.bytes", "the broker says", "1 to change"}, "plan", "-c", third)
	weir(0, []string{"reset to"}, "apply", "-c", topics("    - code"), "--reset-unlisted", "--allow-destructive", "--yes")
	if got := ownOptions(t, broker, "code"); len(got) != 0 {
		t.Errorf("the topic still has options of its own: %v", got)
	}
}

// ownOptions are those that a topic sets itself.
func ownOptions(t *testing.T, broker *kafkatest.Broker, topic string) map[string]string {
	t.Helper()
	configs, err := kadm.NewClient(broker.Client(t)).DescribeTopicConfigs(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	own := make(map[string]string)
	for _, c := range configs[0].Configs {
		if c.Source == kmsg.ConfigSourceDynamicTopicConfig {
			own[c.Key] = c.MaybeValue()
		}
	}
	return own
}

// TestMissingOutputTopicIsSaid runs a pipeline whose sink's topic does not
// exist and may not be created.
func TestMissingOutputTopicIsSaid(t *testing.T) {
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 1, "missing-in")
	config := writeFile(t, "weir.yaml",
		"topics: {on_start: off}\n"+copyConfig(broker, "missing", "missing-in", "missing-out"))
	load := newLoad(t, broker, t.Name(), "missing-in", 1)
	load.send(t, 10)
	load.finish(t)

	code, output := runWeir(t, "run", "--config", config, "--exit-on-stop", "--listen", "off")
	if code == 0 {
		t.Errorf("weir run ended with 0 although its output topic is missing")
	}
	if !strings.Contains(output, "missing-out") {
		t.Errorf("the output does not name the missing topic:\n%s", output)
	}
	if committed := broker.Committed(t, "missing", "missing-in"); committed[0] != 0 {
		t.Errorf("the group committed offset %d of events that went nowhere", committed[0])
	}
}

// partitionCounts tells how many partitions those of the topics have that
// exist.
func partitionCounts(t *testing.T, broker *kafkatest.Broker, topics ...string) map[string]int {
	t.Helper()
	details, err := kadm.NewClient(broker.Client(t)).ListTopics(t.Context(), topics...)
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	for name, detail := range details {
		if detail.Err == nil {
			counts[name] = len(detail.Partitions)
		}
	}
	return counts
}
