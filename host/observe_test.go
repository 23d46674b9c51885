package host_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/telemetry"
)

// TestSamplesOfLoad looks at one pipeline that has done its work and at one that
// was paused before it began: both sources of it are behind.
func TestSamplesOfLoad(t *testing.T) {
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 2}, broker.Topic{Name: "held", Partitions: 1}, broker.Topic{Name: "free", Partitions: 1})
	h := loaded(t, fmt.Sprintf(`
connections:
  main: {bootstrap_servers: %q, schema_registry: {url: "http://127.0.0.1:1"}}
pipelines:
  held:
    source: [{topic: in, partitions: 0, group_id: held, max_in_flight_records: 7}, {topic: in, partitions: 1, group_id: held}]
    sink: {topic: held}
  free:
    source: {topic: in, group_id: free}
    processors: [{name: schema, schema: {decode: {mode: keep, on_missing: pass}}}]
    sink: {topic: free}
`, b.Addr()))
	if err := h.Pause(t.Context(), "held"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := client.Produce(t.Context(), broker.Record{Topic: "in", Key: []byte{byte(i)}, Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), drain) }()
	behind := func(s telemetry.Sample) (partitions int, records int64) {
		for _, l := range s.Lags {
			partitions, records = partitions+1, records+l.Records
		}
		return partitions, records
	}
	var held, free telemetry.Sample
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		held, free = h.Samples()[0], h.Samples()[1]
		n, records := behind(held)
		m, none := behind(free)
		if n == 2 && records == 20 && m == 2 && none == 0 && free.Latency.Count == 20 && free.Held == (telemetry.Load{}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v\n%+v", held, free)
		}
	}
	if held.Limit.Records != 7+free.Limit.Records || held.Limit.Bytes != 2*free.Limit.Bytes {
		t.Errorf("limits %+v and %+v", held.Limit, free.Limit)
	}
	step, sink := free.Processors[0], free.Processors[1]
	if !step.Timed || step.Seconds <= 0 || step.Seconds != free.Processing.Sum || sink.Timed {
		t.Errorf("the step's time is %v, that of all steps %v; the sink is timed: %v", step.Seconds, free.Processing.Sum, sink.Timed)
	}
	if free.Processing.Count == 0 || free.Latency.Buckets[60] != 20 {
		t.Errorf("processing %+v, latency %+v", free.Processing, free.Latency)
	}
	if diff := cmp.Diff([]telemetry.LookupSample{{Result: "hit"}, {Result: "miss"}, {Result: "error"}}, step.Lookups); diff != "" {
		t.Errorf("lookups (-want +got)\n%s", diff)
	}
	close(drain)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, s := range h.Samples() {
		if len(s.Lags) > 0 {
			t.Errorf("%s owns nothing and tells of lags: %v", s.Pipeline, s.Lags)
		}
	}
}
