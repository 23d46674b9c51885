package trial_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// captured has a processor of a pipeline fail on a batch, and reads what it
// kept. There is no file when nothing was kept.
func captured(t *testing.T, events []event.Event) (file string, logs *observer.ObservedLogs) {
	t.Helper()
	ctx := context.Background()
	core, logs := observer.New(zap.InfoLevel)
	dir := filepath.Join(t.TempDir(), "captured")
	folder, err := capture.NewFolder(capture.Config{Dir: dir, Max: 5})
	if err != nil {
		t.Fatal(err)
	}
	loader, err := plugin.NewLoader(ctx, plugin.Options{Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close(ctx)
	p, err := loader.Load(ctx, obedient)
	if err != nil {
		t.Fatal(err)
	}
	proc, err := p.Open(ctx, plugin.Config{Pipeline: "orders", Processor: "obey", Config: []byte(`{"log": "hello"}`), Capture: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close(ctx)
	failed := 0
	out, err := proc.Process(ctx, events, nil, func(int, *event.Failure) { failed++ })
	if err != nil || len(out)+failed < len(events) {
		t.Fatalf("%d outputs, %d failures, error %v", len(out), failed, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) > 1 {
		t.Fatalf("files %q, error %v", files, err)
	}
	return strings.Join(files, ""), logs
}

func eventsOf(values ...string) []event.Event {
	events := make([]event.Event, len(values))
	for i, v := range values {
		events[i] = event.Event{
			Value: []byte(v), From: &event.Partition{Topic: "orders", Number: 2}, Offset: int64(i), Origin: int32(i), Partition: event.AnyPartition,
			Context: []event.Pair{{Name: "n", Value: event.Value{Kind: event.Int, Num: 5}}},
		}
	}
	return events
}

// TestReplay runs a batch again in which one event made the module trap: the
// time, which is in an output, and all else are the same.
func TestReplay(t *testing.T) {
	file, logs := captured(t, eventsOf("pass", "now", "log warn low; trap on purpose", "reject no reason", "emit; show"))
	if logs.FilterMessageSnippet("a batch that failed is kept").Len() != 1 {
		t.Errorf("the log does not tell of the file: %v", logs.All())
	}
	b, err := capture.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, obedient)
	r, err := m.Replay(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Same {
		t.Errorf("outputs %+v and failures %+v are not those of %+v", r.Outputs, r.Failures, b)
	}
	if len(r.Failures) != 2 || r.Failures[0].Class != event.Trap || r.Failures[1].Message != "no reason" || r.Logs[0].Message != "hello: orders obey" {
		t.Errorf("failures %+v, logs %+v", r.Failures, r.Logs)
	}
	b.Time += int64(time.Second)
	if r, err = m.Replay(t.Context(), b); err != nil || r.Same {
		t.Errorf("another time gives the same %v, error %v", r.Same, err)
	}
	b.Config = []byte(`{"refuse": "no"}`)
	if _, err := m.Replay(t.Context(), b); err == nil {
		t.Error("a config that is refused is not told")
	}
}

// TestNotCaptured keeps no batch of which events were merely rejected.
func TestNotCaptured(t *testing.T) {
	if file, _ := captured(t, eventsOf("pass", "reject no reason")); file != "" {
		t.Errorf("kept in %s", file)
	}
}
