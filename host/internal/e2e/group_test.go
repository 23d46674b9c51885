package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// pipelineConfig is a copy with more options in its source.
func pipelineConfig(broker *kafkatest.Broker, group, input, output, options string) string {
	return fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  copy:
    source: {topic: %q, group_id: %s, auto.commit.interval.ms: 100, %s}
    sink: {topic: %s}
`, broker.Addresses, input, group, options, output)
}

// produce writes values to a partition.
func produce(t *testing.T, broker *kafkatest.Broker, topic string, partition int32, count int) {
	t.Helper()
	client := broker.Client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer client.Close()
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Appendf(nil, "%s/%d/%d", topic, partition, i)}
	}
	kafkatest.Produce(t, client, records...)
}

// shares counts the partitions of each member of a group of the classic
// protocol, by client id.
func shares(t *testing.T, admin *kadm.Client, group string) map[string]int {
	t.Helper()
	groups, err := admin.DescribeGroups(t.Context(), group)
	counts := map[string]int{}
	if err != nil || groups.Error() != nil { // it is not there yet
		return counts
	}
	for _, m := range groups[group].Members {
		if assigned, ok := m.Assigned.AsConsumer(); ok && groups[group].State == "Stable" {
			for _, topic := range assigned.Topics {
				counts[m.ClientID] += len(topic.Partitions)
			}
		}
	}
	return counts
}

// TestGroupSharedWithLibrdkafka lets weir and kcat share the partitions of a
// group, and weir take them all when kcat leaves.
func TestGroupSharedWithLibrdkafka(t *testing.T) {
	const partitions, each = 4, 500
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, "shared-in", "shared-out")
	path, err := exec.LookPath("kcat")
	if err != nil {
		kcat(t, broker, "") // which says what to do about it
	}
	admin := kadm.NewClient(broker.Client(t))
	w := startWeir(t, writeFile(t, "weir.yaml", pipelineConfig(broker, "shared", "shared-in", "shared-out", "partition.assignment.strategy: range, session.timeout.ms: 6000")))
	peer := kafkatest.Start(t, path, "-b", broker.Addresses, "-G", "shared", "-X", "partition.assignment.strategy=range", "-X", "client.id=peer",
		"-X", "session.timeout.ms=6000", "-X", "auto.offset.reset=earliest", "-u", "-f", "got %s\n", "shared-in")
	eventually(t, "both to have their share", func() bool {
		counts := shares(t, admin, "shared")
		return counts["peer"] == partitions/2 && counts["weir-copy-source"] == partitions/2
	})
	for partition := range int32(partitions) {
		produce(t, broker, "shared-in", partition, each)
	}
	eventually(t, "kcat to get its share", func() bool { return strings.Count(peer.Output(), "got ") >= partitions/2*each })
	w.awaitDelivered(t, partitions/2*each)
	peer.Terminate(t)
	peer.Wait(t, patience)
	eventually(t, "weir to have all", func() bool { return shares(t, admin, "shared")["weir-copy-source"] == partitions })
	if got := strings.Count(peer.Output(), "got "); got != partitions/2*each {
		t.Errorf("kcat got %d records, want %d", got, partitions/2*each)
	}
	for partition := range int32(partitions) {
		produce(t, broker, "shared-in", partition, each)
	}
	awaitCommitted(t, broker, "shared", "shared-in")
	w.stop(t)
	if got := len(placementOfValues(t, broker, "shared-out")); got != partitions*each {
		t.Errorf("%d values came out of weir, want %d", got, partitions*each)
	}
}

// placementOfValues counts the values of a topic.
func placementOfValues(t *testing.T, broker *kafkatest.Broker, topic string) map[string]int {
	t.Helper()
	values := map[string]int{}
	broker.ReadAll(t, func(r *kgo.Record) { values[string(r.Value)]++ }, topic)
	return values
}

// TestTopicsAndPartitionsAdded makes a topic that the expression of a running
// source matches, and partitions of one that it reads, and writes to them at
// once. The source begins at the end of what was there.
func TestTopicsAndPartitionsAdded(t *testing.T) {
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 1, "grow-in-1", "grown")
	produce(t, broker, "grow-in-1", 0, 50) // which nobody wants
	admin := kadm.NewClient(broker.Client(t))
	w := startWeir(t, writeFile(t, "weir.yaml", pipelineConfig(broker, "grow", "^grow-in-", "grown", "auto_offset_reset: latest, refresh_topics: 1")))
	eventually(t, "weir to join", func() bool { return shares(t, admin, "grow")["weir-copy-source"] == 1 })
	eventually(t, "weir to begin", func() bool {
		produce(t, broker, "grow-in-1", 0, 1)
		return w.delivered() > 0
	})
	broker.CreateTopics(t, 2, "grow-in-2")
	produce(t, broker, "grow-in-2", 0, 300)
	produce(t, broker, "grow-in-2", 1, 300)
	if _, err := admin.CreatePartitions(t.Context(), 1, "grow-in-1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the partition to be there", func() bool { return len(broker.EndOffsets(t, "grow-in-1")) == 2 })
	produce(t, broker, "grow-in-1", 1, 300)
	eventually(t, "everything to come out", func() bool {
		values := placementOfValues(t, broker, "grown")
		for _, from := range []string{"grow-in-2/0", "grow-in-2/1", "grow-in-1/1"} {
			for i := range 300 {
				if values[fmt.Sprintf("%s/%d", from, i)] == 0 {
					return false
				}
			}
		}
		return true
	})
	w.stop(t)
	if values := placementOfValues(t, broker, "grown"); values["grow-in-1/0/49"] != 0 {
		t.Error("what was there before came out: the source did not begin at the end")
	}
}

// TestTopicRecreated deletes the input under weir and makes another one of its
// name: weir stops and says so, or reads the new one from its start.
func TestTopicRecreated(t *testing.T) {
	broker := kafkatest.Real(t)
	admin := kadm.NewClient(broker.Client(t))
	broker.CreateTopics(t, 1, "again-in", "again-earliest", "again-fail")
	start := func(policy string) *weir {
		return startWeir(t, writeFile(t, "weir.yaml", pipelineConfig(broker, "again-"+policy, "again-in", "again-"+policy, "on_topic_recreated: "+policy+", topic.metadata.refresh.interval.ms: 1000")))
	}
	goesOn, stops := start("earliest"), start("fail")
	produce(t, broker, "again-in", 0, 500)
	goesOn.awaitDelivered(t, 500)
	stops.awaitDelivered(t, 500)
	if _, err := admin.DeleteTopics(t.Context(), "again-in"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the topic to be gone", func() bool {
		topics, err := admin.ListTopics(t.Context(), "again-in")
		return err == nil && topics["again-in"].Err != nil
	})
	eventually(t, "the topic to be there again", func() bool {
		responses, err := admin.CreateTopics(t.Context(), 1, 1, nil, "again-in")
		return err == nil && responses.Error() == nil
	})
	produce(t, broker, "again-in", 0, 300)
	goesOn.awaitDelivered(t, 800)
	goesOn.stop(t)
	if code := stops.Wait(t, patience); code == 0 || !strings.Contains(stops.Output(), "deleted and created again") {
		t.Errorf("weir with on_topic_recreated: fail ended with %d:\n%s", code, stops.Output())
	}
	if got := broker.Committed(t, "again-earliest", "again-in")[0]; got != 300 {
		t.Errorf("committed %d, want 300", got)
	}
}

// TestBrokersAssign runs two members of a group of the protocol in which the
// brokers share the partitions, under load, and stops one.
func TestBrokersAssign(t *testing.T) {
	const partitions = 4
	var events int64
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, "assign-in", "assign-out")
	config := writeFile(t, "weir.yaml", pipelineConfig(broker, "assign", "assign-in", "assign-out", "group.protocol: consumer"))
	first := startWeir(t, config)
	load := newLoad(t, broker, t.Name(), "assign-in", partitions)
	send := func() {
		load.send(t, 2*burst)
		events += 2 * burst
	}
	send()
	first.awaitDelivered(t, burst)
	second := startWeir(t, config)
	eventually(t, "the second to have its share", func() bool {
		send()
		return second.delivered() > 0
	})
	first.stop(t)
	send()
	checker := load.finish(t)
	awaitCommitted(t, broker, "assign", "assign-in")
	groups, err := kadm.NewClient(broker.Client(t)).DescribeConsumerGroups(t.Context(), "assign")
	if err == nil {
		err = groups.Error()
	}
	if err != nil || len(groups["assign"].Members) != 1 {
		t.Errorf("the group has no member of the brokers' protocol: %+v, %v", groups, err)
	}
	second.stop(t)
	if report := check(t, broker, checker, "assign-out"); report.Inputs != events || report.Duplicates != 0 {
		t.Errorf("%d inputs and %d duplicates, want %d and none", report.Inputs, report.Duplicates, events)
	}
}

// TestMissingSinkTopic ends soon and says what is missing.
func TestMissingSinkTopic(t *testing.T) {
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 1, "unsunk-in")
	produce(t, broker, "unsunk-in", 0, 10)
	config := writeFile(t, "weir.yaml", pipelineConfig(broker, "unsunk", "unsunk-in", "unsunk-out, allow.auto.create.topics: false", "client.rack: a, group.instance.id: only"))
	w := startWeir(t, config)
	if code := w.Wait(t, patience); code == 0 || !strings.Contains(w.Output(), "topic unsunk-out") || !strings.Contains(w.Output(), "does not exist") {
		t.Errorf("weir ended with %d:\n%s", code, w.Output())
	}
}
