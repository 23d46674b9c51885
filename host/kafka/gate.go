package kafka

import (
	"context"
	"sync"
)

// gate holds writes up while too many records wait in the sink: it shuts when
// one more batch would make them more than high, and opens when no more than low
// are left. One pause in a while costs less than many short ones.
type gate struct {
	high, low int
	waits     *waits

	mu      sync.Mutex
	opened  *sync.Cond
	records int
	shut    bool
}

// newGate makes a gate of the options, or nil when they ask for none.
func newGate(o *Options, w *waits) *gate {
	if !o.Set("watermark.low") {
		return nil
	}
	g := &gate{high: int(o.maxBuffered()), low: int(o.Int("watermark.low")), waits: w}
	g.opened = sync.NewCond(&g.mu)
	return g
}

// enter waits until the gate is open or ctx ends, and lets n records in either
// way: after the end of ctx they fail at once.
func (g *gate) enter(ctx context.Context, n int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut = g.shut || g.records > 0 && g.records+n > g.high; g.shut {
		stop := context.AfterFunc(ctx, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.opened.Broadcast()
		})
		defer stop()
		g.waits.begin()
		defer g.waits.end()
		for g.shut && ctx.Err() == nil {
			g.opened.Wait()
		}
	}
	g.records += n
}

// leave says that n records are done.
func (g *gate) leave(n int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.records -= n; g.shut && g.records <= g.low {
		g.shut = false
		g.opened.Broadcast()
	}
}
