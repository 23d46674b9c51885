package tenant

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A source that reads as fast as it may reads what the quota says, and no record
// is refused.
func TestReadingKeepsToItsQuota(t *testing.T) {
	for _, tt := range []struct {
		name    string
		quota   Quota
		records int     // of a poll, unless Await allows fewer
		want    float64 // records in the ten seconds after the first
	}{
		{"events", Quota{Events: 1000}, 5000, 10_000},
		{"few events", Quota{Events: 3}, 100, 30},
		{"bytes", Quota{Bytes: 50_000}, 400, 5000}, // of 100 bytes each
		{"both, the lower counts", Quota{Events: 100, Bytes: 50_000}, 400, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := New("a", tt.quota, NewScheduler(1))
				ctx, cancel := context.WithTimeout(t.Context(), 11*time.Second)
				defer cancel()
				read := func() {
					for {
						n := min(tenant.Await(ctx), tt.records)
						if n == 0 {
							return
						}
						tenant.Took(n, 100*n)
					}
				}
				go read()
				go read() // another source, of the same quota
				time.Sleep(time.Second)
				first := tenant.Usage().Events
				<-ctx.Done()
				synctest.Wait()
				u := tenant.Usage()
				if got := float64(u.Events - first); math.Abs(got-tt.want) > tt.want/10+float64(tt.records)/2*min(1, tt.want/1e4) {
					t.Errorf("read %.0f records in ten seconds, want %.0f", got, tt.want)
				}
				if u.Bytes != 100*u.Events {
					t.Errorf("%d bytes of %d events", u.Bytes, u.Events)
				}
				if u.WaitedEvents+u.WaitedBytes < 5*time.Second {
					t.Errorf("waited only %v and %v", u.WaitedEvents, u.WaitedBytes)
				}
			})
		})
	}
}

func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := New("acme", Quota{Memory: 1 << 20}, NewScheduler(1))
		a, _ := tenant.Worker()
		b, _ := tenant.Worker()
		if err := a.Grow(600 << 10); err != nil {
			t.Fatal(err)
		}
		var exceeded *Exceeded
		if err := b.Grow(500 << 10); !errors.As(err, &exceeded) {
			t.Fatalf("error %v", err)
		}
		const want = "tenant acme has used up quota.memory, which is 1MiB; raise it, or let the tenant use less"
		if diff := cmp.Diff(want, exceeded.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := b.Grow(math.MaxUint64); err == nil {
			t.Error("a size that overflows was granted")
		}
		time.Sleep(10 * time.Second)
		a.Shrink(600 << 10)
		if err := b.Grow(1 << 20); err != nil {
			t.Error(err)
		}
		tenant.Set(Quota{Memory: 1}) // what it has it keeps
		time.Sleep(time.Second)
		u := tenant.Usage()
		if u.Memory != 1<<20 || u.MemorySeconds != 10*600<<10+1<<20 {
			t.Errorf("%d bytes, %.0f byte-seconds", u.Memory, u.MemorySeconds)
		}
	})
}

func TestInstances(t *testing.T) {
	tenant := New("acme", Quota{Instances: 1}, NewScheduler(1))
	w, err := tenant.Worker()
	if err != nil {
		t.Fatal(err)
	}
	var exceeded *Exceeded
	if _, err := tenant.Worker(); !errors.As(err, &exceeded) || exceeded.Quota != "instances" {
		t.Errorf("error %v", err)
	}
	w.Done()
	if _, err := tenant.Worker(); err != nil {
		t.Error(err)
	}
}

func TestLogLines(t *testing.T) {
	tenant := New("acme", Quota{LogLines: 10}, NewScheduler(1))
	a, _ := tenant.Worker()
	b, _ := tenant.Worker()
	now := time.Now()
	passed := 0
	for i := range 1000 { // in ten seconds, from two processors
		if []*Worker{a, b}[i%2].Log(now.Add(time.Duration(i) * 10 * time.Millisecond)) {
			passed++
		}
	}
	if passed < 135 || passed > 141 { // a burst of 40, then 10 a second
		t.Errorf("%d lines passed, want about 140", passed)
	}
	if got := tenant.Usage().Suppressed; got != uint64(1000-passed) {
		t.Errorf("%d suppressed, %d passed", got, passed)
	}
}

// Without a quota nothing is bounded, and all of it is counted.
func TestNoQuota(t *testing.T) {
	tenant := New("", Quota{}, NewScheduler(1))
	if n := tenant.Await(t.Context()); n != math.MaxInt32 {
		t.Errorf("may read %d", n)
	}
	tenant.Took(3, 300)
	w, err := tenant.Worker()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Grow(1 << 40); err != nil {
		t.Error(err)
	}
	w.Burn(7)
	for range 10_000 {
		if !w.Log(time.Now()) {
			t.Fatal("a line was suppressed")
		}
	}
	u := tenant.Usage()
	u.MemorySeconds = 0
	if diff := cmp.Diff(Usage{Fuel: 7, Memory: 1 << 40, Instances: 1, Events: 3, Bytes: 300}, u); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
