package simulation

import (
	"testing"
	"time"
)

// alone is a world of one source that reads chosen partitions.
func alone(inputs int, options ...string) World {
	w := quiet()
	w.Inputs, w.Chosen, w.Options = inputs, true, options
	return w
}

// written is the end of an input partition.
func (s *stage) written(partition int) uint64 {
	return uint64(s.PartitionInfos(inputTopic)[partition].HighWatermark)
}

// TestChosenPartitions reads some of the partitions, commits for those only, and
// goes on there at the next start.
func TestChosenPartitions(t *testing.T) {
	aside(t, alone(4, "source.partitions=1,3"), func(s *stage) {
		s.write(100)
		m := s.start()
		first := s.written(1) + s.written(3)
		s.consumed(m, first)
		m.leave()
		if err := s.ended(m, time.Minute); err != nil {
			s.Error(err)
		}
		s.write(40)
		s.consumed(s.start(), s.written(1)+s.written(3)-first)
		for partition, want := range []int64{-1, int64(s.written(1)), -1, int64(s.written(3))} {
			if got := s.committed(int32(partition)); got != want {
				s.Errorf("partition %d: committed %d, want %d", partition, got, want)
			}
		}
	})
}

// TestChosenAtOnce has two sources that share a group and the partitions of a
// topic, without any member.
func TestChosenAtOnce(t *testing.T) {
	w := alone(2, "source.partitions=0")
	other := append(w.Options[:0:0], "source.partitions=1")
	aside(t, w, func(s *stage) {
		first := s.start()
		s.world.Options = other
		second := s.start()
		for range 10 {
			s.write(20)
			time.Sleep(700 * time.Millisecond)
		}
		s.consumed(first, s.written(0))
		s.consumed(second, s.written(1))
		s.settle()
		for _, m := range []*Member{first, second} {
			m.leave()
			if err := s.ended(m, time.Minute); err != nil {
				s.Error(err)
			}
		}
	})
}

// TestChosenToTheEnd ends a bounded run when the chosen partitions are done.
func TestChosenToTheEnd(t *testing.T) {
	w := alone(3, "source.partitions=2")
	w.Bounded = true
	aside(t, w, func(s *stage) {
		s.write(90)
		m := s.start()
		if err := s.ended(m, time.Minute); err != nil {
			s.Error(err)
		}
		want := s.written(2)
		if got := m.pipeline.Stats().Consumed; got != want {
			s.Errorf("consumed %d, want %d", got, want)
		}
		if got := s.committed(2); got != int64(want) {
			s.Errorf("committed %d, want %d", got, want)
		}
	})
}

func TestChosenPartitionMissing(t *testing.T) {
	aside(t, alone(2, "source.partitions=0,2-7"), func(s *stage) {
		s.fails(s.start(), 10*time.Second, "topic in: there is no partition 7", "it has 2, numbers 0 to 1", "mend partitions")
	})
}

// TestChosenTopicMissing waits for the topic, but not at a bounded run.
func TestChosenTopicMissing(t *testing.T) { missingTopic(t, func() World { return alone(1) }) }

// TestChosenBesideMembers is a group that has members: before the source begins,
// and while it reads.
func TestChosenBesideMembers(t *testing.T) {
	aside(t, alone(1), func(s *stage) {
		s.world.Chosen = false
		s.start()
		s.write(10)
		s.settle()
		s.world.Chosen = true
		s.fails(s.start(), 10*time.Second, "group weir", "it has members, 1 of them", "a group_id of its own")
	})
	aside(t, alone(1), func(s *stage) {
		m := s.start()
		s.write(10)
		s.settle()
		s.world.Chosen = false
		s.start()
		time.Sleep(10 * time.Second)
		s.write(10)
		s.fails(m, 10*time.Second, "group weir", "UNKNOWN_MEMBER_ID", "a group_id of its own")
	})
}
