package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestAcknowledgingAllocatesNothing guards the promise, which runs for every
// event.
func TestAcknowledgingAllocatesNothing(t *testing.T) {
	const events = 1000
	o, _ := resolve(t, Producer, "bootstrap_servers: seed", "")
	w := &write{sink: NewSink(SinkConfig{Options: o})}
	w.pending.Store(2 * events) // AllocsPerRun runs once more to warm up
	record := &kgo.Record{Topic: "out"}
	if n := testing.AllocsPerRun(events, func() { w.acknowledged(record, nil) }); n != 0 {
		t.Errorf("%v allocations for an acknowledgement, want none", n)
	}
}
