package e2e

import (
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
	"github.com/weirhq/weir/host/verify"
)

// TestKilledProcessLosesNothing runs two processes of one group and kills one
// five times while it delivers. Every input must come out, in order; what comes
// twice must lie between a kill's last commit and what was written by then.
func TestKilledProcessLosesNothing(t *testing.T) {
	const (
		events     = 200_000
		kills      = 5
		share      = events / (kills + 1) / 2 * 2 // before each kill
		partitions = 4
		input      = "kill-in"
		output     = "kill-out"
		group      = "kill"
	)
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, input, output)
	config := writeFile(t, "weir.yaml", copyConfig(broker, group, input, output))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	survivor, victim := startWeir(t, config), startWeir(t, config)
	load := newLoad(t, broker, t.Name(), input, partitions)
	var uncommitted int64
	for kill := range kills {
		// It dies by turns in the backlog that it finds and, caught up, in
		// what arrives.
		load.send(t, share/2)
		if kill%2 == 1 {
			awaitCommitted(t, broker, group, input)
		}
		load.send(t, share/2)
		victim.awaitDelivered(t, victim.delivered()+1000+random.Int64N(share/8))
		victim.Kill(t)
		n := uncommittedOutputs(t, broker, group, input, output)
		uncommitted += n
		t.Logf("kill %d: %d outputs were not committed", kill+1, n)
		victim = startWeir(t, config)
	}
	load.send(t, events-kills*share)
	checker := load.finish(t)
	awaitCommitted(t, broker, group, input)
	victim.stop(t)
	survivor.stop(t)

	report := check(t, broker, checker, output)
	if report.Inputs != events {
		t.Errorf("%d inputs, want %d", report.Inputs, events)
	}
	if report.Duplicates > uncommitted {
		t.Errorf("%d duplicates, want at most the %d outputs that were not committed at the kills", report.Duplicates, uncommitted)
	}
}

// uncommittedOutputs counts the inputs, over all partitions, from the group's
// commit to the last one with an output: those that a restart may repeat.
func uncommittedOutputs(t *testing.T, broker *kafkatest.Broker, group, input, output string) int64 {
	t.Helper()
	committed := broker.Committed(t, group, input)
	next := make(map[int32]int64)
	broker.ReadAll(t, func(r *kgo.Record) {
		_, origin, err := verify.Parse(r.Value)
		if err != nil {
			t.Fatalf("%s/%d@%d: %v", r.Topic, r.Partition, r.Offset, err)
		}
		next[origin.Partition] = max(next[origin.Partition], origin.Seq+1)
	}, output)
	var count int64
	for partition, n := range next {
		count += max(0, n-committed[partition])
	}
	return count
}
