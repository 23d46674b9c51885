package pipeline

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Breaker stops a pipeline in which too much fails, instead of letting it fill
// the dead-letter topic, or throw all away. The zero value never does.
type Breaker struct {
	// Share of the events of a Window, over 0 to 1, that may fail.
	Share float64
	// Window is how far back the breaker looks.
	Window time.Duration
	// Least is how many events there must have been: a few say nothing.
	Least int
}

// BreakerError says that too many events failed.
type BreakerError struct {
	Failed, Events int
	Breaker        Breaker
}

func (e *BreakerError) Error() string {
	return fmt.Sprintf("circuit breaker: %d of the %d events of the last %v failed, and at most %.3g%% may: the pipeline stops (look at the failures in the log and in the dead letters; circuit_breaker sets the bound)",
		e.Failed, e.Events, e.Breaker.Window, e.Breaker.Share*100)
}

// slots is into how many parts the window is cut: the oldest is forgotten as a
// whole.
const slots = 10

// breaker counts the events of all lanes, once a batch.
type breaker struct {
	on    atomic.Bool
	clock clock

	mu    sync.Mutex
	cfg   Breaker
	at    int64 // the number of the present slot, by the clock
	slots [slots]struct{ events, failed int }
}

// forget begins anew.
func (b *breaker) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.slots[:])
}

// bound sets other bounds; with them it begins anew.
func (b *breaker) bound(cfg Breaker) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cfg != cfg {
		b.cfg, b.at = cfg, 0 // slots of another window have other numbers
		clear(b.slots[:])
	}
	b.on.Store(cfg.Share > 0)
}

// note counts a batch and returns an error when there are too many failures.
func (b *breaker) note(now time.Time, events, failed int) error {
	if !b.on.Load() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cfg.Share <= 0 {
		return nil
	}
	at := b.clock.ticks(now) / int64(b.cfg.Window/slots)
	for ; b.at < at; b.at++ {
		if at-b.at > slots {
			b.at = at - slots
		}
		clear(b.slots[(b.at+1)%slots : (b.at+1)%slots+1])
	}
	s := &b.slots[at%slots]
	s.events += events
	s.failed += failed
	if failed == 0 {
		return nil
	}
	sum := BreakerError{Breaker: b.cfg}
	for _, s := range b.slots {
		sum.Events += s.events
		sum.Failed += s.failed
	}
	if sum.Events < b.cfg.Least || float64(sum.Failed) <= b.cfg.Share*float64(sum.Events) {
		return nil
	}
	return &sum
}
