package cli

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testApp() (*app, *bytes.Buffer, *bytes.Buffer) {
	var out, err bytes.Buffer
	return &app{out: &terminal{Writer: &out}, err: &terminal{Writer: &err}}, &out, &err
}

func TestFirstSignalDrains(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			if sig == syscall.SIGHUP && signal.Ignored(sig) {
				t.Skip("the tests run under nohup, and so would weir: it leaves SIGHUP ignored")
			}
			a, _, stderr := testApp()
			ctx, drain, release := stopSignals(context.Background(), true, a.tell)
			defer release()
			if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
				t.Fatal(err)
			}
			<-drain
			if ctx.Err() != nil {
				t.Errorf("the first signal cut: %v", context.Cause(ctx))
			}
			if got, want := stderr.String(), stopping+"\n"; got != want {
				t.Errorf("stderr %q, want %q", got, want)
			}
		})
	}
}

func TestBrokenPipeStopsNothing(t *testing.T) {
	gone, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd := exec.Command("weir", "broker", "--listen", "127.0.0.1:0")
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("a broker whose standard error nobody reads: %v", err)
	}
}

func TestSecondWishCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals, done := make(chan os.Signal), make(chan struct{})
		var told []string
		go watchSignals(signals, done,
			func() { told = append(told, "drain") }, func() { told = append(told, "cut") })
		send := func(want ...string) {
			t.Helper()
			signals <- syscall.SIGTERM
			synctest.Wait()
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		send("drain")
		send("drain") // of the same wish
		time.Sleep(together / 2)
		send("drain")
		time.Sleep(together)
		send("drain", "cut")
	})
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
