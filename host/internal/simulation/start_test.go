package simulation

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// aside plays a scenario in which the input itself changes, so that the checks
// of a seed would not apply.
func aside(t *testing.T, w World, script func(*stage)) {
	t.Helper()
	requireBubbles(t)
	synctest.Test(t, func(t *testing.T) {
		h := newHistory(echo())
		_, err := perform(w, Mutation{}, echo(), func(ctx context.Context, c *Cluster, l *load) error {
			h = c.history
			script(&stage{c, t, l, ctx})
			c.stopAll()
			return fmt.Errorf("not checked")
		})
		if err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Log(h)
		}
	})
}

// bothWays plays a scenario with a member of the group, and with one that chooses
// the partitions instead: whatever happens to a topic, both do the same.
func bothWays(t *testing.T, w World, script func(*stage)) {
	t.Helper()
	t.Run("member", func(t *testing.T) { aside(t, w, script) })
	w.Chosen = true
	t.Run("chosen", func(t *testing.T) { aside(t, w, script) })
}

// consumed waits until a member has taken so many records, and no more.
func (s *stage) consumed(m *Member, want uint64) {
	s.Helper()
	begin := time.Now()
	for m.pipeline.Stats().Consumed < want && time.Since(begin) < recovery {
		time.Sleep(200 * time.Millisecond)
	}
	time.Sleep(5 * time.Second)
	if got := m.pipeline.Stats().Consumed; got != want {
		s.Errorf("%s consumed %d records, want %d", m.name, got, want)
	}
}

// admin makes an administrator's client.
func (s *stage) admin() *kadm.Client {
	s.Helper()
	client, err := s.client()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// commit makes the group commit an offset of partition 0.
func (s *stage) commit(offset int64) {
	s.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(inputTopic, 0, offset, -1)
	if err := s.admin().CommitAllOffsets(s.ctx, group, offsets); err != nil {
		s.Fatal(err)
	}
}

// recreate deletes the input topic and makes another one of its name.
func (s *stage) recreate() {
	s.Helper()
	if err := s.DeleteTopic(inputTopic); err != nil {
		s.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if err := s.CreateTopic(inputTopic, int32(s.world.Inputs), nil); err != nil {
		s.Fatal(err)
	}
	client, err := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(client.Close)
	s.load.client.Close()
	s.load.client = client
}

func single(options ...string) World {
	w := quiet()
	w.Inputs, w.Options = 1, options
	return w
}

// TestTopicRecreated replaces the topic under a member that reads it.
func TestTopicRecreated(t *testing.T) {
	for policy, again := range map[string]uint64{"earliest": 40, "latest": 0} {
		t.Run(policy, func(t *testing.T) {
			bothWays(t, single("source.on_topic_recreated="+policy, "source.topic.metadata.refresh.interval.ms=1000"), func(s *stage) {
				m := s.start()
				s.write(100)
				s.consumed(m, 100)
				s.recreate()
				s.write(40)
				time.Sleep(time.Minute)
				s.write(10)
				s.consumed(m, 110+again)
				if got := s.committed(0); got != 50 {
					s.Errorf("committed %d, want 50", got)
				}
				m.leave()
				if err := s.ended(m, time.Minute); err != nil {
					s.Error(err)
				}
			})
		})
	}
	t.Run("fail", func(t *testing.T) {
		bothWays(t, single("source.topic.metadata.refresh.interval.ms=1000"), func(s *stage) {
			m := s.start()
			s.write(100)
			s.consumed(m, 100)
			s.recreate()
			s.write(40)
			s.fails(m, 2*time.Minute, "topic in", "deleted and created again", "on_topic_recreated")
		})
	})
}

// TestBeyondTheEnd starts where the group has committed more than there is.
func TestBeyondTheEnd(t *testing.T) {
	for policy, want := range map[string]uint64{"earliest": 30, "latest": 10} {
		t.Run(policy, func(t *testing.T) {
			bothWays(t, single("source.on_topic_recreated="+policy), func(s *stage) {
				s.write(20)
				s.commit(500)
				m := s.start()
				time.Sleep(30 * time.Second)
				s.write(10)
				s.consumed(m, want)
				if got := s.committed(0); got != 30 {
					s.Errorf("committed %d, want 30", got)
				}
			})
		})
	}
	t.Run("fail", func(t *testing.T) {
		bothWays(t, single(), func(s *stage) {
			s.write(20)
			s.commit(500)
			m := s.start()
			s.fails(m, time.Minute, "committed offset 500", "the log ends at 20", "on_topic_recreated")
			if got := m.pipeline.Stats().Consumed; got != 0 {
				s.Errorf("%d records were read", got)
			}
			if got := s.committed(0); got != 500 {
				s.Errorf("committed %d, want what it was", got)
			}
		})
	})
}

// TestRetentionOvertakes lets the log begin behind what the group has done:
// while nobody reads, and while the sink stalls.
func TestRetentionOvertakes(t *testing.T) {
	bothWays(t, single(), func(s *stage) {
		s.write(100)
		s.commit(10)
		if err := s.DeleteRecords(inputTopic, 0, 40); err != nil {
			s.Fatal(err)
		}
		m := s.start()
		s.consumed(m, 60)
		if got := m.source.Skipped(); got != 30 {
			s.Errorf("%d offsets skipped, want 30", got)
		}
		m.toOut.stall()
		s.write(1000)
		time.Sleep(time.Minute)
		read := 40 + int64(m.pipeline.Stats().Consumed)
		if err := s.DeleteRecords(inputTopic, 0, 1050); err != nil {
			s.Fatal(err)
		}
		m.toOut.release()
		s.settle()
		if got, most := m.source.Skipped()-30, uint64(1050-read); got == 0 || got > most {
			s.Errorf("%d offsets skipped, want some and at most %d", got, most)
		}
		if got := m.pipeline.Stats().Consumed + m.source.Skipped() - 30; got != 1060 {
			s.Errorf("%d records consumed or skipped, want 1060", got)
		}
	})
	t.Run("latest", func(t *testing.T) {
		bothWays(t, single("source.auto_offset_reset=latest"), func(s *stage) {
			s.write(100)
			s.commit(10)
			if err := s.DeleteRecords(inputTopic, 0, 40); err != nil {
				s.Fatal(err)
			}
			m := s.start()
			time.Sleep(10 * time.Second)
			s.write(5)
			s.consumed(m, 5)
			if got := m.source.Skipped(); got != 90 {
				s.Errorf("%d offsets skipped, want 90", got)
			}
		})
	})
	t.Run("error", func(t *testing.T) {
		bothWays(t, single("source.auto_offset_reset=error"), func(s *stage) {
			s.write(100)
			s.commit(10)
			if err := s.DeleteRecords(inputTopic, 0, 40); err != nil {
				s.Fatal(err)
			}
			s.fails(s.start(), time.Minute, "the committed offset is gone from the log", "auto_offset_reset")
		})
	})
}

// TestStart begins where the options say, and once only.
func TestStart(t *testing.T) {
	for _, test := range []struct {
		option string
		want   uint64
	}{
		{"from=earliest", 100}, {"from=latest", 0}, {"from=30", 70}, {"from=1000", 0},
		{"from=2000-01-01T00:00:00Z", 100}, {"from=2000-01-01T00:05:00Z", 40}, {"from=2030-01-01T00:00:00Z", 0},
		{"auto_offset_reset=latest", 0},
	} {
		t.Run(test.option, func(t *testing.T) {
			bothWays(t, single("source."+test.option), func(s *stage) {
				s.write(60)
				time.Sleep(10 * time.Minute) // the clock begins with the year 2000
				s.write(40)
				m := s.start()
				time.Sleep(10 * time.Second)
				s.write(10)
				s.consumed(m, test.want+10)
				if got := s.committed(0); got != 110 {
					s.Errorf("committed %d, want 110", got)
				}
				m.leave()
				if err := s.ended(m, time.Minute); err != nil {
					s.Error(err)
				}
				s.write(10)
				s.consumed(s.start(), 10)
			})
		})
	}
	t.Run("error", func(t *testing.T) {
		bothWays(t, single("source.auto_offset_reset=error"), func(s *stage) {
			s.write(10)
			s.fails(s.start(), time.Minute, "topic in partition 0", "no committed offset", "set from")
		})
	})
}

// TestPartitionsAdded reads a partition that was made while the source ran from
// its start, wherever the others began.
func TestPartitionsAdded(t *testing.T) {
	for _, option := range []string{"auto_offset_reset=earliest", "auto_offset_reset=latest", "from=2030-01-01T00:00:00Z"} {
		t.Run(option, func(t *testing.T) {
			aside(t, single("source."+option, "source.topic.metadata.refresh.interval.ms=20000"), func(s *stage) {
				m := s.start()
				time.Sleep(10 * time.Second)
				s.write(10)
				s.consumed(m, 10)
				if _, err := s.admin().CreatePartitions(s.ctx, 1, inputTopic); err != nil {
					s.Fatal(err)
				}
				client, err := s.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
				if err != nil {
					s.Fatal(err)
				}
				defer client.Close()
				s.load.client.Close()
				s.load.client, s.load.next = client, append(s.load.next, 0)
				s.write(30) // before the source sees the partition
				s.consumed(m, 40)
			})
		})
	}
}
