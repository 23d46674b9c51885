package kafka

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestPauseWaitsForThePoll holds that a poll which has begun is told to end, that
// Pause waits for its dispatch, and that the next one waits for Resume.
func TestPauseWaitsForThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Source{pause: newPause()}
		polling, end, ok := s.pause.begin(t.Context())
		if !ok || polling.Err() != nil {
			t.Fatalf("the first poll does not begin: %v", polling.Err())
		}
		paused := make(chan error, 1)
		go func() { paused <- s.Pause(t.Context()) }()
		synctest.Wait()
		if polling.Err() == nil || len(paused) != 0 || !s.Paused() {
			t.Fatalf("the poll was told to end: %v; Pause returned before it: %v; paused: %v", polling.Err(), len(paused) != 0, s.Paused())
		}
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Pause(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("a Pause that cannot wait gives %v", err)
		}
		end()
		if err := <-paused; err != nil {
			t.Error(err)
		}
		begun := make(chan func(), 1)
		go func() {
			if _, end, ok := s.pause.begin(t.Context()); ok {
				begun <- end
			}
		}()
		synctest.Wait()
		if len(begun) != 0 {
			t.Error("a poll begins while paused")
		}
		if err := s.Pause(t.Context()); err != nil { // twice is once
			t.Error(err)
		}
		s.Resume()
		(<-begun)()
		s.Resume()
		if s.Paused() {
			t.Error("paused after Resume")
		}
	})
}

func TestPauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Source{pause: newPause()}
		if err := s.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan bool, 1)
		go func() {
			_, _, ok := s.pause.begin(ctx)
			got <- ok
		}()
		synctest.Wait()
		cancel()
		if <-got {
			t.Error("a poll begins although paused")
		}
	})
}
