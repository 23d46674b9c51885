package simulation

import (
	"testing"
	"time"
)

// TestPause pauses a source in the middle of its work: what it has taken ends and
// is committed, nothing new comes for longer than any timeout of the group, and
// after it nothing is missing or there twice.
func TestPause(t *testing.T) {
	for name, chosen := range map[string]bool{"member": false, "chosen": true} {
		t.Run(name, func(t *testing.T) {
			w := quiet()
			w.Chosen, w.Pause, w.InFlight = chosen, 20*time.Millisecond, 100
			onStage(t, w, func(s *stage) {
				m := s.start()
				s.write(600)
				for m.pipeline.Stats().Consumed < 50 {
					time.Sleep(time.Millisecond)
				}
				if err := m.source.Pause(s.ctx); err != nil || !m.source.Paused() {
					s.Fatalf("paused %v: %v", m.source.Paused(), err)
				}
				for m.pipeline.Stats().InFlight > 0 {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(2 * time.Second)
				held := m.pipeline.Stats().Consumed
				if lag := s.lag(); lag != int64(600-held) || held == 600 {
					s.Errorf("consumed %d of 600 and lags by %d: what was taken is to be committed", held, lag)
				}
				rebalances := m.source.Rebalances()
				s.write(100)
				time.Sleep(10 * time.Minute)
				if got := m.pipeline.Stats().Consumed; got != held {
					s.Errorf("%d more records were taken while paused", got-held)
				}
				if got := m.source.Rebalances(); got != rebalances || !chosen && s.assigned(m) != w.Inputs {
					s.Errorf("the group took partitions away: %d rebalances, %d partitions", got-rebalances, s.assigned(m))
				}
				m.source.Resume()
				s.settle()
				if got := m.pipeline.Stats().Consumed; got != 700 {
					s.Errorf("consumed %d, want 700", got)
				}
			})
		})
	}
}

// TestPausedMember gives partitions to others, stops, and starts, all while it is
// paused.
func TestPausedMember(t *testing.T) {
	onStage(t, quiet(), func(s *stage) {
		first := s.start()
		s.write(100)
		s.settle()
		if err := first.source.Pause(s.ctx); err != nil {
			s.Fatal(err)
		}
		s.write(200)
		time.Sleep(5 * time.Second)
		second := s.start()
		time.Sleep(20 * time.Second)
		if a, b := s.assigned(first), s.assigned(second); a != 1 || b != 1 {
			s.Errorf("%d and %d partitions, want one each", a, b)
		}
		s.write(200)
		first.leave()
		if err := s.ended(first, 10*time.Second); err != nil {
			s.Error(err)
		}
		s.settle()
	})
}

// TestPausedToTheEnd is a bounded run that is paused: it ends when others have
// done the rest.
func TestPausedToTheEnd(t *testing.T) {
	w := quiet()
	w.Bounded = true
	onStage(t, w, func(s *stage) {
		s.write(100)
		first := s.start()
		if err := first.source.Pause(s.ctx); err != nil {
			s.Fatal(err)
		}
		time.Sleep(time.Minute)
		select {
		case <-first.done:
			s.Fatal("ended while nothing was read")
		default:
		}
		first.source.Resume()
		if err := s.ended(first, time.Minute); err != nil {
			s.Error(err)
		}
		if lag := s.lag(); lag != 0 {
			s.Errorf("ended with a lag of %d", lag)
		}
	})
}
