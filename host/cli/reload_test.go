package cli

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestHangUpReloads(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SIGHUP is ignored here, as under nohup")
	}
	called := make(chan struct{})
	stop := reloadTriggers{hangUp: true}.start(t.Context(), func(_ context.Context, asked bool) {
		if !asked {
			t.Error("a signal counts as a change of a file")
		}
		called <- struct{}{}
	})
	for range 2 {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		<-called
	}
	stop()
}

// TestFileWatch: a change counts when it has stood for one look, a file that is
// away for a moment is none, and each change counts once.
func TestFileWatch(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.wasm")
	write := func(text string, minute int) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 1, 31, 12, minute, 0, 0, time.UTC)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("one", 0)
	w := newFileWatch([]string{file})
	look := func(what string, want bool) {
		t.Helper()
		if got := w.changed(); got != want {
			t.Errorf("%s: changed %v", what, got)
		}
	}
	look("as it was", false)
	write("on", 1)
	look("being written", false)
	write("two", 1)
	look("still", false)
	look("written", true)
	look("known", false)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	look("away", false)
	look("still away", false)
	write("two", 1)
	look("back as it was", false)
	write("two", 2)
	look("the same size at another time", false)
	look("stood", true)
	write("three", 3)
	w.look()
	look("known by a look", false)
	look("known by a look", false)
}
