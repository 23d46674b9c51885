package simulation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/pipeline"
)

// stage is a world in which a scenario says what happens, in place of a
// nemesis.
type stage struct {
	*Cluster
	*testing.T
	load *load
	ctx  context.Context
}

// quiet is the world of a scenario that changes little.
func quiet() World {
	return World{
		Brokers: 1, Inputs: 2, Outputs: 2, Batch: 16, InFlight: 200, Assignor: "cooperative-sticky",
		Session: 6 * time.Second, Rebalance: 10 * time.Second, OnReject: pipeline.Rule{Then: pipeline.DeadLetter}, Graceful: true,
	}
}

// onStage plays a scenario and then checks everything that is checked of a
// seed.
func onStage(t *testing.T, w World, script func(*stage)) *Result {
	t.Helper()
	requireBubbles(t)
	var r *Result
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = perform(w, Mutation{}, echo(), func(ctx context.Context, c *Cluster, l *load) error {
			script(&stage{c, t, l, ctx})
			return c.drainAll()
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range r.Faults {
			t.Error(fault)
		}
		if t.Failed() {
			t.Log(r.History)
		}
	})
	return r
}

// write produces n inputs.
func (s *stage) write(n int) {
	s.Helper()
	if err := s.load.write(s.ctx, n); err != nil {
		s.Fatal(err)
	}
}

// settle waits until the group has committed everything.
func (s *stage) settle() {
	s.Helper()
	if err := s.awaitEnd(); err != nil {
		s.Error(err)
	}
}

// ended waits for the end of a member and returns its error.
func (s *stage) ended(m *Member, within time.Duration) error {
	s.Helper()
	select {
	case <-m.done:
	case <-time.After(within):
		s.Errorf("%s did not end within %v", m.name, within)
		m.cancel(errKilled)
		<-m.done
	}
	return m.err
}

// fails says that a member is to end with an error of those words.
func (s *stage) fails(m *Member, within time.Duration, words ...string) {
	s.Helper()
	m.mayFail.Store(true)
	err := s.ended(m, within)
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			s.Errorf("%s ended with %v, want %q in it", m.name, err, word)
		}
	}
}

// committed is what the group has committed for an input partition, -1 when
// nothing.
func (s *stage) committed(partition int32) int64 {
	if info := s.GroupInfo(group); info != nil {
		if c, ok := info.Commits[inputTopic][partition]; ok {
			return c.Offset
		}
	}
	return -1
}

// assigned is the number of input partitions of a member.
func (s *stage) assigned(m *Member) int {
	if info := s.GroupInfo(group); info != nil {
		for i := range info.Members {
			if info.Members[i].ClientID == m.name {
				return info.Members[i].NumAssigned()
			}
		}
	}
	return 0
}

func TestRebalanceWhileInFlight(t *testing.T) {
	onStage(t, quiet(), func(s *stage) {
		m1 := s.start()
		m1.toOut.delay(50*time.Millisecond, 200*time.Millisecond)
		for range 20 {
			s.write(30)
			time.Sleep(100 * time.Millisecond)
			if len(s.all()) == 1 && s.committed(0) > 0 {
				s.start()
			}
		}
		s.settle()
		if got := s.assigned(m1); got != 1 {
			s.Errorf("%s has %d partitions after the rebalance, want 1", m1.name, got)
		}
	})
}

func TestLeadersMove(t *testing.T) {
	w := quiet()
	w.Brokers = 3
	onStage(t, w, func(s *stage) {
		s.start()
		for range 10 {
			s.write(40)
			time.Sleep(200 * time.Millisecond)
			s.ShufflePartitionLeaders()
			s.RehashCoordinators()
		}
		s.settle()
	})
}

func TestRefusedProduce(t *testing.T) {
	for _, err := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut,
		kerr.LeaderNotAvailable, kerr.KafkaStorageError, kerr.OutOfOrderSequenceNumber,
	} {
		t.Run(err.Message, func(t *testing.T) {
			onStage(t, quiet(), func(s *stage) {
				refused := s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: heavyTopic, Err: err, Count: 6})
				s.start()
				s.write(400)
				s.settle()
				if refused.Hits() == 0 {
					s.Error("nothing was refused")
				}
			})
		})
	}
}

// TestFailedWrite is a write that fails for good in the middle of others. What
// comes after it must not be written: at the next start it would stand before
// what is written again.
func TestFailedWrite(t *testing.T) {
	w := quiet()
	w.Inputs, w.Batch, w.InFlight, w.Pause, w.Graceful = 1, 8, 100, 10*time.Millisecond, false
	for after := range 8 {
		onStage(t, w, func(s *stage) {
			s.write(600)
			left := after
			s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: lightTopic, Err: kerr.TopicAuthorizationFailed, When: func(kmsg.Request) bool {
				left--
				return left < 0
			}})
			m := s.start()
			m.toOut.delay(0, 5*time.Millisecond)
			s.fails(m, time.Minute, "topic light", "grant WRITE")
			s.start()
			s.settle()
		})
	}
}

// TestStalledSink is back-pressure: ten minutes without an answer stop the
// reading and nothing else. What is in flight is bounded in records, or in bytes
// where those are the less.
func TestStalledSink(t *testing.T) {
	const bytes = 20_000
	for _, option := range []string{"", fmt.Sprintf("source.max_in_flight_bytes=%d", bytes)} {
		t.Run(option, func(t *testing.T) { stallSink(t, option, bytes) })
	}
}

func stallSink(t *testing.T, option string, most int) {
	w := quiet()
	if option != "" {
		w.Options = []string{option}
	}
	onStage(t, w, func(s *stage) {
		m := s.start()
		s.write(50)
		s.settle()
		rebalances, generation := m.source.Rebalances(), s.GroupInfo(group).Epoch
		m.toOut.stall()
		s.write(1000)
		time.Sleep(10 * time.Minute)
		if held := m.pipeline.Stats().InFlight; held == 0 || held > uint64(s.world.InFlight) {
			s.Errorf("%d events in flight, want some and at most %d", held, s.world.InFlight)
		}
		if _, held := m.source.InFlight(); option != "" && (held < most/2 || held > most*5/4) {
			s.Errorf("%d bytes in flight, want about %d", held, most)
		}
		if got := m.source.Rebalances(); got != rebalances || s.GroupInfo(group).Epoch != generation {
			s.Errorf("the stall cost a rebalance: %d, were %d; generation %d, was %d", got, rebalances, s.GroupInfo(group).Epoch, generation)
		}
		m.toOut.release()
		s.settle()
	})
}

// TestBrokerRestarts is an outage of all there is. The client gives up its
// membership at the first heartbeat that finds nobody, so records are read twice.
func TestBrokerRestarts(t *testing.T) {
	w := quiet()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		s.start()
		for range 3 {
			s.write(100)
			time.Sleep(300 * time.Millisecond)
			s.network.outage(s.address(0), true)
			time.Sleep(3 * time.Second)
			s.network.outage(s.address(0), false)
		}
		s.settle()
	})
}

// TestBrokersAway: after a while without any answer the source says so, and that
// they are back with the first answer. The sink has nothing to write meanwhile,
// and does not ask.
func TestBrokersAway(t *testing.T) {
	w := quiet()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		m := s.start()
		s.write(100)
		time.Sleep(5 * time.Second)
		says := func(when string, away bool) {
			t.Helper()
			if got := m.source.Away(); strings.HasPrefix(got, "no broker answers: ") != away {
				t.Errorf("%s: source away %q", when, got)
			}
			if got := m.sink.Away(); got != "" {
				t.Errorf("%s: sink away %q", when, got)
			}
		}
		says("at rest", false)
		s.network.outage(s.address(0), true)
		time.Sleep(time.Minute)
		says("in the outage", true)
		s.network.outage(s.address(0), false)
		time.Sleep(15 * time.Second)
		says("after it", false)
		s.settle()
	})
}

// TestBrokerHangsUp is a broker that accepts connections and closes them at the
// first request, as one does that is about to stop, at every moment of the
// sink's start.
func TestBrokerHangsUp(t *testing.T) {
	for after := range 40 {
		onStage(t, quiet(), func(s *stage) {
			s.write(20)
			m := s.start()
			time.Sleep(time.Duration(after) * time.Millisecond)
			m.toOut.loseAnswers(2)
			s.settle()
		})
	}
}

func TestRevokeWithLateAcks(t *testing.T) {
	w := quiet()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		m1 := s.start()
		s.write(50)
		s.settle()
		m1.toOut.delay(0, 0)
		m1.toOut.stall()
		s.write(100)
		time.Sleep(time.Second)
		m2 := s.start()
		time.Sleep(s.world.Rebalance) // twice what a revoke waits
		if s.assigned(m2) != 1 {
			s.Errorf("%s has %d partitions, want 1", m2.name, s.assigned(m2))
		}
		m1.toOut.release() // here come the acks of what was taken away
		s.settle()
		if m1.pipeline.Stats().Delivered+m2.pipeline.Stats().Delivered <= 150 {
			s.Error("nothing was delivered twice: no ack was late")
		}
	})
}

// TestRevokeDuringDrain is a member that is told to stop, cannot get rid of its
// events, and loses its partitions to another one before it can.
func TestRevokeDuringDrain(t *testing.T) {
	w := quiet()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		m1 := s.start()
		s.write(50)
		s.settle()
		m1.toOut.stall()
		s.write(100)
		time.Sleep(time.Second)
		m1.leave()
		m2 := s.start()
		time.Sleep(15 * time.Second)
		if s.assigned(m2) == 0 {
			s.Errorf("%s waits for the drain of %s", m2.name, m1.name)
		}
		m1.toOut.release()
		if err := s.ended(m1, time.Minute); err != nil {
			s.Error(err)
		}
		s.settle()
	})
}

// TestLeaveWhileJoining is a member that is told to stop while the group waits
// for the drain of another.
func TestLeaveWhileJoining(t *testing.T) {
	w := quiet()
	w.Assignor, w.Session, w.Rebalance = "range,roundrobin", 50*time.Second, time.Minute
	onStage(t, w, func(s *stage) {
		m1 := s.start()
		s.write(50)
		s.settle()
		m1.toOut.stall()
		s.write(100)
		time.Sleep(time.Second)
		m2 := s.start()
		time.Sleep(5 * time.Second)
		m2.leave()
		if err := s.ended(m2, 10*time.Second); err != nil {
			s.Error(err)
		}
		m1.toOut.release()
		s.settle()
	})
}

// TestBoundedRun ends two members once the group is at the ends that they saw,
// with the marker of an aborted transaction as the last record.
func TestBoundedRun(t *testing.T) {
	w := quiet()
	w.Transactions, w.Bounded = true, true
	onStage(t, w, func(s *stage) {
		for _, end := range []bool{true, true, false} {
			if err := s.load.transaction(s.ctx, 60, end); err != nil {
				s.Fatal(err)
			}
		}
		m1, m2 := s.start(), s.start()
		for _, m := range []*Member{m1, m2} {
			if err := s.ended(m, time.Minute); err != nil {
				s.Error(err)
			}
		}
		if lag := s.lag(); lag != 0 {
			s.Errorf("the group lags by %d records", lag)
		}
	})
}

func TestStopPolicy(t *testing.T) {
	w := quiet()
	w.Inputs, w.OnReject, w.Graceful = 1, pipeline.Rule{}, false // the rest of the guilty batch is read again
	r := onStage(t, w, func(s *stage) {
		s.write(100)
		m := s.start()
		s.fails(m, time.Minute, "on_error: stop", "as the model says")
		var stop *pipeline.StopError
		if !errors.As(m.err, &stop) {
			s.Fatalf("ended with %v, want a StopError", m.err)
		}
		if got := s.committed(0); got != stop.Offset {
			s.Errorf("committed %d, want the guilty event's %d", got, stop.Offset)
		}
		s.world.OnReject.Then = pipeline.DeadLetter
		s.start()
		s.settle()
	})
	if r.Totals.Duplicates > 0 {
		t.Errorf("%d outputs are there twice", r.Totals.Duplicates)
	}
}

func TestMissingSinkTopic(t *testing.T) {
	onStage(t, quiet(), func(s *stage) {
		s.write(100)
		if err := s.DeleteTopic(heavyTopic); err != nil {
			s.Fatal(err)
		}
		s.fails(s.start(), time.Minute, "topic heavy", "does not exist", "weir topics apply")
		if err := s.CreateTopic(heavyTopic, 2, nil); err != nil {
			s.Fatal(err)
		}
		s.world.Graceful = false // what was written to the other topics is written again
		s.start()
		s.settle()
	})
}

// TestStuckProcessor shows that a processor that does not come back does not
// keep its partition.
func TestStuckProcessor(t *testing.T) {
	w := quiet()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		s.stuck = make(chan struct{})
		m := s.start()
		s.write(100)
		s.fails(m, 2*time.Minute, "a batch has been in the processors for 10s", "max_poll_interval_ms")
		close(s.stuck)
		s.start()
		s.settle()
	})
}

func TestInconsistentGroupProtocol(t *testing.T) {
	onStage(t, quiet(), func(s *stage) {
		s.write(50)
		s.start()
		s.settle()
		s.world.Assignor = "range,roundrobin"
		s.fails(s.start(), time.Minute, "consumer group "+group, "partition.assignment.strategy", "INCONSISTENT_GROUP_PROTOCOL")
	})
}

func TestGroupAuthorization(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.JoinGroup, kmsg.FindCoordinator} {
		t.Run(fmt.Sprint(key.Name()), func(t *testing.T) {
			onStage(t, quiet(), func(s *stage) {
				denied := s.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Group: group, Err: kerr.GroupAuthorizationFailed, Count: -1})
				s.fails(s.start(), time.Minute, "consumer group "+group, "grant READ on group weir to User:ANONYMOUS")
				denied.Remove()
				s.write(50)
				s.start()
				s.settle()
			})
		})
	}
}
