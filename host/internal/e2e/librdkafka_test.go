package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// message is a record as kcat prints it in JSON. nil is a null.
type message struct {
	Key     *string  `json:"key"`
	Payload *string  `json:"payload"`
	Headers []string `json:"headers"` // names and values in turn
}

// TestLibrdkafkaOnBothEnds lets kcat write what weir reads and read what weir
// writes: keys, values, nulls and headers arrive as they were sent.
func TestLibrdkafkaOnBothEnds(t *testing.T) {
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 1, "peer-in", "peer-out")
	kcat(t, broker, "first:hello\nsecond:\n:no key\nlast:grüße €\n",
		"-P", "-t", "peer-in", "-K:", "-Z", "-H", "trace=abc", "-H", "trace=again", "-H", "hollow=")
	config := writeFile(t, "weir.yaml", copyConfig(broker, "peer", "peer-in", "peer-out"))
	if code, output := runWeir(t, "run", "--config", config, "--listen", "off", "--exit-at-end"); code != 0 {
		t.Fatalf("weir run --exit-at-end ended with %d:\n%s", code, output)
	}

	sent, got := consume(t, broker, "peer-in"), consume(t, broker, "peer-out")
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("what kcat reads from weir (-sent +got):\n%s", diff)
	}
	// What was sent must hold the cases that this test is about.
	headers := []string{"trace", "abc", "trace", "again", "hollow", ""}
	text := func(s string) *string { return &s }
	want := []message{
		{text("first"), text("hello"), headers},
		{text("second"), nil, headers},
		{nil, text("no key"), headers},
		{text("last"), text("grüße €"), headers},
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("what kcat sent (-want +got):\n%s", diff)
	}
}

// TestKeysLandWhereLibrdkafkaPutsThem compares the partition of each key as
// weir's sinks and as librdkafka choose it, for every way to place keys. One
// weir writes all.
func TestKeysLandWhereLibrdkafkaPutsThem(t *testing.T) {
	const keys = 10_000
	partitioners := []string{"consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"}
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 2, "place-in")
	var lines, pipelines strings.Builder
	for i := range keys {
		fmt.Fprintf(&lines, "kunde-%d-ß%s:value\n", i, strings.Repeat("x", i%40))
	}
	kcat(t, broker, lines.String(), "-P", "-t", "place-in", "-K:")
	for _, name := range partitioners {
		broker.CreateTopics(t, 7, "placed-by-librdkafka-"+name, "placed-by-weir-"+name)
		kcat(t, broker, lines.String(), "-P", "-t", "placed-by-librdkafka-"+name, "-K:", "-X", "topic.partitioner="+name)
		fmt.Fprintf(&pipelines, "  %s: {source: {topic: place-in, group_id: place-%s}, sink: {topic: placed-by-weir-%s, partitioner: %s}}\n", name, name, name, name)
	}
	config := writeFile(t, "weir.yaml", fmt.Sprintf("connections: {kafka: {bootstrap_servers: %q}}\npipelines:\n%s", broker.Addresses, pipelines.String()))
	if code, output := runWeir(t, "run", "--config", config, "--listen", "off", "--exit-at-end"); code != 0 {
		t.Fatalf("weir run --exit-at-end ended with %d:\n%s", code, output)
	}
	for _, name := range partitioners {
		want, got := placement(t, broker, "placed-by-librdkafka-"+name), placement(t, broker, "placed-by-weir-"+name)
		if len(want) != keys {
			t.Fatalf("librdkafka wrote %d keys, want %d", len(want), keys)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: partition by key (-librdkafka +weir):\n%s", name, diff)
		}
	}
}

func placement(t *testing.T, broker *kafkatest.Broker, topic string) map[string]int32 {
	t.Helper()
	partitions := make(map[string]int32)
	broker.ReadAll(t, func(r *kgo.Record) { partitions[string(r.Key)] = r.Partition }, topic)
	return partitions
}

// kcat runs librdkafka's command line and returns what it printed.
func kcat(t *testing.T, broker *kafkatest.Broker, input string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("kcat")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: install the package kcat", err)
		}
		t.Skipf("SKIPPED: %v: install the package kcat", err)
	}
	var out, log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, append([]string{"-b", broker.Addresses}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat %v: %v\n%s", args, err, log.String())
	}
	return out.Bytes()
}

func consume(t *testing.T, broker *kafkatest.Broker, topic string) []message {
	t.Helper()
	var messages []message
	for line := range bytes.Lines(kcat(t, broker, "", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J")) {
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("kcat printed %s: %v", line, err)
		}
		messages = append(messages, m)
	}
	return messages
}
