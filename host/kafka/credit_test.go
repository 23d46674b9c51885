package kafka

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestCreditEndsWithItsContext(t *testing.T) {
	c := newCredit(8, 100, new(waits))
	ctx, cancel := context.WithCancel(t.Context())
	if records, bytes := c.await(ctx); records != 8 || bytes != 100 {
		t.Errorf("room of an empty account: %d, %d; want 8, 100", records, bytes)
	}
	cancel()
	if records, bytes := c.await(ctx); records != 0 || bytes != 0 {
		t.Errorf("room after the end of the context: %d, %d; want none, although there is some", records, bytes)
	}
}

func TestCreditWaitsForAQuarter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCredit(8, 100, new(waits))
		c.take(8, 50)
		got := make(chan int, 1)
		go func() { got <- records(c.await(t.Context())) }()
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
		go func() { got <- records(c.await(t.Context())) }()
		synctest.Wait()
		c.give(0, 24)
		synctest.Wait()
		if len(got) != 0 {
			t.Fatalf("polls for %d records although less than a quarter of the bytes is free", <-got)
		}
		c.give(1, 76)
		if n := <-got; n != 8 {
			t.Errorf("room: %d, want 8", n)
		}
	})
}

func records(records, _ int) int { return records }

// TestCreditFits: polls are for as many records as fit by what they were like of
// late, and by what they are like that wait.
func TestCreditFits(t *testing.T) {
	c := newCredit(100, 1000, new(waits))
	for i, step := range []struct{ records, bytes, size, want int }{
		{0, 0, 0, 1000},
		{0, 0, 300, 3},
		{10, 1000, 0, 20}, // typically 50
		{10, 1000, 0, 13}, // typically 75
		{1, 5000, 0, 1},
	} {
		c.take(step.records, step.bytes)
		if got := c.fit(1000, step.size); got != step.want {
			t.Errorf("step %d: %d records, want %d", i, got, step.want)
		}
	}
}
