package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/telemetry"
)

// ward is a host that runs, for as long as a test.
type ward struct {
	t      *testing.T
	host   *host.Host
	client *broker.Client
	file   string // of the module
	drain  chan struct{}
	ended  chan error
}

// startWard runs a configuration, in which BROKER and MODULE stand for those.
func startWard(t *testing.T, opts host.Options, module []byte, text string, topics ...broker.Topic) *ward {
	t.Helper()
	b, client := brokertest.Start(t, topics...)
	w := &ward{t: t, client: client, file: filepath.Join(t.TempDir(), "m.wasm"), drain: make(chan struct{}), ended: make(chan error, 1)}
	w.module(module)
	text = strings.NewReplacer("BROKER", b.Addr(), "MODULE", w.file).Replace(text)
	var err error
	if w.host, err = host.New(t.Context(), specOf(t, text), opts); err != nil {
		t.Fatal(err)
	}
	go func() { w.ended <- w.host.Run(context.WithoutCancel(t.Context()), w.drain) }()
	return w
}

func (w *ward) module(module []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.file, module, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) send(topic string, values ...string) {
	w.t.Helper()
	for _, value := range values {
		if err := w.client.Produce(w.t.Context(), broker.Record{Topic: topic, Value: []byte(value)}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// await waits until a pipeline is in a state after so many restarts.
func (w *ward) await(pipeline int, state telemetry.State, restarts uint64) host.PipelineStatus {
	w.t.Helper()
	var s host.PipelineStatus
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if s = w.host.Pipelines()[pipeline]; s.State == state && s.Restarts == restarts {
			return s
		}
	}
	w.t.Fatalf("after %d restarts pipeline %s is %s, want %d and %s", s.Restarts, s.Name, s.State, restarts, state)
	return s
}

// awaitDelivered waits until a pipeline has delivered so many events.
func (w *ward) awaitDelivered(pipeline int, count uint64) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if w.host.Samples()[pipeline].Delivered >= count {
			return
		}
	}
	w.t.Fatalf("%d events are never delivered", count)
}

// stop drains, closes the host, and returns what Run returned.
func (w *ward) stop() error {
	w.t.Helper()
	close(w.drain)
	return w.over()
}

func (w *ward) over() error {
	w.t.Helper()
	var err error
	select {
	case err = <-w.ended:
	case <-time.After(30 * time.Second):
		w.t.Fatal("Run does not return")
	}
	if err := w.host.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
	return err
}

// holds compares the values of a topic of one partition.
func (w *ward) holds(topic string, want ...string) {
	w.t.Helper()
	var got []string
	if err := w.client.Read(w.t.Context(), []string{topic}, func(r *broker.Record) { got = append(got, string(r.Value)) }); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("topic %s (-want +got)\n%s", topic, diff)
	}
}

// TestClearError stops the only pipeline of a host by a bad event, in vain and
// then with a better module. Its group begins at the end of the log and has
// committed nothing when the first event stops it.
func TestClearError(t *testing.T) {
	for _, delivery := range []string{"at_least_once", "exactly_once"} {
		t.Run(delivery, func(t *testing.T) {
			w := startWard(t, host.Options{Stay: true}, wasmtest.TrapOn('x').Bytes(), `
connections: {main: {bootstrap_servers: "BROKER"}}
pipelines:
  p:
    delivery: `+delivery+`
    source: {topic: in, group_id: g, auto_offset_reset: latest}
    processors: [{name: step, module: MODULE}]
    sink: {topic: out}
`, broker.Topic{Name: "in", Partitions: 1}, broker.Topic{Name: "out", Partitions: 1})
			w.await(0, telemetry.Running, 0)
			if err := w.host.ClearError(t.Context(), "p"); !errors.Is(err, host.ErrNotStopped) || err.Error() != "pipeline p is not stopped by a failure: it is running" {
				t.Errorf("ClearError of a pipeline that runs gives %v", err)
			}
			w.awaitPosition()
			w.send("in", "x1", "a2")
			s := w.await(0, telemetry.Stopped, 0)
			want := &host.Stop{Class: "trap", Processor: "step", Event: &host.EventPlace{Topic: "in"}}
			if diff := cmp.Diff(want, s.Stop, cmpopts.IgnoreFields(host.Stop{}, "Message")); diff != "" || s.Reason != s.Stop.Message || !strings.Contains(s.Reason, "on_error: stop") {
				t.Errorf("reason %q, stop (-want +got)\n%s", s.Reason, diff)
			}
			if h := w.host.Health()[0]; h.State != "stopped" || h.Health != admin.Down || h.Reason != s.Reason {
				t.Errorf("health %+v", h)
			}
			if cleared, err := w.host.ClearErrors(t.Context()); err != nil || len(cleared) != 1 {
				t.Fatalf("cleared %v, %v", cleared, err)
			}
			if s = w.await(0, telemetry.Stopped, 1); s.Stop.Event.Offset != 0 {
				t.Errorf("after the same module again it is stopped at %+v", s.Stop.Event)
			}
			w.module(wasmtest.SetByte('b').Bytes())
			if done, err := w.host.Reload(t.Context()); err != nil || !done.Changed() {
				t.Fatalf("reload of a stopped pipeline: %v, %v", done, err)
			}
			if err := w.host.ClearError(t.Context(), "p"); err != nil {
				t.Fatal(err)
			}
			w.awaitDelivered(0, 2)
			if s = w.await(0, telemetry.Running, 2); s.Stop != nil || s.Reason != "" {
				t.Errorf("a pipeline that goes on says %+v", s)
			}
			if cleared, err := w.host.ClearErrors(t.Context()); err != nil || len(cleared) > 0 {
				t.Errorf("cleared %v, %v, though nothing is stopped", cleared, err)
			}
			if err := w.stop(); err != nil {
				t.Error(err)
			}
			w.holds("out", "b1", "b2")
			if s := w.host.Samples()[0]; s.Delivered != 2 || s.Abandoned < 2 || s.Consumed != s.Delivered+s.Abandoned {
				t.Errorf("the books do not go on: %+v", s)
			}
		})
	}
}

// awaitPosition waits until the source knows where it begins.
func (w *ward) awaitPosition() {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if len(w.host.Samples()[0].Lags) > 0 {
			return
		}
	}
	w.t.Fatal("the source never learns where it begins")
}

const twoPipelines = `
connections: {main: {bootstrap_servers: "BROKER"}}
pipelines:
  a: {source: {topic: a, group_id: a}, processors: [{module: MODULE}], sink: {topic: out}}
  b: {source: {topic: b, group_id: b}, processors: [{module: MODULE}], sink: {topic: out}}
`

func startTwo(t *testing.T, opts host.Options) *ward {
	t.Helper()
	return startWard(t, opts, wasmtest.TrapOn('x').Bytes(), twoPipelines,
		broker.Topic{Name: "a", Partitions: 1}, broker.Topic{Name: "b", Partitions: 1}, broker.Topic{Name: "out", Partitions: 1})
}

// TestRunEndsWithTheLast clears the error of one pipeline as long as another
// runs; when no pipeline runs any more, Run returns.
func TestRunEndsWithTheLast(t *testing.T) {
	w := startTwo(t, host.Options{})
	w.send("a", "x")
	w.await(0, telemetry.Stopped, 0)
	if err := w.host.ClearError(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	w.await(0, telemetry.Stopped, 1)
	w.send("b", "x")
	err := w.over()
	var stopped *host.StoppedError
	if !errors.As(err, &stopped) || fmt.Sprint(stopped.Pipelines) != "[a b]" {
		t.Errorf("Run returns %v", err)
	}
	if err := w.host.ClearError(t.Context(), "a"); err == nil || err.Error() != "pipeline a: the host ends" {
		t.Errorf("ClearError after the end gives %v", err)
	}
}

// TestRunStays keeps a host with stopped pipelines until it is told to drain.
func TestRunStays(t *testing.T) {
	w := startTwo(t, host.Options{Stay: true})
	w.send("a", "x")
	w.send("b", "x")
	w.await(0, telemetry.Stopped, 0)
	w.await(1, telemetry.Stopped, 0)
	if cleared, err := w.host.ClearErrors(t.Context()); err != nil || fmt.Sprint(cleared) != "[a b]" {
		t.Fatalf("cleared %v, %v", cleared, err)
	}
	w.await(0, telemetry.Stopped, 1)
	w.await(1, telemetry.Stopped, 1)
	select {
	case err := <-w.ended:
		t.Fatalf("Run returns %v before it is told to drain", err)
	default:
	}
	var stopped *host.StoppedError
	if err := w.stop(); !errors.As(err, &stopped) || fmt.Sprint(stopped.Pipelines) != "[a b]" {
		t.Errorf("Run returns %v", err)
	}
}

// TestClearErrorOfManyAtOnce clears one error by several callers: one of them does, and
// nobody waits for the next failure.
func TestClearErrorOfManyAtOnce(t *testing.T) {
	w := startTwo(t, host.Options{Stay: true})
	w.send("a", "x")
	w.await(0, telemetry.Stopped, 0)
	w.module(wasmtest.SetByte('b').Bytes())
	if _, err := w.host.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	results := make(chan error)
	for range 8 {
		go func() { results <- w.host.ClearError(t.Context(), "a") }()
	}
	cleared := 0
	for range 8 {
		switch err := <-results; {
		case err == nil:
			cleared++
		case !errors.Is(err, host.ErrNotStopped):
			t.Error(err)
		}
	}
	if cleared != 1 {
		t.Errorf("%d of 8 have cleared the one error", cleared)
	}
	w.awaitDelivered(0, 1)
	w.await(0, telemetry.Running, 1)
	if err := w.stop(); err != nil {
		t.Error(err)
	}
}

// TestClearErrorOfSink stops a pipeline because its target does not exist. Nothing
// of it was committed, and its group begins at the end of the log: it still goes
// on at the event that could not be written.
func TestClearErrorOfSink(t *testing.T) {
	w := startWard(t, host.Options{Stay: true}, nil, `
connections: {main: {bootstrap_servers: "BROKER"}}
topics: {on_start: off}
pipelines:
  p:
    source: {topic: in, group_id: g, auto_offset_reset: latest}
    sink: {topic: out, topic.metadata.propagation.max.ms: 500}
`, broker.Topic{Name: "in", Partitions: 1})
	w.await(0, telemetry.Running, 0)
	w.awaitPosition()
	w.send("in", "1")
	if s := w.await(0, telemetry.Stopped, 0); s.Stop.Event != nil || !strings.Contains(s.Reason, "topic out") {
		t.Errorf("stopped by %+v", s.Stop)
	}
	w.send("in", "2")
	if err := w.client.CreateTopic(t.Context(), broker.Topic{Name: "out", Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.host.ClearError(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	w.awaitDelivered(0, 2)
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	w.holds("out", "1", "2")
}
