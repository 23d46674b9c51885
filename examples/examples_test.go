package examples_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/cli"
	"github.com/weirhq/weir/sdk/conformance"
)

var update = flag.Bool("update", false, "write what the examples put out into their out folders")

// configs are the configuration files of each example, in the order in which
// they are laid over each other.
var configs = map[string][]string{
	"01-topic-selector": {"weir.yaml"},
	"02-bspump-ini":     {"site.conf", "topics.yaml"},
	"03-key-filter":     {"weir.yaml"},
	"04-wat":            {"weir.yaml"},
	"05-c-without-sdk":  {"weir.yaml"},
	scaleOut:            {"weir.yaml"},
}

// TestEveryExampleIsRun keeps the table above complete.
func TestEveryExampleIsRun(t *testing.T) {
	folders, err := filepath.Glob("[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if configs[folder] == nil {
			t.Errorf("examples/%s is not run by this test", folder)
		}
	}
	if len(folders) != len(configs) {
		t.Errorf("folders %v, want those of %v", folders, configs)
	}
}

// TestModulesAreWhatTheirSourcesGive looks at the examples that bring a module
// of their own.
func TestModulesAreWhatTheirSourcesGive(t *testing.T) {
	for _, sum := range []string{"examples/04-wat/heartbeat.sum", "examples/05-c-without-sdk/mask.sum"} {
		if err := conformance.Sums("..", sum); err != nil {
			t.Error(err)
		}
	}
}

// TestExamples does with each example what its README says: makes the topics,
// sends in/TOPIC.txt, runs weir to the end, and compares what the topics hold
// then with out/TOPIC.txt.
func TestExamples(t *testing.T) {
	for folder, files := range configs {
		t.Run(folder, func(t *testing.T) {
			b, client := brokertest.Start(t)
			var flags []string
			for _, file := range files {
				flags = append(flags, "-c", filepath.Join(folder, file))
			}
			weir(t, b, append([]string{"check", "--cache-dir", "off"}, flags...)...)
			weir(t, b, append([]string{"topics", "apply"}, flags...)...)
			send(t, client, filepath.Join(folder, "in"))
			weir(t, b, append([]string{"run", "--exit-at-end", "--listen", "off", "--cache-dir", "off"}, flags...)...)
			compare(t, client, filepath.Join(folder, "out"))
		})
	}
}

// weir runs a command that has to end with 0.
func weir(t *testing.T, b *broker.Broker, args ...string) {
	t.Helper()
	var output bytes.Buffer
	environ := append(os.Environ(), "WEIR_BROKERS="+b.Addr())
	if code := cli.Run(t.Context(), args, environ, &output, &output); code != 0 {
		t.Fatalf("weir %s ended with %d:\n%s", strings.Join(args, " "), code, output.String())
	}
}

// topicFiles lists DIR/TOPIC.txt by topic.
func topicFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no TOPIC.txt (%v)", dir, err)
	}
	byTopic := make(map[string]string)
	for _, file := range files {
		byTopic[strings.TrimSuffix(filepath.Base(file), ".txt")] = file
	}
	return byTopic
}

// send writes every line KEY|VALUE, or VALUE without a key, to the topic.
func send(t *testing.T, client *broker.Client, dir string) {
	t.Helper()
	for topic, file := range topicFiles(t, dir) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var records []broker.Record
		for line := range strings.Lines(string(text)) {
			r := broker.Record{Topic: topic}
			line = strings.TrimSuffix(line, "\n")
			if key, value, ok := strings.Cut(line, "|"); ok {
				r.Key, r.Value = []byte(key), []byte(value)
			} else {
				r.Value = []byte(line)
			}
			records = append(records, r)
		}
		if err := client.Produce(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
}

// compare reads the topics that dir has files of. Lines are sorted: order
// holds within a partition only.
func compare(t *testing.T, client *broker.Client, dir string) {
	t.Helper()
	files := topicFiles(t, dir)
	got := make(map[string][]string)
	var topics []string
	for topic := range files {
		topics = append(topics, topic)
	}
	if err := client.Read(t.Context(), topics, func(r *broker.Record) { got[r.Topic] = append(got[r.Topic], line(r)) }); err != nil {
		t.Fatal(err)
	}
	for topic, file := range files {
		slices.Sort(got[topic])
		text := strings.Join(got[topic], "")
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("topic %s (-want +got):\n%s", topic, diff)
		}
	}
}

// line is a record as the files have it, a dead letter with its reason.
func line(r *broker.Record) string {
	text := string(r.Value)
	if r.Key != nil {
		text = string(r.Key) + "|" + text
	}
	if reason := r.Header("weir.error.message"); reason != nil {
		text += fmt.Sprintf("  # %s", reason)
	}
	return text + "\n"
}
