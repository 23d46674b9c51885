package kafka

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWaits has up to two wait at once, and asks while they do.
func TestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waits
		for _, step := range []struct {
			do   func()
			want time.Duration // one second later
		}{
			{func() {}, 0},
			{w.begin, time.Second},
			{w.begin, 3 * time.Second},
			{func() {}, 5 * time.Second},
			{w.end, 6 * time.Second},
			{w.end, 6 * time.Second},
			{w.begin, 7 * time.Second},
		} {
			step.do()
			time.Sleep(time.Second)
			if got := w.read(); got != step.want {
				t.Errorf("waited %v, want %v", got, step.want)
			}
		}
	})
}

// TestCreditTellsItsWaits waits for room once, and not while there is some.
func TestCreditTellsItsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w waits
		c := newCredit(8, 100, &w)
		c.await(t.Context())
		time.Sleep(time.Hour)
		c.take(8, 50)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.await(t.Context())
		}()
		time.Sleep(time.Minute)
		c.give(1, 1)
		time.Sleep(time.Second)
		if got := w.read(); got != 61*time.Second {
			t.Errorf("waited %v so far, want 1m1s", got)
		}
		c.give(7, 49)
		<-ended
		time.Sleep(time.Hour)
		if got := w.read(); got != 61*time.Second {
			t.Errorf("waited %v in all, want 1m1s", got)
		}
	})
}
