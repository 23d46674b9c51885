package e2e

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify"
)

// bspumpINI is the configuration of BSPump's documented example. Of its
// Python processor only the name is left; module= says what does its work.
const bspumpINI = `
[connection:KafkaConnection]
bootstrap_servers=%s
security_protocol=PLAINTEXT
group_id=my-consumer-group

[pipeline:MyPipeline:KafkaSource]
topic=input-topic
auto_offset_reset=earliest
max_poll_records=500

[pipeline:MyPipeline:KafkaTopicSelector]
module=builtin:topic-selector

[pipeline:MyPipeline:KafkaSink]
topic=output-topic
acks=all
`

// TestBSPumpConfigurationRuns routes by weight, as BSPump's documented topic
// selector does, from BSPump's own file.
func TestBSPumpConfigurationRuns(t *testing.T) {
	const events, partitions = 3000, 2
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, "input-topic", "output-topic", "heavy", "light")
	load := newLoad(t, broker, t.Name(), "input-topic", partitions)
	load.send(t, events)
	checker := load.finish(t)

	config := writeFile(t, "site.conf", fmt.Sprintf(bspumpINI, broker.Addresses))
	if code, output := runWeir(t, "run", "--config", config, "--listen", "off", "--exit-at-end"); code != 0 {
		t.Fatalf("weir run --exit-at-end ended with %d:\n%s", code, output)
	}
	if report := check(t, broker, checker, "heavy", "light", "output-topic"); report.Duplicates != 0 {
		t.Errorf("%d duplicates, want none", report.Duplicates)
	}
	want, got := make(map[string]int), make(map[string]int)
	for partition := range int32(partitions) {
		for seq := range int64(events / partitions) {
			want[selected(verify.Origin{Partition: partition, Seq: seq})]++
		}
	}
	broker.ReadAll(t, func(r *kgo.Record) {
		_, origin, err := verify.Parse(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		if right := selected(origin); r.Topic != right {
			t.Errorf("%v of weight %d is in %s, want %s", origin, verify.Weight(origin), r.Topic, right)
		}
		got[r.Topic]++
	}, "heavy", "light", "output-topic")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events by topic (-want +got):\n%s", diff)
	}
}

// selected is the topic that BSPump's documented processor chooses.
func selected(o verify.Origin) string {
	if verify.Weight(o) > 10 {
		return "heavy"
	}
	return "light"
}
