package kafka

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// second makes a time of the log that the tests tell.
func second(n int64) time.Time { return time.Unix(1700000000+n, 0) }

// read makes what a poll gives: records from offset first to last, each one a
// second younger than the one before, which are at that second of the log.
func read(first, last int64) *polled {
	var records []*kgo.Record
	for o := first; o <= last; o++ {
		records = append(records, &kgo.Record{Offset: o, Timestamp: second(o)})
	}
	return newPolled(&event.Partition{Topic: "in"}, records, -1)
}

func TestProgress(t *testing.T) {
	type lag struct {
		Records int64
		Age     time.Duration
		Known   bool
	}
	for name, test := range map[string]struct {
		do   func(g *progress)
		at   int64 // the second in which it is asked
		want lag
	}{
		"of nothing":                      {func(*progress) {}, 9, lag{}},
		"begun, and nobody knows the end": {func(g *progress) { g.begin(5) }, 9, lag{}},
		"the end is known, and nobody knows where it begins": {func(g *progress) { g.learn(unknown, 5, second(1)) }, 9, lag{}},
		"at the end": {func(g *progress) {
			g.begin(5)
			g.learn(unknown, 5, second(1))
		}, 9, lag{Known: true}},
		"begins at the end": {func(g *progress) {
			g.begin(atEnd)
			g.learn(unknown, 5, second(1))
			g.learn(unknown, 8, second(2))
		}, 9, lag{3, 7 * time.Second, true}},
		"begins at the start of what is left": {func(g *progress) {
			g.begin(atStart)
			g.learn(3, 5, second(1))
		}, 9, lag{2, 8 * time.Second, true}},
		"a start that was not told": {func(g *progress) {
			g.begin(atStart)
			g.learn(unknown, 5, second(1))
		}, 9, lag{}},
		"begins where the first fetch does": {func(g *progress) { g.feed(read(4, 6), 4, 7, second(7)) }, 9, lag{3, 5 * time.Second, true}},
		"in flight, and more behind": {func(g *progress) {
			g.begin(4)
			g.feed(read(4, 6), 4, 20, second(7))
		}, 9, lag{16, 5 * time.Second, true}},
		"ended, and more behind: as old as the last record": {func(g *progress) {
			g.feed(read(4, 6), 4, 20, second(7))
			g.ended(7)
			g.learn(unknown, 20, second(8))
		}, 9, lag{13, 3 * time.Second, true}},
		"to the end, then more came": {func(g *progress) {
			g.feed(read(4, 6), 4, 7, second(7))
			g.ended(7)
			g.learn(unknown, 9, second(8))
			g.learn(unknown, 10, second(9))
		}, 10, lag{3, 2 * time.Second, true}},
		"a fetch that waited knows less than the brokers said": {func(g *progress) {
			g.begin(4)
			g.learn(unknown, 30, second(5))
			g.feed(read(4, 6), 4, 20, second(7))
		}, 9, lag{26, 5 * time.Second, true}},
		"a log that lost records": {func(g *progress) {
			g.feed(read(4, 6), 4, 20, second(7))
			g.learn(unknown, 8, second(8))
		}, 9, lag{4, 5 * time.Second, true}},
		"a log that lost what was done": {func(g *progress) {
			g.feed(read(4, 6), 4, 7, second(7))
			g.ended(7)
			g.learn(unknown, 5, second(8))
		}, 9, lag{Known: true}},
		"the oldest of a long run, to a stretch": {func(g *progress) {
			g.feed(read(0, 999), 0, 1000, second(1000))
			g.ended(600)
		}, 1000, lag{400, (1000 - 512) * time.Second, true}},
		"only markers": {func(g *progress) {
			g.begin(4)
			g.feed(&polled{last: tracker.Position{Next: 5}}, 4, 5, second(7))
			g.ended(5)
		}, 9, lag{Known: true}},
		"a producer without a clock": {func(g *progress) {
			r := newPolled(&event.Partition{Topic: "in"}, []*kgo.Record{{Offset: 4, Timestamp: time.UnixMilli(-1)}}, -1)
			g.feed(r, 4, 5, second(7))
		}, 9, lag{1, 0, true}},
		"a producer whose clock is ahead": {func(g *progress) { g.feed(read(70, 70), 70, 71, second(7)) }, 9, lag{1, 0, true}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newProgress()
			test.do(&g)
			records, age, known := g.lag(second(test.at))
			if diff := cmp.Diff(test.want, lag{records, age, known}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestProgressForgets holds that what has ended is not kept, in whatever steps it
// ends.
func TestProgressForgets(t *testing.T) {
	g := newProgress()
	for n := int64(0); n < 5000; n++ {
		g.feed(read(n, n), n, n+1, second(n))
		if n >= 100 {
			g.ended(n - 99)
		}
	}
	if open := len(g.fed) - g.first; open != 100 || len(g.fed) > 300 {
		t.Errorf("%d stretches are open and %d kept, want 100 open and few more", open, len(g.fed))
	}
	g.ended(5000)
	if len(g.fed) != 0 || g.first != 0 {
		t.Errorf("%d stretches are kept although all have ended", len(g.fed))
	}
}
