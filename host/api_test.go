package host_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
)

// served serves the API of a host for as long as the test.
func served(t *testing.T, h *host.Host) *api.Server {
	t.Helper()
	s, err := api.Listen(api.Config{Listen: "127.0.0.1:0", Host: h.API(), Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		if err := errors.Join(s.Close(context.Background()), <-ended); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestParallelRequests makes 1,000 clients look at a pipeline, and pause and
// resume it, while events flow: each event arrives, once.
func TestParallelRequests(t *testing.T) {
	const clients, events = 1000, 5000
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 2}, broker.Topic{Name: "out", Partitions: 1})
	h := loaded(t, fmt.Sprintf(`
connections: {main: {bootstrap_servers: %q}}
pipelines: {p: {source: {topic: in, group_id: g}, processors: [{key_filter: {glob: "*"}}], sink: {topic: out}}}
`, b.Addr()))
	s := served(t, h)
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), drain) }()

	want := []string{}
	var records []broker.Record
	for i := range events {
		value := fmt.Sprintf("%05d", i)
		want = append(want, value)
		records = append(records, broker.Record{Topic: "in", Key: []byte(value), Value: []byte(value)})
	}
	asked := make(chan error, clients)
	var together sync.WaitGroup
	together.Add(clients)
	for i := range clients {
		go func() {
			together.Done()
			together.Wait()
			asked <- ask(t.Context(), s.Addr(), i)
		}()
	}
	for part := range slices.Chunk(records, 100) {
		if err := client.Produce(t.Context(), part...); err != nil {
			t.Fatal(err)
		}
	}
	for range clients {
		if err := <-asked; err != nil {
			t.Error(err)
		}
	}
	if err := h.API().Resume(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	for h.Samples()[0].Delivered < events {
		select {
		case <-t.Context().Done():
			t.Fatal("the test ends before all events are delivered")
		case <-time.After(5 * time.Millisecond): // what is delivered tells nobody
		}
	}
	close(drain)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	got := []string{}
	if err := client.Read(t.Context(), []string{"out"}, func(r *broker.Record) { got = append(got, string(r.Value)) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// ask looks, with a connection of its own; some clients also pause and resume.
func ask(ctx context.Context, address string, n int) error {
	remote, err := api.Dial(api.ClientConfig{Address: address})
	if err != nil {
		return err
	}
	if _, err := remote.Pipelines(ctx); err != nil {
		return err
	}
	if n%50 == 0 {
		if _, err := remote.Pause(ctx, "p"); err != nil {
			return err
		}
		if _, err := remote.Resume(ctx, "p"); err != nil {
			return err
		}
	}
	p, err := remote.Pipeline(ctx, "p")
	if err != nil {
		return err
	}
	e := p.Events
	if sum := e.Delivered + e.Dropped + e.Filtered + e.DeadLettered + e.Abandoned; e.Consumed < sum {
		return fmt.Errorf("%d consumed, and %d ended", e.Consumed, sum)
	}
	return nil
}

// What the API shows of a pipeline is what its configuration and its counters say.
func TestPipelineDetail(t *testing.T) {
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 1}, broker.Topic{Name: "heavy", Partitions: 1}, broker.Topic{Name: "dead", Partitions: 1})
	h := loaded(t, fmt.Sprintf(`
connections: {main: {bootstrap_servers: %q}}
pipelines:
  p:
    source: {topic: in, group_id: g}
    processors:
      - {name: some, key_filter: {keys: [a]}}
      - {name: route, module: "builtin:topic-selector", on_error: dead_letter}
    sink: {}
    dead_letter: dead
`, b.Addr()))
	for key, value := range map[string]string{"a": `{"weight":99}`, "b": `{}`} {
		if err := client.Produce(t.Context(), broker.Record{Topic: "in", Key: []byte(key), Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Produce(t.Context(), broker.Record{Topic: "in", Key: []byte("a"), Value: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	remote, err := api.Dial(api.ClientConfig{Address: served(t, h).Addr()})
	if err != nil {
		t.Fatal(err)
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), drain) }()
	var got *api.PipelineDetail
	for {
		if got, err = remote.Pipeline(t.Context(), "p"); err != nil {
			t.Fatal(err)
		}
		if got.Events.Delivered+got.Events.Filtered+got.Events.DeadLettered == 3 && got.Lag.Records == 0 && len(got.Sources[0].Partitions) == 1 {
			break
		}
	}
	close(drain)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	got.Since = time.Time{}
	if len(got.Processors) == 3 { // what is other at each run
		got.Processors[0].Seconds, got.Processors[1].Seconds, got.Processors[1].Fuel = 0, 0, 0
	}
	digest := got.Processors[1].Digest
	want := &api.PipelineDetail{
		Pipeline: api.Pipeline{Name: "p", State: "running", Health: api.Up, Events: api.Events{Consumed: 3, Delivered: 1, Filtered: 1, DeadLettered: 1}},
		Delivery: "at_least_once", DeadLetter: "dead",
		Sources: []api.Source{{Connection: "main", Group: "g", Topics: []string{"in"}, Rebalances: 1, Partitions: []api.PartitionLag{{Topic: "in"}}}},
		Processors: []api.Processor{
			{Name: "some", Kind: "key_filter", Filtered: 1, Failed: map[string]uint64{}},
			{Name: "route", Kind: "module", Module: "builtin:topic-selector", Digest: digest, Failed: map[string]uint64{"reject": 1}, Instances: 1},
			{Name: "sink", Kind: "sink", Failed: map[string]uint64{}},
		},
		Sink: api.Sink{Connection: "main", Produced: map[string]uint64{"heavy": 1, "dead": 1}},
		Held: api.Held{MaxRecords: 50000, MaxBytes: 64 << 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(digest) != len("sha256:")+64 {
		t.Errorf("digest %q", digest)
	}
}

// The errors of the host that the API knows are its own problems.
func TestRefusals(t *testing.T) {
	h := loaded(t, "connections: {main: {bootstrap_servers: k}}\npipelines: {p: {source: {topic: in, group_id: g}, sink: {topic: out}}}\n")
	for name, tt := range map[string]struct {
		err    error
		status int
	}{
		"pause":                        {h.API().Pause(t.Context(), "q"), http.StatusNotFound},
		"resume":                       {h.API().Resume(t.Context(), "q"), http.StatusNotFound},
		"clear-error":                  {h.API().ClearError(t.Context(), "q"), http.StatusNotFound},
		"clear-error where none has a": {h.API().ClearError(t.Context(), "p"), http.StatusConflict},
	} {
		var refused *api.Error
		if !errors.As(tt.err, &refused) || refused.Status() != tt.status {
			t.Errorf("%s: error %v, want one of status %d", name, tt.err, tt.status)
		}
	}
}
