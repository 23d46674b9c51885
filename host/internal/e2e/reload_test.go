package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"testing"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestReloadUnderLoad changes the configuration of a process on a real Kafka again
// and again while events flow: the pipeline under load gets other processors, the one
// beside it is drained and started anew each time. Nothing is lost, doubled or
// reordered, and no partition of the first moves.
func TestReloadUnderLoad(t *testing.T) {
	const (
		partitions = 4
		reloads    = 20
		events     = 60_000
	)
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SIGHUP is ignored here, as under nohup, and so it would be by weir")
	}
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, "reload-in", "reload-out", "beside-in", "beside-0", "beside-1")
	text := func(i int) string {
		return "topics: {on_start: off}\n" + copyConfig(broker, "reload", "reload-in", "reload-out") + fmt.Sprintf(`
    processors:
      - {name: all, key_filter: {exclude: true, keys: [nobody-%d], on_missing: pass}}
  beside:
    source: {topic: beside-in, group_id: beside}
    sink: {topic: beside-%d}
`, i, i%2)
	}
	config := writeFile(t, "weir.yaml", text(0))
	w := startWeir(t, config)
	load := newLoad(t, broker, t.Name(), "reload-in", partitions)
	applied := regexp.MustCompile(`(?m)^weir_reloads_total\{result="applied"\} (\d+)$`)
	for i := 1; i <= reloads; i++ {
		load.send(t, events/reloads)
		w.awaitDelivered(t, int64(i-1)*events/reloads+1)
		if err := os.WriteFile(config, []byte(text(i)), 0o600); err != nil {
			t.Fatal(err)
		}
		w.HangUp(t)
		eventually(t, fmt.Sprintf("reload %d", i), func() bool {
			if w.Exited() {
				t.Fatalf("weir ended by itself; its output:\n%s", w.Output())
			}
			found := applied.FindStringSubmatch(get(w, "/metrics"))
			return found != nil && found[1] == fmt.Sprint(i)
		})
	}
	checker := load.finish(t)
	awaitCommitted(t, broker, "reload", "reload-in")
	rebalances := regexp.MustCompile(`(?m)^weir_rebalances_total\{pipeline="copy"\} (\d+)$`).FindStringSubmatch(get(w, "/metrics"))
	if rebalances == nil || rebalances[1] != "1" {
		t.Errorf("the pipeline under load has seen rebalances %v, want the one of its start", rebalances)
	}
	w.stop(t)
	if report := check(t, broker, checker, "reload-out"); report.Inputs != events || report.Duplicates != 0 {
		t.Errorf("%d inputs and %d duplicates, want %d and none", report.Inputs, report.Duplicates, events)
	}
}
