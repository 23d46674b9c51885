package kafkatest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// weir is the binary that all tests of the package share.
var weir struct {
	once sync.Once
	dir  string
	err  error
}

// Weir builds the weir binary, once for all tests of the package, and returns
// its path.
func Weir(tb testing.TB) string {
	tb.Helper()
	weir.once.Do(func() {
		if weir.dir, weir.err = os.MkdirTemp("", "weir-bin-"); weir.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", weir.dir, "github.com/weirhq/weir/host/cmd/weir")
		if out, err := build.CombinedOutput(); err != nil {
			weir.err = fmt.Errorf("build weir: %w\n%s", err, out)
		}
	})
	if weir.err != nil {
		tb.Fatal(weir.err)
	}
	return filepath.Join(weir.dir, "weir")
}

func removeWeir() {
	if weir.dir == "" {
		return
	}
	if err := os.RemoveAll(weir.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Process is a child process under test. Its methods are safe for use from
// several goroutines.
type Process struct {
	cmd    *exec.Cmd
	output lockedBuffer
	exited chan struct{}
}

// Start runs a program whose standard output and error are collected
// together. A process that still runs when the test ends is killed; its output
// is shown when the test failed.
func Start(tb testing.TB, path string, args ...string) *Process {
	tb.Helper()
	p := &Process{cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", path, err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is read from ProcessState
		close(p.exited)
	}()
	tb.Cleanup(func() {
		if !p.Exited() {
			p.Kill(tb)
		}
		if tb.Failed() {
			tb.Logf("output of %s %s (pid %d):\n%s", filepath.Base(path), strings.Join(args, " "), p.cmd.Process.Pid, p.Output())
		}
	})
	return p
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill sends SIGKILL, as a crash would, and waits until the process is gone.
func (p *Process) Kill(tb testing.TB) {
	tb.Helper()
	p.signal(tb, syscall.SIGKILL)
	<-p.exited
}

// Terminate sends SIGTERM, which asks weir to drain, and returns at once.
func (p *Process) Terminate(tb testing.TB) {
	tb.Helper()
	p.signal(tb, syscall.SIGTERM)
}

// HangUp asks the process to read its configuration again.
func (p *Process) HangUp(tb testing.TB) {
	tb.Helper()
	p.signal(tb, syscall.SIGHUP)
}

// Pause sends SIGSTOP: the process does nothing any more, and does not know.
func (p *Process) Pause(tb testing.TB) {
	tb.Helper()
	p.signal(tb, syscall.SIGSTOP)
}

// Proceed sends SIGCONT, after which a paused process goes on.
func (p *Process) Proceed(tb testing.TB) {
	tb.Helper()
	p.signal(tb, syscall.SIGCONT)
}

func (p *Process) signal(tb testing.TB, s syscall.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		tb.Fatalf("signal %v to pid %d: %v; its output:\n%s", s, p.cmd.Process.Pid, err, p.Output())
	}
}

// Wait waits until the process has ended by itself and returns its exit code;
// -1 is an end by a signal. One that takes longer is asked for its goroutines,
// which end it and stand in its output.
func (p *Process) Wait(tb testing.TB, within time.Duration) int {
	tb.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-timer.C:
		p.signal(tb, syscall.SIGQUIT)
		<-p.exited
		tb.Fatalf("pid %d still runs after %v", p.cmd.Process.Pid, within)
		return -1
	}
}

// Exited tells whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Output is what the process has printed so far.
func (p *Process) Output() string { return p.output.String() }

// lockedBuffer is a buffer that a process's copier writes while tests read.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
