package simulation

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// eachDelivery plays a scenario at least once and exactly once.
func eachDelivery(t *testing.T, change func(*World), script func(*stage)) {
	t.Helper()
	for name, w := range map[string]World{"at least once": quiet(), "exactly once": quietTransactions()} {
		t.Run(name, func(t *testing.T) {
			change(&w)
			onStage(t, w, script)
		})
	}
}

// unaborted demands that every transaction was committed.
func (s *stage) unaborted() {
	s.Helper()
	for _, m := range s.all() {
		if m.transactions != nil && m.transactions.Stats().Aborted > 0 {
			s.Errorf("%s: %d transactions were aborted", m.name, m.transactions.Stats().Aborted)
		}
	}
}

// TestAllBrokersDown takes all brokers away for five minutes.
func TestAllBrokersDown(t *testing.T) {
	eachDelivery(t, func(w *World) { w.Brokers, w.Graceful = 2, false }, func(s *stage) {
		m := s.start()
		s.write(100)
		s.settle()
		m.toOut.stall()
		s.write(1000)
		time.Sleep(time.Second)
		for node := range s.world.Brokers {
			s.network.outage(s.address(node), true)
		}
		m.toOut.release()
		for range 5 {
			time.Sleep(time.Minute)
			if held := m.pipeline.Stats().InFlight; held > uint64(s.world.InFlight) {
				s.Errorf("%d events in flight, want at most %d", held, s.world.InFlight)
			}
			if m.source.Away() == "" {
				s.Error("nobody says that the brokers are away")
			}
		}
		for node := range s.world.Brokers {
			s.network.outage(s.address(node), false)
		}
		time.Sleep(30 * time.Second)
		if away := m.source.Away(); away != "" {
			s.Errorf("half a minute after they are back: %s", away)
		}
		s.settle()
	})
}

// TestSlowBrokers is two seconds more for every answer: it goes on, only slower.
func TestSlowBrokers(t *testing.T) {
	eachDelivery(t, func(w *World) { w.Timeout = time.Minute }, func(s *stage) {
		m := s.start()
		s.write(50)
		s.settle()
		rebalances := m.source.Rebalances()
		for _, l := range []*link{m.toIn, m.toOut} {
			l.delay(time.Second, time.Second) // an answer is read in two pieces
		}
		for range 20 {
			s.write(30)
			time.Sleep(time.Second)
		}
		s.settle()
		if got := m.source.Rebalances(); got != rebalances {
			s.Errorf("slow answers cost %d rebalances", got-rebalances)
		}
		s.unaborted()
	})
}

// TestLeadersMoveEverySecond for a minute.
func TestLeadersMoveEverySecond(t *testing.T) {
	eachDelivery(t, func(w *World) { w.Brokers, w.Timeout = 3, time.Minute }, func(s *stage) {
		s.start()
		for range 60 {
			s.write(20)
			time.Sleep(time.Second)
			s.ShufflePartitionLeaders()
		}
		s.settle()
		s.unaborted()
	})
}

// TestHalfOpenConnections loses everything that is sent on connections of which
// neither end learns that the other has gone: at the source, and at the sink.
func TestHalfOpenConnections(t *testing.T) {
	for name, side := range map[string]func(*Member) *link{"source": toIn, "sink": toOut} {
		t.Run(name, func(t *testing.T) {
			eachDelivery(t, func(w *World) { w.Graceful = false }, func(s *stage) {
				m := s.start()
				s.write(100)
				s.settle()
				for range 3 {
					s.write(100)
					time.Sleep(10 * time.Millisecond)
					side(m).freeze()
					time.Sleep(5 * time.Second)
				}
				s.settle()
				if side(m).swallowed.Load() == 0 {
					s.Error("nothing was sent on a half-open connection")
				}
			})
		})
	}
}

// TestShortConnectionsAtLeastOnce is TestShortConnections without transactions.
func TestShortConnectionsAtLeastOnce(t *testing.T) {
	w := quiet()
	w.Graceful, w.Brokers = false, 2
	onStage(t, w, func(s *stage) {
		m1, m2 := s.start(), s.start()
		for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); {
			s.write(40)
			time.Sleep(s.network.between(500*time.Millisecond, 1500*time.Millisecond))
			for _, m := range []*Member{m1, m2} {
				m.toIn.kill()
				m.toOut.kill()
			}
		}
		if behind := s.lag(); behind > 2000 {
			s.Errorf("the group lags by %d records: the work does not go on", behind)
		}
		s.settle()
	})
}

// TestRebalanceStorm has a member come and one go every two seconds.
func TestRebalanceStorm(t *testing.T) {
	for _, assignor := range []string{"cooperative-sticky", "range,roundrobin"} {
		t.Run(assignor, func(t *testing.T) {
			eachDelivery(t, func(w *World) { w.Assignor, w.Inputs = assignor, 4 }, func(s *stage) {
				oldest := []*Member{s.start()}
				for range 30 {
					s.write(40)
					oldest = append(oldest, s.start())
					time.Sleep(time.Second)
					oldest[0].leave()
					oldest = oldest[1:]
					time.Sleep(time.Second)
				}
				if behind := s.lag(); behind >= 30*40 {
					s.Errorf("the group lags by %d records: nothing was done in the storm", behind)
				}
				s.settle()
				s.unaborted()
			})
		})
	}
}

// TestCoordinatorLoading has coordinators load for 20 s, at the start and under
// load, whatever they are asked.
func TestCoordinatorLoading(t *testing.T) {
	for _, refusal := range []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator} {
		t.Run(refusal.Message, func(t *testing.T) {
			eachDelivery(t, func(w *World) { w.Graceful = false }, func(s *stage) {
				refuse := func() {
					f := s.Fault(kfake.Fault{Keys: []kmsg.Key{
						kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.OffsetFetch, kmsg.OffsetCommit,
						kmsg.InitProducerID, kmsg.TxnOffsetCommit, kmsg.EndTxn,
					}, When: ofMember, Err: refusal, Count: -1})
					time.Sleep(20 * time.Second)
					if f.Hits() == 0 {
						s.Error("nothing was refused")
					}
					f.Remove()
				}
				s.write(100)
				s.start()
				refuse()
				s.settle()
				s.write(100)
				refuse()
				s.write(100)
				s.settle()
			})
		})
	}
}

// TestDeadLetterTopicUnavailable stops the pipeline where a dead letter cannot
// be written, and loses nothing.
func TestDeadLetterTopicUnavailable(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		eachDelivery(t, func(w *World) { w.Graceful = false }, func(s *stage) {
			s.write(100)
			if err := s.DeleteTopic(deadTopic); err != nil {
				s.Fatal(err)
			}
			s.fails(s.start(), time.Minute, "topic dead", "does not exist", "weir topics apply")
			if err := s.CreateTopic(deadTopic, 1, nil); err != nil {
				s.Fatal(err)
			}
			s.start()
			s.settle()
		})
	})
	t.Run("denied", func(t *testing.T) {
		eachDelivery(t, func(w *World) { w.Graceful = false }, func(s *stage) {
			s.write(100)
			denied := s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: deadTopic, Err: kerr.TopicAuthorizationFailed, Count: -1})
			s.fails(s.start(), time.Minute, "topic dead", "grant WRITE")
			denied.Remove()
			s.start()
			s.settle()
		})
	})
}

// TestMissingInputTopic waits for the topic; a bounded run does not.
func TestMissingInputTopic(t *testing.T) { missingTopic(t, func() World { return single() }) }

func missingTopic(t *testing.T, world func() World) {
	for _, bounded := range []bool{false, true} {
		w := world()
		w.Bounded = bounded
		aside(t, w, func(s *stage) {
			if err := s.DeleteTopic(inputTopic); err != nil {
				s.Fatal(err)
			}
			m := s.start()
			if bounded {
				s.fails(m, 10*time.Second, "topic in does not exist", "weir topics apply")
				return
			}
			time.Sleep(5 * time.Minute)
			if err := s.CreateTopic(inputTopic, 1, nil); err != nil {
				s.Fatal(err)
			}
			s.load.client.Close()
			client, err := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
			if err != nil {
				s.Fatal(err)
			}
			s.Cleanup(client.Close)
			s.load.client = client
			s.write(10)
			s.consumed(m, 10)
		})
	}
}

// TestNoFileDescriptors is a process that may open no more connections, for a
// minute: it says so, waits, and goes on.
func TestNoFileDescriptors(t *testing.T) {
	for name, side := range map[string]func(*Member) *link{"source": toIn, "sink": toOut} {
		t.Run(name, func(t *testing.T) {
			eachDelivery(t, func(w *World) { w.Graceful = false }, func(s *stage) {
				m := s.start()
				s.write(100)
				s.settle()
				side(m).forbid(os.NewSyscallError("socket", syscall.EMFILE))
				side(m).kill()
				s.write(100)
				time.Sleep(time.Minute)
				if away := m.source.Away() + m.sink.Away(); !strings.Contains(away, "raise its limit") {
					s.Errorf("it says %q", away)
				}
				side(m).forbid(nil)
				s.settle()
			})
		})
	}
}

// TestCorruptBatch changes bytes of records on their way to the source: what does
// not have the checksum of its batch is not passed on, and not passed over.
func TestCorruptBatch(t *testing.T) {
	eachDelivery(t, func(*World) {}, func(s *stage) {
		m := s.start()
		s.write(50)
		s.settle()
		m.toIn.corrupt(3, flip)
		s.write(100)
		s.settle()
		if left := m.toIn.corrupt(0, nil); left > 0 {
			s.Errorf("%d answers were not corrupted", left)
		}
		if m.source.Errors() == 0 {
			s.Error("nobody counted an error")
		}
	})
}

// TestCorruptLog has a batch arrive damaged for ever: the pipeline stops before it
// and says what can be done.
func TestCorruptLog(t *testing.T) {
	eachDelivery(t, func(w *World) { w.Inputs = 1 }, func(s *stage) {
		s.write(100)
		m := s.start()
		s.settle()
		m.toIn.corrupt(1000, flip)
		s.write(100)
		s.fails(m, time.Minute, "topic in partition 0", "encoded crc", "moving the group's offset behind them")
		if got := s.committed(0); got > 100 {
			s.Errorf("committed %d, which is behind what nobody could read", got)
		}
		s.start()
		s.settle()
	})
}

// TestDrainDuringStart is told to stop at every moment of its start.
func TestDrainDuringStart(t *testing.T) {
	for after := range 30 {
		eachDelivery(t, func(*World) {}, func(s *stage) {
			s.write(50)
			m := s.start()
			time.Sleep(time.Duration(after) * time.Millisecond)
			m.leave()
			if err := s.ended(m, 10*time.Second); err != nil {
				s.Errorf("told to stop after %d ms: %v", after, err)
			}
			s.start()
			s.settle()
		})
	}
}
