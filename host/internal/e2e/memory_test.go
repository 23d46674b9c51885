package e2e

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestMemoryOfLargeRecords has a sink that takes nothing while records of a
// megabyte come: what weir holds is bounded in bytes, and so is its memory.
func TestMemoryOfLargeRecords(t *testing.T) {
	const (
		size     = 1_000_000
		count    = 200
		inFlight = 32 << 20
		fetch    = 16 << 20 // fetch.max.bytes
		budget   = inFlight + fetch
		limit    = 128 << 20 // GOMEMLIMIT; all records are more
	)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	broker := &kafkatest.Broker{Addresses: cluster.ListenAddrs()[0]}
	broker.CreateTopics(t, 2, "in", "out")
	client := broker.Client(t, kgo.ProducerBatchMaxBytes(1_100_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	value := make([]byte, size)
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: "in", Key: strconv.AppendInt(nil, int64(i), 10), Value: value}
	}
	kafkatest.Produce(t, client, records...)
	refused := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "out", Err: kerr.NotEnoughReplicas, Count: 1 << 30})

	t.Setenv("GOMEMLIMIT", strconv.Itoa(limit))
	w := startWeir(t, writeFile(t, "weir.yaml", fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  copy:
    source: {topic: in, group_id: copy, max_in_flight_bytes: %d}
    sink: {topic: out, message_max_bytes: 1040000}
`, broker.Addresses, inFlight)))
	held := func() int { return w.gauge(t, "weir_source_in_flight_bytes") }
	eventually(t, "the source to be full", func() bool { return held() > inFlight-2*size && refused.Hits() > 3 })
	if got := held() + w.gauge(t, "weir_source_buffered_bytes"); got > budget*5/4 {
		t.Errorf("weir holds %d bytes, want at most a quarter more than %d", got, budget)
	}
	if got := held(); got > inFlight+2*size {
		t.Errorf("%d bytes are in flight, want at most %d and a record", got, inFlight)
	}
	refused.Remove()
	w.awaitDelivered(t, count)
	if got := w.peakMemory(t); got > limit*5/4 {
		t.Errorf("the process took %d MiB, want at most a quarter more than %d", got>>20, limit>>20)
	} else {
		t.Logf("the process took %d MiB", got>>20)
	}
	w.stop(t)
}

// gauge reads a metric of the one pipeline, 0 while it cannot be read.
func (w *weir) gauge(t *testing.T, name string) int {
	t.Helper()
	for line := range strings.Lines(get(w, "/metrics")) {
		if value, ok := strings.CutPrefix(line, name+`{pipeline="copy"} `); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return int(n)
		}
	}
	return 0
}

// peakMemory is the most resident memory that the process had.
func (w *weir) peakMemory(t *testing.T) int {
	t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", w.PID()))
	if os.IsNotExist(err) {
		t.Skip("SKIPPED: reads the memory of a process from /proc")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			var kib int
			if _, err := fmt.Sscanf(text, "%d kB", &kib); err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("/proc has no VmHWM")
	return 0
}
