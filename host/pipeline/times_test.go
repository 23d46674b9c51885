package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
)

// slow is a processor that takes a time for each batch and, in its first call,
// fails every event.
type slow struct {
	takes  time.Duration
	failed *bool
}

func (s slow) Process(_ context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	time.Sleep(s.takes)
	if s.failed != nil && !*s.failed {
		*s.failed = true
		for i := range in {
			fail(i, &event.Failure{Class: event.Reject, Message: "once", Attempt: 1})
		}
		return out, nil
	}
	return append(out, in...), nil
}

func (slow) Close(context.Context) error { return nil }

// only lists the buckets that are not as the one below, by their bounds.
func only(t Times) map[time.Duration]uint64 {
	got := map[time.Duration]uint64{}
	below := uint64(0)
	for _, bound := range timeBounds {
		if n := t.Within[bound]; n != below {
			got[bound], below = n, n
		}
	}
	return got
}

// TestTimes follows one batch of three events by the clock: two processors, of
// which one has to try again and does not count the wait before, a sink that is
// full, and brokers that take their time.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &collector{blocked: make(chan struct{}), hold: true}
		src := oneEvent(func(context.Context, <-chan struct{}) {
			time.Sleep(time.Hour)
			close(sink.blocked)
			synctest.Wait()
			time.Sleep(time.Minute)
			sink.held[0](nil)
			synctest.Wait()
		})
		src.polls[0].texts = []string{"a", "b", "c"}
		opens := func(s slow) func(context.Context) (Processor, error) {
			return func(context.Context) (Processor, error) { return s, nil }
		}
		again := All(Rule{Then: Stop, Retry: Retry{Max: 1, Backoff: time.Second, MaxBackoff: time.Second}})
		p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{
			{Name: "again", OnError: again, Open: opens(slow{takes: 10 * time.Millisecond, failed: new(bool)})},
			{Name: "even", Open: opens(slow{takes: 300 * time.Millisecond})},
		}}, src, sink)
		if err := p.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		s := p.Stats()
		type result struct {
			Again, Even         time.Duration
			Processing, Latency map[time.Duration]uint64
			Batches, Events     uint64
			Spent, Took         time.Duration
		}
		// again: once all three, then each alone.
		want := result{
			Again: 40 * time.Millisecond, Even: 300 * time.Millisecond,
			Processing: map[time.Duration]uint64{500 * time.Millisecond: 1}, Latency: map[time.Duration]uint64{},
			Batches: 1, Events: 3, Spent: 340 * time.Millisecond, Took: 3 * (time.Hour + time.Minute),
		}
		got := result{
			Again: s.Steps[0].Spent, Even: s.Steps[1].Spent,
			Processing: only(s.Processing), Latency: only(s.Latency),
			Batches: s.Processing.Count, Events: s.Latency.Count, Spent: s.Processing.Spent, Took: s.Latency.Spent,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestTimesBuckets puts times at and beside bounds.
func TestTimesBuckets(t *testing.T) {
	var h times
	for _, took := range []time.Duration{0, 100 * time.Microsecond, 101 * time.Microsecond, time.Minute} {
		h.observe(took, 1)
	}
	h.observe(time.Hour, 5)
	got := h.read()
	want := map[time.Duration]uint64{100 * time.Microsecond: 2, 250 * time.Microsecond: 3, time.Minute: 4}
	if diff := cmp.Diff(want, only(got)); diff != "" || got.Count != 9 || got.Spent != 5*time.Hour+time.Minute+201*time.Microsecond {
		t.Errorf("%d in %v (-want +got)\n%s", got.Count, got.Spent, diff)
	}
}
