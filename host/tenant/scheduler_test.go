package tenant

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// load computes in slices on a tenant's account, by the clock of a bubble: a
// lane that always has a next batch.
func load(ctx context.Context, t *Tenant, batch time.Duration) {
	w, err := t.Worker()
	if err != nil {
		panic(err)
	}
	defer w.Done()
	for w.Enter(ctx) == nil {
		for left := batch; left > 0 && ctx.Err() == nil; left -= time.Millisecond {
			time.Sleep(min(left, time.Millisecond))
			w.Yield(ctx)
		}
		w.Leave()
	}
}

// spent runs lanes of tenants for ten seconds and returns what each used.
func spent(t *testing.T, slots int, lanes []lanesOf) []time.Duration {
	t.Helper()
	var used []time.Duration
	synctest.Test(t, func(t *testing.T) {
		s := NewScheduler(slots)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var tenants []*Tenant
		var running sync.WaitGroup
		for _, l := range lanes {
			tenant := New("t", l.quota, s)
			tenants = append(tenants, tenant)
			for range l.lanes {
				running.Go(func() { load(ctx, tenant, l.batch) })
			}
		}
		running.Wait()
		for _, tenant := range tenants {
			used = append(used, tenant.Usage().CPU)
		}
		if s.free != slots || len(s.waiting)+len(s.running) != 0 || s.pressed.Load() {
			t.Errorf("after all left: %d of %d slots free, %d accounts wait, %d run", s.free, slots, len(s.waiting), len(s.running))
		}
	})
	return used
}

type lanesOf struct {
	quota Quota
	lanes int
	batch time.Duration
}

func TestSharesConvergeToWeights(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		slots int
		lanes []lanesOf
		want  []float64 // seconds of the ten
	}{
		{"equal", 1, []lanesOf{{Quota{}, 2, ms}, {Quota{}, 2, ms}}, []float64{5, 5}},
		{"one to three", 1, []lanesOf{{Quota{Weight: 100}, 2, ms}, {Quota{Weight: 300}, 2, ms}}, []float64{2.5, 7.5}},
		{"long batches win nothing", 2, []lanesOf{{Quota{}, 8, time.Second}, {Quota{}, 4, ms}}, []float64{10, 10}},
		{"many lanes win nothing", 1, []lanesOf{{Quota{}, 20, 3 * ms}, {Quota{}, 2, 3 * ms}}, []float64{5, 5}},
		{"idle shares are used", 2, []lanesOf{{Quota{Weight: 1}, 4, ms}, {Quota{Weight: 1000}, 0, ms}}, []float64{20, 0}},
		{"the least weight still gets some", 1, []lanesOf{{Quota{Weight: 1}, 2, ms}, {Quota{Weight: 99}, 4, ms}}, []float64{0.1, 9.9}},
		{"a capacity bounds", 2, []lanesOf{{Quota{CPU: 0.5}, 4, ms}}, []float64{5}},
		{"a capacity bounds long batches", 2, []lanesOf{{Quota{CPU: 0.5}, 4, 5 * time.Second}}, []float64{5}},
		{"what a capacity leaves is used", 1, []lanesOf{{Quota{CPU: 0.2}, 2, ms}, {Quota{}, 2, ms}}, []float64{2, 8}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i, used := range spent(t, tt.slots, tt.lanes) {
				if got := used.Seconds(); math.Abs(got-tt.want[i]) > 0.15 {
					t.Errorf("tenant %d computed for %.2f s, want %.2f", i, got, tt.want[i])
				}
			}
		})
	}
}

// Who computes seldom waits for a few slices of those that always do.
func TestNobodyStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewScheduler(2)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range 5 {
			greedy := New("greedy", Quota{}, s)
			for range 4 {
				running.Go(func() { load(ctx, greedy, time.Minute) })
			}
		}
		w, err := New("seldom", Quota{}, s).Worker()
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			time.Sleep(50 * time.Millisecond)
			began := time.Now()
			if err := w.Enter(ctx); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(began); waited > 4*time.Millisecond {
				t.Errorf("waited %v for a slot", waited)
			}
			time.Sleep(100 * time.Microsecond)
			w.Leave()
		}
		cancel()
		running.Wait()
	})
}

// One lane of a tenant keeps its slot from batch to batch, though it gives it
// back in between and others wait.
func TestOneLaneOfManyWeights(t *testing.T) {
	lanes := []lanesOf{{Quota{Weight: 1000}, 1, 500 * time.Microsecond}, {Quota{Weight: 1}, 4, 100 * time.Millisecond}}
	if used := spent(t, 2, lanes); used[0] < 9900*time.Millisecond {
		t.Errorf("computed for %v of ten seconds", used[0])
	}
}

// A tenant that was idle has no claim on the time before.
func TestIdleTimeIsNotSavedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewScheduler(1)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		busy, late := New("busy", Quota{}, s), New("late", Quota{}, s)
		for range 2 {
			running.Go(func() { load(ctx, busy, time.Millisecond) })
		}
		time.Sleep(time.Minute)
		before := busy.Usage().CPU
		for range 2 {
			running.Go(func() { load(ctx, late, time.Millisecond) })
		}
		time.Sleep(2 * time.Second)
		if got := (busy.Usage().CPU - before).Seconds(); math.Abs(got-1) > 0.05 {
			t.Errorf("the busy tenant got %.2f s of two after the other had come, want 1", got)
		}
		cancel()
		running.Wait()
	})
}

func TestEnterEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewScheduler(1)
		tenant := New("a", Quota{}, s)
		holder, _ := tenant.Worker()
		other, _ := tenant.Worker()
		if err := holder.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := other.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v", err)
		}
		other.Leave() // has nothing, and takes nothing
		holder.Leave()
		if s.free != 1 || s.pressed.Load() {
			t.Errorf("%d slots free, %d accounts wait", s.free, len(s.waiting))
		}
	})
}

// A capacity that is raised frees those that wait for it.
func TestCapacityIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New("a", Quota{CPU: 0.001}, NewScheduler(1))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { load(ctx, tenant, time.Second) })
		time.Sleep(time.Second)
		before := tenant.Usage().CPU
		tenant.Set(Quota{CPU: 1})
		time.Sleep(time.Second)
		if got := (tenant.Usage().CPU - before).Seconds(); got < 0.95 {
			t.Errorf("computed for %.2f s of one", got)
		}
		cancel()
		running.Wait()
	})
}

func BenchmarkEnterLeave(b *testing.B) {
	w, err := New("a", Quota{}, NewScheduler(2)).Worker()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Enter(b.Context()); err != nil {
			b.Fatal(err)
		}
		w.Leave()
	}
}
