package kafkatest

import (
	"fmt"
	"os"
	"testing"
)

// Cluster is a real Kafka of a test's own, which may lose brokers.
type Cluster struct {
	*Broker
	script *script
}

// StartCluster starts a real Kafka, with flags of real-kafka.sh start, and
// removes it when the test ends. It skips the test when the gate is closed.
func StartCluster(tb testing.TB, flags ...string) *Cluster {
	tb.Helper()
	if os.Getenv(Gate) != "1" {
		tb.Skipf("SKIPPED: needs a real Kafka; set %s=1", Gate)
	}
	script, err := newScript()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(script.removeOnSignal())
	tb.Cleanup(script.remove)
	broker, err := script.start(flags...)
	if err != nil {
		tb.Fatal(err)
	}
	return &Cluster{Broker: broker, script: script}
}

// KillBroker ends a broker, counted from 1, as a crash would.
func (c *Cluster) KillBroker(tb testing.TB, number int) { c.command(tb, "kill-broker", number) }

// RestartBroker starts a broker that was killed on its old data.
func (c *Cluster) RestartBroker(tb testing.TB, number int) { c.command(tb, "restart-broker", number) }

func (c *Cluster) command(tb testing.TB, command string, number int) {
	tb.Helper()
	if _, err := c.script.run(command, fmt.Sprint(number)); err != nil {
		tb.Fatal(err)
	}
}
