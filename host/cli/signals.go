package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// errCut is the cause of a context that a second signal ended.
var errCut = errors.New("cut by a second signal")

// What is said at the first signal, and at the second.
const (
	stopping = "stopping: what is in flight is finished first; a second signal cuts it off"
	cutting  = "cutting off what is in flight; a third signal ends the process on the spot"
)

// together is how close signals are that are one wish: timeout(1) and others
// signal a process and then its group, and a wrapper passes on the Ctrl-C that
// the terminal has sent to all.
const together = 250 * time.Millisecond

// tell says something to who sits in front of the command.
func (a *app) tell(message string) { writeLine(a.err, "%s", message) }

// stopSignals turns SIGINT and SIGTERM into the two ways to stop, and with
// hangUp SIGHUP too, which a terminal sends that goes away: the first one is told, and closes drain, the second one ends ctx. A third does
// what it does by itself: some waits of the Kafka client know no context. A log
// whose reader has gone away does not stop what goes on. release gives the
// signals back and must be called.
func stopSignals(parent context.Context, hangUp bool, tell func(string)) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	stops := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if hangUp && !signal.Ignored(syscall.SIGHUP) { // as under nohup
		stops = append(stops, syscall.SIGHUP)
	}
	signals := make(chan os.Signal, len(stops))
	signal.Notify(signals, stops...)
	signal.Ignore(syscall.SIGPIPE)
	first, done := make(chan struct{}), make(chan struct{})
	go watchSignals(signals, done, func() {
		tell(stopping)
		close(first)
	}, func() {
		signal.Stop(signals)
		tell(cutting)
		cancel(errCut)
	})
	return ctx, first, func() {
		signal.Stop(signals)
		signal.Reset(syscall.SIGPIPE)
		close(done)
		cancel(context.Canceled)
	}
}

// watchSignals calls first and then second, each for one wish to stop, until
// done is closed.
func watchSignals(signals <-chan os.Signal, done <-chan struct{}, first, second func()) {
	select {
	case <-signals:
		first()
	case <-done:
		return
	}
	for same := time.After(together); ; {
		select {
		case <-signals:
			if same == nil {
				second()
				return
			}
		case <-same:
			same = nil
		case <-done:
			return
		}
	}
}

// onSignals calls do, one call after the other, whenever one of the signals comes,
// until stop is called, which waits for a call that is under way.
func onSignals(ctx context.Context, signals []os.Signal, do func(context.Context)) (stop func()) {
	if len(signals) == 0 { // for Notify that would be all there are
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	came := make(chan os.Signal, 1)
	signal.Notify(came, signals...)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-came:
				do(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
		signal.Stop(came)
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
