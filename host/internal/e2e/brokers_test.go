package e2e

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestKilledBroker places replicas on three brokers, kills one, which leads a
// third of the partitions, under load, and starts it again.
func TestKilledBroker(t *testing.T) {
	const partitions, events, victim = 6, 60_000, 2
	cluster := kafkatest.StartCluster(t, "--brokers", "3")
	placed := [][]int32{{1, 2, 3}, {2, 3, 1}, {3, 1, 2}, {1, 3, 2}, {2, 1, 3}, {3, 2, 1}}
	config := writeFile(t, "weir.yaml", copyConfig(cluster.Broker, "brokers", "brokers-in", "brokers-out")+`
topics:
  list:
    - {topic: brokers-in, replica_assignment: "1:2:3,2:3:1,3:1:2,1:3:2,2:1:3,3:2:1"}
    - {topic: brokers-out, num_partitions: 6, replication_factor: 3}
`)
	if code, output := runWeir(t, "topics", "apply", "-c", config); code != 0 {
		t.Fatalf("weir topics apply ended with %d:\n%s", code, output)
	}
	// Brokers learn of topics one after the other, and any of them may answer.
	admin := kadm.NewClient(cluster.Client(t))
	var topics kadm.TopicDetails
	eventually(t, "the topics to be known", func() bool {
		var err error
		if topics, err = admin.ListTopics(t.Context(), "brokers-in", "brokers-out"); err != nil {
			t.Fatal(err)
		}
		return len(topics["brokers-in"].Partitions) > 0 && len(topics["brokers-out"].Partitions) > 0
	})
	got := topics["brokers-in"].Partitions.Sorted()
	if len(got) != partitions {
		t.Errorf("brokers-in has %d partitions", len(got))
	}
	for i, p := range got {
		if !slices.Equal(p.Replicas, placed[i]) {
			t.Errorf("partition %d is on %v, want %v", i, p.Replicas, placed[i])
		}
	}
	if got := topics["brokers-out"].Partitions; len(got) != partitions || got.NumReplicas() != 3 {
		t.Errorf("brokers-out has %d partitions of %d replicas", len(got), got.NumReplicas())
	}
	w := startWeir(t, config)
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
