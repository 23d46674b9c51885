package kafka

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, faults := resolve(t, Producer, "bootstrap_servers: seed", "watermark.high: 100, watermark.low: 20")
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		g := newGate(o, new(waits))
		entered := 0
		enter := func(ctx context.Context, n int) {
			go func() {
				g.enter(ctx, n)
				g.mu.Lock()
				defer g.mu.Unlock()
				entered++
			}()
			synctest.Wait()
		}
		step := func(what string, want int) {
			t.Helper()
			synctest.Wait()
			g.mu.Lock()
			defer g.mu.Unlock()
			if entered != want {
				t.Errorf("%s: %d writes entered, want %d", what, entered, want)
			}
		}
		enter(t.Context(), 150)
		step("a batch larger than all", 1)
		g.leave(150)
		enter(t.Context(), 60)
		enter(t.Context(), 40)
		step("up to high", 3)
		enter(t.Context(), 1)
		step("beyond high", 3)
		g.leave(60)
		enter(t.Context(), 1)
		step("between the marks", 3)
		g.leave(20)
		step("at low", 5)
		enter(t.Context(), 70)
		ctx, cancel := context.WithCancel(t.Context())
		enter(ctx, 50)
		step("shut again", 6)
		cancel()
		step("given up", 7)
		g.leave(20 + 2 + 70 + 50)
	})
}

func TestNoGate(t *testing.T) {
	o, faults := resolve(t, Producer, "bootstrap_servers: seed", "watermark.high: 100") // as the client bounds it
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	g := newGate(o, new(waits))
	g.enter(t.Context(), 1000)
	g.leave(1000)
	if g != nil {
		t.Error("high alone makes a gate")
	}
}
