package tenant

import (
	"context"
	"sync"
	"time"
)

// bucket bounds an amount to a rate. What is taken may go below zero: who took
// more than there was waits longer afterwards, and the average holds. A bucket
// without a rate bounds nothing.
type bucket struct {
	mu     sync.Mutex
	rate   float64 // a second; 0 is unlimited
	burst  float64 // the most that gathers
	level  float64
	last   time.Time
	waited time.Duration
}

// set gives the bucket a rate. A new one is full.
func (b *bucket) set(rate, burst float64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate == 0 {
		b.level, b.last = burst, now
	}
	b.fill(now)
	b.rate, b.burst = rate, burst
	b.level = min(b.level, burst)
}

// fill brings the level up to now. The lock is held.
func (b *bucket) fill(now time.Time) {
	if d := now.Sub(b.last); d > 0 {
		b.level = min(b.burst, b.level+b.rate*d.Seconds())
		b.last = now
	}
}

// take takes n, whatever there is.
func (b *bucket) take(n float64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate > 0 {
		b.fill(now)
		b.level -= n
	}
}

// try takes one if there is one.
func (b *bucket) try(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate == 0 {
		return true
	}
	b.fill(now)
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}

// until is how long it takes until there is something, 0 when there is.
func (b *bucket) until(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate == 0 {
		return 0
	}
	b.fill(now)
	if b.level > 0 {
		return 0
	}
	return max(time.Duration(-b.level/b.rate*float64(time.Second)), time.Millisecond)
}

// await waits until there is something, or ctx ends.
func (b *bucket) await(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		wait := b.until(began)
		if wait == 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		b.mu.Lock()
		b.waited += time.Since(began)
		b.mu.Unlock()
	}
}

// waits is how long await has waited so far, summed over its callers.
func (b *bucket) waits() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waited
}
