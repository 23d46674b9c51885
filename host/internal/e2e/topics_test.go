package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

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

	code, output := runWeir(t, "run", "--config", config, "--listen", "off")
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
