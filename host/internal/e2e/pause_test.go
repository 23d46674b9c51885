package e2e

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify"
)

// TestPausedBeyondTheSession stops a process (SIGSTOP) in the middle of its work
// until the group has given its partitions to another one and all is done, and lets
// it go on: what it still holds is not its own any more.
func TestPausedBeyondTheSession(t *testing.T) {
	t.Run("at least once", func(t *testing.T) {
		pauseBeyondTheSession(t, "paused", func(broker *kafkatest.Broker, _ string) string {
			return copyConfig(broker, "paused", "paused-in", "paused-out")
		})
	})
	t.Run("exactly once", func(t *testing.T) {
		report := pauseBeyondTheSession(t, "paused-once", func(broker *kafkatest.Broker, id string) string {
			text := exactlyOnceConfig(broker, "paused-once", "paused-once-in", "paused-once-out", id, "cooperative-sticky")
			return strings.Replace(text, "transactional_id:", "transaction_timeout_ms: 10000\n      transactional_id:", 1)
		})
		if report.Duplicates > 0 {
			t.Errorf("%d duplicates", report.Duplicates)
		}
	})
}

func pauseBeyondTheSession(t *testing.T, name string, config func(broker *kafkatest.Broker, id string) string) verify.Report {
	input, output := name+"-in", name+"-out"
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 4, input, output)
	other := startWeir(t, writeFile(t, "weir.yaml", config(broker, name+"-other")))
	paused := startWeir(t, writeFile(t, "weir.yaml", config(broker, name+"-paused")))
	load, sent := newLoad(t, broker, t.Name(), input, 4), 0
	send := func(n int) {
		load.send(t, n)
		sent += n
	}
	eventually(t, "both processes to have work", func() bool {
		send(100)
		return paused.delivered() > 0 && other.delivered() > 0
	})
	send(20_000)
	paused.awaitDelivered(t, paused.delivered()+500)
	paused.Pause(t)
	send(20_000)
	awaitCommitted(t, broker, name, input) // also of what the paused one had
	paused.Proceed(t)
	send(20_000)
	checker := load.finish(t)
	awaitCommitted(t, broker, name, input)
	paused.stop(t)
	other.stop(t)
	report := check(t, broker, checker, output)
	if report.Inputs != int64(sent) {
		t.Errorf("%d inputs, want %d", report.Inputs, sent)
	}
	return report
}
