package schema

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// count returns a load that counts its calls and gives the number.
func count(calls *int, keep time.Duration, err error) func(context.Context, int) (int, time.Duration, error) {
	return func(context.Context, int) (int, time.Duration, error) {
		*calls++
		return *calls, keep, err
	}
}

func TestCacheKeepsAsLongAsToldTo(t *testing.T) {
	failed := errors.New("failed")
	for _, tc := range []struct {
		keep   time.Duration
		err    error
		second int // calls after a minute less a second
		third  int // and after a minute
	}{
		{forever, nil, 1, 1},
		{time.Minute, nil, 1, 2},
		{time.Minute, failed, 1, 2},
		{notKept, failed, 2, 3},
		{notKept, nil, 2, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newCache[string, int](10)
			calls := 0
			for i, want := range []int{1, tc.second, tc.third} {
				got, err := c.get(t.Context(), "k", count(&calls, tc.keep, tc.err))
				if got != want || !errors.Is(err, tc.err) {
					t.Errorf("keep %s: %d, %v, want %d, %v", tc.keep, got, err, want, tc.err)
				}
				time.Sleep([]time.Duration{time.Minute - time.Second, time.Second, 0}[i])
			}
		})
	}
}

func TestCacheHandsTheOldValueToTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache[string, int](10)
		load := func(_ context.Context, old int) (int, time.Duration, error) { return old + 1, time.Minute, nil }
		for want := 1; want <= 3; want++ {
			if got, err := c.get(t.Context(), "k", load); got != want || err != nil {
				t.Errorf("%d, %v, want %d", got, err, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

func TestCacheLoadsOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache[string, int](10)
		calls := 0
		release := make(chan struct{})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				got, err := c.get(t.Context(), "k", func(context.Context, int) (int, time.Duration, error) {
					calls++
					<-release
					return 5, notKept, errors.New("failed")
				})
				if got != 5 || err == nil {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if calls != 1 {
			t.Errorf("loaded %d times", calls)
		}
	})
}

// TestCacheLoadIsTakenOver calls the loader off while another waits, and one
// who waits too.
func TestCacheLoadIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache[string, int](10)
		first, callOff := context.WithCancel(t.Context())
		waiter, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := c.get(first, "k", func(ctx context.Context, _ int) (int, time.Duration, error) {
				<-ctx.Done()
				return 0, notKept, ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		unused := func(context.Context, int) (int, time.Duration, error) { return 0, forever, errors.New("loaded") }
		all.Go(func() {
			if _, err := c.get(waiter, "k", unused); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		calls := 0
		all.Go(func() {
			if got, err := c.get(t.Context(), "k", count(&calls, forever, nil)); got != 1 || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		})
		synctest.Wait()
		if calls != 0 {
			t.Error("loaded beside the first")
		}
		callOff()
		all.Wait()
		if calls != 1 {
			t.Errorf("loaded %d times", calls)
		}
	})
}

func TestCacheForgetsWhatWasUsedLongestAgo(t *testing.T) {
	c := newCache[string, int](3)
	calls := map[string]int{}
	get := func(key string) {
		if _, err := c.get(t.Context(), key, func(context.Context, int) (int, time.Duration, error) {
			calls[key]++
			return 0, forever, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"a", "b", "c", "a", "d", "a", "b"} {
		get(key)
	}
	if got := fmt.Sprint(calls); got != "map[a:1 b:2 c:1 d:1]" || len(c.byKey) != 3 || c.order.Len() != 3 {
		t.Errorf("loads %s, %d kept", got, len(c.byKey))
	}
}
