package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// pythonGate names a Python that has confluent-kafka; .ci/run makes one.
const pythonGate = "WEIR_CONFLUENT_PYTHON"

// python is that Python, without which the test is skipped.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv(pythonGate)
	switch {
	case path == "" && os.Getenv("CI") == "true":
		t.Fatalf("%s names no Python that has confluent-kafka", pythonGate)
	case path == "":
		t.Skipf("SKIPPED: set %s to a Python that has confluent-kafka (pip install confluent-kafka)", pythonGate)
	}
	return path
}

// peerRecord is a record as peer.py prints it. nil is a null.
type peerRecord struct {
	Key     *string      `json:"key"`
	Value   *string      `json:"value"`
	Headers [][2]*string `json:"headers"`
}

// peerRecords reads what peer.py printed, by key. A line that is no record fails
// the test, as does a key that is there twice.
func peerRecords(t *testing.T, output string) map[string]peerRecord {
	t.Helper()
	records := map[string]peerRecord{}
	for line := range strings.Lines(output) {
		var r peerRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Key == nil {
			t.Fatalf("peer.py printed %s", line)
		}
		if _, twice := records[*r.Key]; twice {
			t.Errorf("%s is there twice", *r.Key)
		}
		records[*r.Key] = r
	}
	return records
}

// TestGroupSharedWithConfluentKafka lets a program on confluent-kafka write what
// weir reads, share the group with it, and read what weir writes. Each record is
// read once in all, and comes out of weir as it went in.
func TestGroupSharedWithConfluentKafka(t *testing.T) {
	const partitions, first, second = 4, 2000, 500
	broker := kafkatest.Real(t)
	interpreter := python(t)
	broker.CreateTopics(t, partitions, "confluent-in", "confluent-out")
	peer := func(command string, args ...string) string {
		t.Helper()
		p := kafkatest.Start(t, interpreter, append([]string{"testdata/peer.py", command, broker.Addresses}, args...)...)
		if code := p.Wait(t, patience); code != 0 {
			t.Fatalf("peer.py %s ended with %d:\n%s", command, code, p.Output())
		}
		return p.Output()
	}
	admin := kadm.NewClient(broker.Client(t))
	w := startWeir(t, writeFile(t, "weir.yaml", pipelineConfig(broker, "confluent", "confluent-in", "confluent-out", "partition.assignment.strategy: range, session.timeout.ms: 6000")))
	member := kafkatest.Start(t, interpreter, "testdata/peer.py", "share", broker.Addresses, "confluent-in", "confluent")
	eventually(t, "both to have their share", func() bool {
		counts := shares(t, admin, "confluent")
		return counts["peer"] == partitions/2 && counts["weir-copy-source"] == partitions/2
	})
	peer("produce", "confluent-in", "0", fmt.Sprint(first))
	eventually(t, "all to be read", func() bool {
		return strings.Count(member.Output(), "\n")+int(w.delivered()) >= first
	})
	member.Terminate(t)
	if code := member.Wait(t, patience); code != 0 {
		t.Fatalf("the member ended with %d:\n%s", code, member.Output())
	}
	eventually(t, "weir to have all partitions", func() bool { return shares(t, admin, "confluent")["weir-copy-source"] == partitions })
	peer("produce", "confluent-in", fmt.Sprint(first), fmt.Sprint(second))
	awaitCommitted(t, broker, "confluent", "confluent-in")
	w.stop(t)

	sent, its, ours := peerRecords(t, peer("read", "confluent-in")), peerRecords(t, member.Output()), peerRecords(t, peer("read", "confluent-out"))
	if len(sent) != first+second || len(its) == 0 || len(ours) <= second || len(its)+len(ours) != first+second {
		t.Errorf("of %d records confluent-kafka read %d and weir %d", len(sent), len(its), len(ours))
	}
	for key, got := range ours {
		if diff := cmp.Diff(sent[key], got); diff != "" {
			t.Errorf("%s out of weir (-sent +got)\n%s", key, diff)
		}
		if _, twice := its[key]; twice {
			t.Errorf("both read %s", key)
		}
	}
}
