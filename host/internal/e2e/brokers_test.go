package e2e

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestKilledBroker kills one of three brokers, which leads a third of the
// partitions, under load, and starts it again.
func TestKilledBroker(t *testing.T) {
	const partitions, events, victim = 6, 60_000, 2
	cluster := kafkatest.StartCluster(t, "--brokers", "3")
	responses, err := kadm.NewClient(cluster.Client(t)).CreateTopics(t.Context(), partitions, 3, nil, "brokers-in", "brokers-out")
	if err == nil {
		err = responses.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	w := startWeir(t, writeFile(t, "weir.yaml", copyConfig(cluster.Broker, "brokers", "brokers-in", "brokers-out")))
	load := newLoad(t, cluster.Broker, t.Name(), "brokers-in", partitions)
	load.send(t, events/3)
	w.awaitDelivered(t, events/6)
	cluster.KillBroker(t, victim)
	load.send(t, events/3)
	w.awaitDelivered(t, events/2)
	cluster.RestartBroker(t, victim)
	load.send(t, events/3)
	checker := load.finish(t)
	awaitCommitted(t, cluster.Broker, "brokers", "brokers-in")
	w.stop(t)
	if report := check(t, cluster.Broker, checker, "brokers-out"); report.Inputs != events {
		t.Errorf("%d inputs, want %d", report.Inputs, events)
	}
}
