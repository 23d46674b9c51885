package simulation

import (
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/pipeline"
)

// quietTransactions is a quiet world that delivers exactly once.
func quietTransactions() World {
	w := quiet()
	w.ExactlyOnce, w.Interval, w.Timeout = true, 100*time.Millisecond, 10*time.Second
	return w
}

// TestTransactionsEndBeforeARevoke: members come and go in good order, and no
// transaction is lost by it, however partitions are shared.
func TestTransactionsEndBeforeARevoke(t *testing.T) {
	for _, assignor := range []string{"cooperative-sticky", "range,roundrobin"} {
		for _, version := range []string{"", "3.9.0"} {
			t.Run(assignor+" "+version, func(t *testing.T) {
				w := quietTransactions()
				w.Inputs, w.Assignor, w.Version, w.Interval = 4, assignor, version, time.Second
				onStage(t, w, func(s *stage) {
					m := s.start()
					for range 6 {
						s.write(200)
						time.Sleep(700 * time.Millisecond)
						next := s.start()
						s.write(100)
						time.Sleep(1300 * time.Millisecond)
						m.leave()
						m = next
					}
					s.write(100)
					s.settle()
					for _, m := range s.all() {
						if stats := m.transactions.Stats(); stats.Committed == 0 || stats.Aborted > 0 {
							s.Errorf("%s: %d transactions committed, %d aborted", m.name, stats.Committed, stats.Aborted)
						}
					}
				})
			})
		}
	}
}

// TestTransactionalIDTwice: of two members with one transactional id the newer
// one wins, and the older one says why it stops.
func TestTransactionalIDTwice(t *testing.T) {
	w := quietTransactions()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		s.crowded = true
		older := s.start()
		s.write(300)
		time.Sleep(500 * time.Millisecond)
		s.start()
		s.write(300)
		s.fails(older, time.Minute, "transactional id weir-host-0", "another process has begun to use", "transactional_id")
		s.settle()
	})
}

// TestTransactionTimesOut: brokers abort what stays open for too long. It is read
// again, by the same process.
func TestTransactionTimesOut(t *testing.T) {
	for _, version := range []string{"", "3.9.0"} {
		w := quietTransactions()
		w.Version, w.Graceful, w.Timeout = version, false, 3*time.Second
		onStage(t, w, func(s *stage) {
			m := s.start()
			s.write(100)
			s.settle()
			s.write(400)
			time.Sleep(20 * time.Millisecond)
			m.toOut.stall()
			time.Sleep(20 * time.Second)
			m.toOut.release()
			s.settle()
			if stats := m.transactions.Stats(); stats.Aborted == 0 {
				s.Error("no transaction was aborted")
			}
		})
	}
}

// TestCommitOfUnknownOutcome: the answer to the end of a transaction never comes,
// whether the brokers did it or not.
func TestCommitOfUnknownOutcome(t *testing.T) {
	for _, done := range []bool{true, false} {
		w := quietTransactions()
		w.Graceful = false
		onStage(t, w, func(s *stage) {
			m := s.start()
			s.write(50)
			s.settle()
			hit := make(chan struct{}, 1)
			s.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
				select {
				case hit <- struct{}{}:
				default:
				}
				if done {
					return nil, nil, false
				}
				return nil, errors.New("dropped"), true
			})
			s.write(200)
			<-hit
			m.toOut.sever()
			time.Sleep(40 * time.Second)
			m.toOut.mend()
			s.settle()
		})
	}
}

// TestShortConnections: no connection lives for longer than a second and a half,
// on either side, and the work goes on.
func TestShortConnections(t *testing.T) {
	for _, version := range []string{"", "3.9.0"} {
		w := quietTransactions()
		w.Version, w.Graceful, w.Brokers = version, false, 2
		onStage(t, w, func(s *stage) {
			for range 2 {
				s.start()
			}
			for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); {
				s.write(40)
				time.Sleep(s.network.between(250*time.Millisecond, 750*time.Millisecond))
				for _, m := range s.running() {
					m.toIn.kill()
					time.Sleep(s.network.between(0, 250*time.Millisecond))
					m.toOut.kill()
				}
			}
			if behind := s.lag(); behind > 2000 {
				s.Errorf("the group lags by %d records: the work does not go on", behind)
			}
			s.settle()
			for _, m := range s.all() {
				if stats := m.transactions.Stats(); stats.Committed < 50 {
					s.Errorf("%s committed %d transactions in two minutes", m.name, stats.Committed)
				}
			}
		})
	}
}

// TestDenied: what brokers refuse for good stops the pipeline and says what to
// grant or change.
func TestDenied(t *testing.T) {
	for _, test := range []struct {
		key  kmsg.Key
		err  *kerr.Error
		want string
	}{
		{kmsg.InitProducerID, kerr.TransactionalIDAuthorizationFailed, "grant WRITE and DESCRIBE on transactional id weir-host-0 to User:ANONYMOUS"},
		{kmsg.FindCoordinator, kerr.TransactionalIDAuthorizationFailed, "grant WRITE and DESCRIBE on transactional id weir-host-0 to User:ANONYMOUS"},
		{kmsg.InitProducerID, kerr.ClusterAuthorizationFailed, "grant IDEMPOTENT_WRITE on the cluster to User:ANONYMOUS"},
		{kmsg.InitProducerID, kerr.InvalidTransactionTimeout, "transaction.timeout.ms is 10s, above the brokers' transaction.max.timeout.ms"},
		{kmsg.TxnOffsetCommit, kerr.GroupAuthorizationFailed, "grant READ on group weir to User:ANONYMOUS"},
		{kmsg.TxnOffsetCommit, kerr.TopicAuthorizationFailed, "grant READ on the topics of the source to User:ANONYMOUS"},
		{kmsg.EndTxn, kerr.TransactionalIDAuthorizationFailed, "grant WRITE and DESCRIBE on transactional id weir-host-0"},
	} {
		t.Run(test.key.Name()+" "+test.err.Message, func(t *testing.T) {
			w := quietTransactions()
			w.Graceful = false
			onStage(t, w, func(s *stage) {
				denied := s.Fault(kfake.Fault{Keys: []kmsg.Key{test.key}, Err: test.err, Count: -1, When: func(r kmsg.Request) bool {
					if find, ok := r.(*kmsg.FindCoordinatorRequest); ok {
						return find.CoordinatorType == 1
					}
					return ofMember(r)
				}})
				s.write(50)
				s.fails(s.start(), time.Minute, "transactional id weir-host-0", test.want)
				denied.Remove()
				s.start()
				s.settle()
			})
		})
	}
}

func TestBrokersAreTooOld(t *testing.T) {
	w := quietTransactions()
	w.Version = "2.4.0"
	onStage(t, w, func(s *stage) {
		s.fails(s.start(), time.Minute, "older than Kafka 2.5", "delivery to at_least_once")
	})
}

func TestBoundedRunInTransactions(t *testing.T) {
	w := quietTransactions()
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

// TestStopPolicyInTransactions: what lies before the guilty event is committed
// with its outputs, and nothing behind it.
func TestStopPolicyInTransactions(t *testing.T) {
	w := quietTransactions()
	w.Inputs, w.Graceful = 1, false
	w.OnReject = pipeline.Rule{}
	onStage(t, w, func(s *stage) {
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
}

// TestFailedWriteInTransactions: a write that fails for good aborts the
// transaction that it was in, and with it what else was written there.
func TestFailedWriteInTransactions(t *testing.T) {
	w := quietTransactions()
	w.Graceful = false
	onStage(t, w, func(s *stage) {
		denied := s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: heavyTopic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		s.write(200)
		s.fails(s.start(), time.Minute, "sink: topic heavy", "grant WRITE")
		if records := s.committed(0) + s.committed(1); records > 0 {
			s.Errorf("committed %d records of a transaction that failed", records)
		}
		denied.Remove()
		s.start()
		s.settle()
	})
}
