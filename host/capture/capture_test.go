package capture_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
)

// everything is events of all shapes.
func everything() []event.Event {
	return []event.Event{
		{Partition: event.AnyPartition},
		{Value: []byte{}, Key: []byte{0xff}, From: &event.Partition{Topic: "t", Number: 3}, Offset: 7, Origin: 1, Partition: 2, Topic: "chosen",
			Timestamp: 5, Stamped: true, Headers: []event.Header{{Name: "\xff", Value: nil}, {Name: "", Value: []byte{}}},
			Context: []event.Pair{{Name: "n"}, {Name: "i", Value: event.Value{Kind: event.Int, Num: 1<<64 - 1}}, {Name: "b", Value: event.Value{Kind: event.Bytes, Data: []byte{1}}}}},
	}
}

func keep(t *testing.T, f *capture.Folder, b *capture.Batch, now time.Time) string {
	t.Helper()
	file, err := f.Keep(b, now)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestKeep reads back what was kept, to the byte.
func TestKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "captured")
	f, err := capture.NewFolder(capture.Config{Dir: dir, Max: 3})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := capture.Digest(everything())
	if err != nil {
		t.Fatal(err)
	}
	failures := []capture.Failure{{Index: 1, Class: event.Trap, Message: "weir_process: unreachable\n    at f"}}
	b := &capture.Batch{
		Module: "m.wasm", Digest: "d", Pipeline: "p/q", Processor: "..", Config: []byte(`{"a":1}`), Time: 5,
		Events: capture.FromEvents(everything()), Failures: failures, Outputs: digest,
	}
	file := keep(t, f, b, time.Unix(1, 0))
	if want := "p_q.__.19700101T000001.000000000Z.json"; filepath.Base(file) != want {
		t.Errorf("file %s, want %s", file, want)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, file: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %#o, want %#o", path, info.Mode().Perm(), want)
		}
	}
	got, err := capture.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, got); diff != "" {
		t.Errorf("read (-kept +read):\n%s", diff)
	}
	if diff := cmp.Diff(everything(), capture.ToEvents(got.Events)); diff != "" {
		t.Errorf("events (-kept +read):\n%s", diff)
	}
	same := func(outputs []event.Event, failures ...capture.Failure) bool {
		t.Helper()
		ok, err := got.Same(outputs, failures)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	other := failures[0]
	other.Message = "weir_process: unreachable\n    at f (f.rs:1:1)"
	if !same(everything(), other) {
		t.Error("another stack is not the same")
	}
	other.Message = "weir_process: stack overflow"
	if same(everything(), other) || same(everything()) || same(everything()[:1], failures[0]) {
		t.Error("what is not the same is")
	}
}

// TestBounds keeps the newest, of each processor its own, and not too often.
func TestBounds(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := capture.NewFolder(capture.Config{Dir: dir, Max: 2})
	if err != nil {
		t.Fatal(err)
	}
	events := capture.FromEvents(everything())
	for i := range int64(4) {
		for _, processor := range []string{"a", "ab"} {
			keep(t, f, &capture.Batch{Pipeline: "p", Processor: processor, Events: events}, time.Unix(i, 0))
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range []string{"p.a.", "p.ab."} {
		for i := 2; i < 4; i++ {
			want = append(want, filepath.Join(dir, fmt.Sprintf("%s19700101T00000%d.000000000Z.json", name, i)))
		}
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("files (-want +left):\n%s", diff)
	}
	var due []bool
	for _, at := range []time.Duration{0, capture.Interval - 1, capture.Interval, capture.Interval + 1} {
		due = append(due, f.Due(time.Unix(0, 0).Add(at)))
	}
	if diff := cmp.Diff([]bool{true, false, true, false}, due); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := capture.NewFolder(capture.Config{Dir: dir, Max: 1}); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a folder that others can read: %v", err)
	}
	if _, err := capture.NewFolder(capture.Config{Dir: os.Args[0], Max: 1}); err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Errorf("a file: %v", err)
	}
	for text, want := range map[string]string{
		"":                             "is not a captured batch",
		"{}":                           "is not a captured batch of version 1",
		`{"version":2,"events":[{}]}`:  "is not a captured batch of version 1",
		`{"version":1,"events":["x"]}`: "is not a captured batch",
	} {
		file := filepath.Join(dir, "f.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := capture.Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
