package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// errCut is the cause of a context that a second signal ended.
var errCut = errors.New("cut by a second signal")

// stopping is what is said at the first signal.
const stopping = "stopping: what is in flight is finished first; a second signal cuts it off"

// tell says something to who sits in front of the command.
func (a *app) tell(message string) { writeLine(a.err, "%s", message) }

// stopSignals turns SIGINT and SIGTERM into the two ways to stop: the first
// one is told, and closes drain, the second one ends ctx. release gives the
// signals back and must be called.
func stopSignals(parent context.Context, tell func(string)) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	first, done := make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case <-signals:
			tell(stopping)
			close(first)
		case <-done:
			return
		}
		select {
		case <-signals:
			cancel(errCut)
		case <-done:
		}
	}()
	return ctx, first, func() {
		signal.Stop(signals)
		close(done)
		cancel(context.Canceled)
	}
}

// until is a context that also ends when stop is closed, for work that is not
// worth draining.
func until(parent context.Context, stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
