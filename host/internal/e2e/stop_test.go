package e2e

import (
	"testing"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestGracefulStopDoublesNothing stops weir by SIGTERM under load, again and
// again: a drained process leaves nothing that its successor would repeat.
func TestGracefulStopDoublesNothing(t *testing.T) {
	for _, tc := range []struct {
		name     string
		survivor bool // another member takes the partitions over in between
	}{
		{name: "alone"},
		{name: "in-a-group", survivor: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const (
				partitions = 4
				stops      = 5
				events     = 60_000
			)
			broker := kafkatest.Real(t)
			group := "stop-" + tc.name
			input, output := group+"-in", group+"-out"
			broker.CreateTopics(t, partitions, input, output)
			config := writeFile(t, "weir.yaml", copyConfig(broker, group, input, output))
			if tc.survivor {
				survivor := startWeir(t, config)
				defer survivor.stop(t)
			}
			load := newLoad(t, broker, t.Name(), input, partitions)
			for range stops {
				w := startWeir(t, config)
				load.send(t, events/stops)
				w.awaitDelivered(t, events/stops/8)
				w.stop(t)
			}
			checker := load.finish(t)
			last := startWeir(t, config)
			awaitCommitted(t, broker, group, input)
			last.stop(t)

			report := check(t, broker, checker, output)
			if report.Inputs != events || report.Duplicates != 0 {
				t.Errorf("%d inputs and %d duplicates, want %d and none", report.Inputs, report.Duplicates, events)
			}
		})
	}
}
