package kafka

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestCreditEndsWithItsContext(t *testing.T) {
	c := newCredit(8, 100, new(waits))
	ctx, cancel := context.WithCancel(t.Context())
	if got := c.await(ctx); got != 8 {
		t.Errorf("room of an empty account: %d, want 8", got)
	}
	cancel()
	if got := c.await(ctx); got != 0 {
		t.Errorf("room after the end of the context: %d, want 0, although there is some", got)
	}
}

func TestCreditWaitsForAQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCredit(8, 100, new(waits))
		c.take(8, 50)
		got := make(chan int, 1)
		go func() { got <- c.await(t.Context()) }()
		synctest.Wait()
		c.give(1, 1)
		synctest.Wait()
		if len(got) != 0 {
			t.Fatalf("polls for %d records at the brim", <-got)
		}
		c.give(1, 1)
		if n := <-got; n != 2 {
			t.Errorf("room: %d, want 2", n)
		}
	})
}

func TestCreditBoundsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCredit(8, 100, new(waits))
		c.take(1, 100)
		got := make(chan int, 1)
		go func() { got <- c.await(t.Context()) }()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatalf("polls for %d records although all bytes are taken", <-got)
		}
		c.give(1, 100)
		if n := <-got; n != 8 {
			t.Errorf("room: %d, want 8", n)
		}
	})
}
