package simulation

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/pipeline"
)

// staleness is how old the marks of a commit may be when it arrives.
const staleness = 5 * time.Second

// replays checks how much is read twice. When a session goes on where a commit
// of the session before says, what that one had begun behind it is bounded: by
// what a member may have in flight, and by what it began since.
func (k *checker) replays() {
	slices.SortFunc(k.read, func(a, b *session) int { return a.begun[0].at.Compare(b.begun[0].at) })
	last := map[int32]*session{}
	for _, next := range k.read {
		s := last[next.partition]
		last[next.partition] = next
		if s == nil {
			continue
		}
		start := slices.MinFunc(next.begun, func(a, b begun) int { return cmp.Compare(a.offset, b.offset) }).offset
		since, ok := k.committedBy(s, start)
		if !ok {
			continue
		}
		again := 0
		for _, b := range s.begun {
			if b.offset >= start && b.at.Before(since.Add(-staleness)) {
				again++
			}
		}
		if again > k.world.InFlight {
			k.fault("%s read %d records of partition %d again from %d on that %s had begun long before it committed that; at most %d may be in flight",
				next.member.name, again, next.partition, start, s.member.name, k.world.InFlight)
		}
	}
}

// committedBy is when a session first asked to commit an offset.
func (k *checker) committedBy(s *session, offset int64) (time.Time, bool) {
	for _, c := range k.committed {
		if c.current && c.partition == s.partition && c.offset == offset && c.at.After(s.begun[0].at) && strings.HasPrefix(c.member, s.member.name+"-") {
			return c.at, true
		}
	}
	return time.Time{}, false
}

// books are what a member says that became of its events.
type books struct {
	Consumed, Delivered, Dropped, Filtered, DeadLettered uint64
	Produced                                             map[string]uint64
}

// member checks how a member ended and its books.
func (k *checker) member(m *Member) {
	switch {
	case m.cut.Load():
		if m.err != nil && !errors.Is(m.err, errKilled) {
			k.fault("%s: killed, but ended with: %v", m.name, m.err)
		}
	case m.err != nil && !m.mayFail.Load():
		k.fault("%s: failed: %v", m.name, m.err)
	}
	stats := m.pipeline.Stats()
	want, got := k.expected(m), recorded(stats, m.sink.Produced())
	if stats.InFlight == 0 && stats.Abandoned == 0 {
		if text := diff.Diff(want, got); text != "" {
			k.fault("%s: the books differ from what it read (-want +got):\n%s", m.name, text)
		}
		return
	}
	// A batch is cut before an event that waits for another attempt, and one of
	// a transaction that is not committed is given up.
	givesUp := k.world.OnReject.Retry.Max > 0 || k.world.ExactlyOnce
	if !m.cut.Load() && !m.mayFail.Load() && !(givesUp && stats.InFlight == 0) {
		k.fault("%s: ended in good order with %d events in flight and %d abandoned", m.name, stats.InFlight, stats.Abandoned)
	}
	if k.world.Lanes > 1 && got.Consumed > want.Consumed { // given up on the way to the processors
		want.Consumed = min(got.Consumed, want.Consumed+stats.Abandoned)
	}
	if want.Consumed != got.Consumed || got.Delivered > want.Delivered || got.Dropped > want.Dropped ||
		got.Filtered > want.Filtered || got.DeadLettered > want.DeadLettered {
		k.fault("%s: the books say more than it read:\n%s", m.name, diff.Diff(want, got))
	}
}

// expected derives the books of a member from what entered its processors.
func (k *checker) expected(m *Member) books {
	b := books{Produced: map[string]uint64{}}
	for _, s := range k.read {
		if s.member != m {
			continue
		}
		for _, begun := range s.begun {
			in := k.at(s.partition, begun.offset)
			if in == nil {
				continue
			}
			b.Consumed++
			switch fateOf(in.origin) {
			case filtered:
				b.Filtered++
			case dropped:
				b.Dropped++
			case rejected:
				b.DeadLettered++
			default:
				b.Delivered++
			}
			for _, topic := range outputsOf(in.origin) {
				b.Produced[topic]++
			}
		}
	}
	return b
}

func recorded(stats pipeline.Stats, produced map[string]uint64) books {
	b := books{Consumed: stats.Consumed, Delivered: stats.Delivered, Produced: map[string]uint64{}}
	for _, s := range stats.Steps {
		b.Dropped += s.Dropped
		b.Filtered += s.Filtered
		for _, n := range s.DeadLettered {
			b.DeadLettered += n
		}
	}
	for topic, n := range produced {
		if n > 0 {
			b.Produced[topic] = n
		}
	}
	return b
}

// topics checks the sum of the books against the topics.
func (k *checker) topics() {
	exact := true
	sum := map[string]int{}
	for _, m := range k.all() {
		stats := m.pipeline.Stats()
		exact = exact && stats.InFlight == 0 && stats.Abandoned == 0
		for topic, n := range m.sink.Produced() {
			sum[topic] += int(n)
		}
	}
	for _, topic := range outputTopics {
		got, told := k.byTopic[topic], sum[topic]
		if k.world.ExactlyOnce { // some of what they wrote was aborted
			if got > told {
				k.fault("topic %s has %d committed records, the members say that they wrote %d", topic, got, told)
			}
			continue
		}
		if got < told || exact && got != told {
			k.fault("topic %s has %d records, the members say that they wrote %d", topic, got, told)
		}
	}
}
