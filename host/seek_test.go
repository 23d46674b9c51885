package host_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/kafka"
)

// TestSeek moves pipelines: one that is paused, back and forth, and one that a
// failure stopped, behind the guilty event.
func TestSeek(t *testing.T) {
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 1}, broker.Topic{Name: "strict", Partitions: 1},
		broker.Topic{Name: "out", Partitions: 1}, broker.Topic{Name: "light", Partitions: 1})
	spec := specOf(t, fmt.Sprintf(`
connections: {main: {bootstrap_servers: %q}}
pipelines:
  copy: {source: {topic: in, group_id: copy}, sink: {topic: out}}
  strict: {source: {topic: strict, group_id: strict}, processors: [{module: "builtin:topic-selector"}], sink: {}}
`, b.Addr()))
	h, err := host.New(t.Context(), spec, host.Options{Stay: true})
	if err != nil {
		t.Fatal(err)
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), drain) }()
	for topic, values := range map[string][]string{"in": {"a", "b", "c"}, "strict": {`{"weight":1}`, `{}`, `{"weight":2}`}} {
		for _, value := range values {
			if err := client.Produce(t.Context(), broker.Record{Topic: topic, Value: []byte(value)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	await := func(pipeline, want string) {
		t.Helper()
		var got string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			for _, s := range h.Samples() {
				if s.Pipeline == pipeline {
					got = fmt.Sprintf("%s %d", s.State, s.Delivered)
				}
			}
			if got == want {
				return
			}
		}
		t.Fatalf("%s is %s, want %s", pipeline, got, want)
	}
	at := func(text string) kafka.Start {
		start, err := kafka.ParseStart(text)
		if err != nil {
			t.Fatal(err)
		}
		return start
	}
	await("copy", "running 3")
	await("strict", "stopped 1")
	if err := h.Seek(t.Context(), "copy", at("earliest")); !errors.Is(err, host.ErrNotPaused) || !strings.Contains(err.Error(), "it is running") {
		t.Errorf("seek of one that runs: %v", err)
	}
	if err := h.Seek(t.Context(), "cop", at("earliest")); !errors.Is(err, host.ErrNoPipeline) {
		t.Errorf("seek of none: %v", err)
	}
	for _, step := range []struct{ to, then string }{{"1", "5"}, {"latest", "5"}, {"earliest", "8"}} {
		if err := errors.Join(h.Pause(t.Context(), "copy"), h.Seek(t.Context(), "copy", at(step.to))); err != nil {
			t.Fatal(err)
		}
		await("copy", "paused "+map[string]string{"1": "3", "latest": "5", "earliest": "5"}[step.to])
		if err := h.Resume("copy"); err != nil {
			t.Fatal(err)
		}
		await("copy", "running "+step.then)
	}
	if err := h.Seek(t.Context(), "strict", at("2")); err != nil {
		t.Fatal(err)
	}
	await("strict", "stopped 1")
	if err := h.ClearError(t.Context(), "strict"); err != nil {
		t.Fatal(err)
	}
	await("strict", "running 2")

	// Another process is a member: nothing moves, and the pipeline is in its group
	// again.
	other, err := host.New(t.Context(), spec, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stopOther, otherEnded := make(chan struct{}), make(chan error, 1)
	if err := h.Pause(t.Context(), "copy"); err != nil {
		t.Fatal(err)
	}
	go func() { otherEnded <- other.Run(t.Context(), stopOther) }()
	for other.Pipelines()[0].State != "running" {
		time.Sleep(5 * time.Millisecond)
	}
	if err := h.Seek(t.Context(), "copy", at("earliest")); !errors.Is(err, kafka.ErrMembers) {
		t.Errorf("seek beside another member: %v", err)
	}
	close(stopOther)
	await("copy", "paused 8")
	close(drain)
	for name, err := range map[string]error{"the other": <-otherEnded, "the host": <-ended, "close": errors.Join(other.Close(context.Background()), h.Close(context.Background()))} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.Seek(t.Context(), "copy", at("1")); err == nil {
		t.Error("a host that has ended moves a pipeline")
	}
}
