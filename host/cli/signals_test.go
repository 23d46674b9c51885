package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
)

func testApp() (*app, *bytes.Buffer, *bytes.Buffer) {
	var out, err bytes.Buffer
	return &app{out: &terminal{Writer: &out}, err: &terminal{Writer: &err}}, &out, &err
}

func TestFirstSignalDrainsSecondCuts(t *testing.T) {
	a, _, stderr := testApp()
	ctx, drain, release := stopSignals(context.Background(), a.tell)
	defer release()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-drain
	if ctx.Err() != nil {
		t.Errorf("the first signal cut: %v", context.Cause(ctx))
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, errCut) {
		t.Errorf("cause %v, want %v", err, errCut)
	}
	if got := stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "a second signal cuts it off") {
		t.Errorf("stderr %q, want one line that tells of the second signal", got)
	}
}

func TestUntilEndsWithEither(t *testing.T) {
	stop := make(chan struct{})
	ctx, cancel := until(context.Background(), stop)
	defer cancel()
	close(stop)
	<-ctx.Done()

	parent, end := context.WithCancel(context.Background())
	ctx, cancel = until(parent, make(chan struct{}))
	defer cancel()
	end()
	<-ctx.Done()
}
