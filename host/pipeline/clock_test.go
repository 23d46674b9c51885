package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/clocktest"
)

// TestClockJumpStopsNothing sets the clock while a batch is in the processors: it
// is not older for that.
func TestClockJumpStopsNothing(t *testing.T) {
	p := New(Config{StuckAfter: time.Minute}, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &life{p: p, ctx: ctx, stopping: make(chan struct{})}
	busy := newWorker(&lane{p: p, life: l, partition: &event.Partition{Topic: "in"}})
	began := time.Now()
	busy.busy.Store(p.clock.ticks(began))
	for _, by := range []time.Duration{time.Hour, -time.Hour, 24 * time.Hour} {
		l.look(clocktest.Jump(began.Add(time.Second), by))
		if failure := p.Status().Failure; failure != nil {
			t.Errorf("the clock jumped by %v: %v", by, failure)
		}
	}
	l.look(clocktest.Jump(began.Add(time.Minute), -time.Hour))
	if p.Status().Failure == nil {
		t.Error("a batch of a minute is not found when the clock was set back")
	}
}

// TestClockJumpMovesNoWindow sets the clock while the breaker counts.
func TestClockJumpMovesNoWindow(t *testing.T) {
	b := breaker{clock: newClock()}
	b.bound(Breaker{Share: 0.5, Window: time.Minute, Least: 10})
	now := time.Now()
	for i, by := range []time.Duration{0, time.Hour, -time.Hour, 0} {
		err := b.note(clocktest.Jump(now.Add(time.Duration(i)*time.Second), by), 3, 3)
		if tripped := err != nil; tripped != (i == 3) {
			t.Errorf("after %d of 12 events: %v", 3*(i+1), err)
		}
	}
}
