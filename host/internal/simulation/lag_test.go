package simulation

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// behind sums the lag that a member tells, and gives its greatest age.
func behind(m *Member) (partitions int, records int64, age time.Duration) {
	lags := m.source.Lags()
	for _, l := range lags {
		records += l.Records
		age = max(age, l.Age)
	}
	return len(lags), records, age
}

// expectLag holds what a member tells of its lag to a number of partitions and of
// records, and to an age that is off by no more than what a look takes.
func (s *stage) expectLag(m *Member, partitions int, records int64, least, most time.Duration) {
	s.Helper()
	p, n, age := behind(m)
	if p != partitions || n != records || age < least || age > most {
		s.Errorf("%s tells of %d partitions that it lags by %d records, the oldest of %v; want %d, %d, %v to %v", m.name, p, n, age, partitions, records, least, most)
	}
}

// TestLag follows what a source says of its lag: while nothing is there, while it
// is paused, while the sink's brokers do not answer, and after a rebalance.
func TestLag(t *testing.T) {
	committing := quietTransactions()
	markers := quiet()
	markers.Transactions = true
	chosen := quiet()
	chosen.Chosen = true
	for name, w := range map[string]World{"member": quiet(), "chosen": chosen, "exactly once": committing, "transactional input": markers} {
		t.Run(name, func(t *testing.T) {
			onStage(t, w, func(s *stage) {
				m := s.start()
				time.Sleep(5 * time.Second)
				s.expectLag(m, 2, 0, 0, 0) // asked for: no fetch has told
				s.write(100)
				s.settle()
				time.Sleep(20 * time.Second)
				s.expectLag(m, 2, 0, 0, 0)

				if err := m.source.Pause(s.ctx); err != nil {
					s.Fatal(err)
				}
				s.write(60)
				time.Sleep(30 * time.Second)
				s.expectLag(m, 2, s.lag(), 15*time.Second, 30*time.Second)
				if s.lag() < 60 {
					s.Errorf("the group lags by %d, less than what was written", s.lag())
				}
				m.source.Resume()
				s.settle()
				time.Sleep(20 * time.Second)
				s.expectLag(m, 2, 0, 0, 0)

				if w.ExactlyOnce { // a stall there ends the session
					return
				}
				m.toOut.stall()
				s.write(300) // more than may be in flight
				time.Sleep(40 * time.Second)
				s.expectLag(m, 2, s.lag(), 39*time.Second, 41*time.Second)
				m.toOut.release()
				s.settle()
				if !w.Chosen {
					s.start()
					time.Sleep(30 * time.Second)
					s.expectLag(m, 1, 0, 0, 0)
				}
				m.leave()
				if err := s.ended(m, time.Minute); err != nil {
					s.Error(err)
				}
				s.expectLag(m, 0, 0, 0, 0)
			})
		})
	}
}

// TestLagOfAnOpenTransaction counts what can be read, and not what a producer may
// still take back.
func TestLagOfAnOpenTransaction(t *testing.T) {
	w := quiet()
	w.Transactions = true
	onStage(t, w, func(s *stage) {
		m := s.start()
		s.write(40)
		s.settle()
		if err := s.load.client.BeginTransaction(); err != nil {
			s.Fatal(err)
		}
		if err := s.load.client.ProduceSync(s.ctx, s.load.records(5)...).FirstErr(); err != nil {
			s.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		s.expectLag(m, 2, 0, 0, 0)
		if err := s.load.client.EndTransaction(s.ctx, kgo.TryCommit); err != nil {
			s.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		s.expectLag(m, 2, 0, 0, 0) // the marker is passed too
	})
}

// TestWaitsShow stalls the sink's brokers: the source waits once enough is in
// flight, and lanes do where the sink's buffer is full before.
func TestWaitsShow(t *testing.T) {
	small := quiet()
	small.Options = []string{"sink.queue_buffering_max_messages=64"}
	for name, w := range map[string]World{"large buffer": quiet(), "small buffer": small} {
		t.Run(name, func(t *testing.T) {
			onStage(t, w, func(s *stage) {
				m := s.start()
				s.write(100)
				s.settle()
				source, sink := m.source.Waited(), m.sink.Waited()
				if source > time.Second || sink > time.Second {
					s.Errorf("the source waited %v and lanes %v while nothing was in the way", source, sink)
				}
				m.toOut.stall()
				s.write(600)
				time.Sleep(time.Minute)
				if got := m.source.Waited() - source; got < 55*time.Second || got > 65*time.Second {
					s.Errorf("the source waited %v in a minute's stall", got)
				}
				got, least, most := m.sink.Waited()-sink, time.Duration(0), time.Duration(0)
				if len(w.Options) > 0 {
					least, most = 55*time.Second, 125*time.Second // of one lane or of both
				}
				if got < least || got > most {
					s.Errorf("lanes waited %v in a minute's stall, want %v to %v", got, least, most)
				}
				if records, bytes := m.source.InFlight(); records < w.InFlight || bytes == 0 {
					s.Errorf("%d records of %d bytes are in flight, want at least %d", records, bytes, w.InFlight)
				}
				m.toOut.release()
				s.settle()
				source, sink = m.source.Waited(), m.sink.Waited()
				time.Sleep(time.Minute)
				if m.source.Waited() != source || m.sink.Waited() != sink {
					s.Error("time goes on to count after the stall")
				}
			})
		})
	}
}
