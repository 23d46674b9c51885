package cli

import (
	"net"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	told := func(want string) {
		t.Helper()
		buf := make([]byte, 100)
		n, err := systemd.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("systemd was told %q (%v), want %q", buf[:n], err, want)
		}
	}
	drain := make(chan struct{})
	end := notifyRun(zap.NewNop(), drain)
	told("READY=1")
	close(drain)
	told("STOPPING=1")
	end()
}

// TestNotifyNobody: a socket that is gone is a warning, and none is nothing.
func TestNotifyNobody(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	notifyRun(zap.New(core), nil)()
	if got := logs.FilterMessage("systemd cannot be told").Len(); got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
	t.Setenv("NOTIFY_SOCKET", "")
	notifyRun(zap.New(core), nil)()
	if got := logs.Len(); got != 1 {
		t.Errorf("%d lines are logged, want 1", got)
	}
}
