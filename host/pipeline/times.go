package pipeline

import (
	"sync/atomic"
	"time"
)

// timeBounds are the upper bounds of the buckets in which times are counted.
var timeBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
}

// times counts what took how long. It is added to once a batch, by any number of
// goroutines.
type times struct {
	spent  atomic.Int64 // ns
	within [len(timeBounds) + 1]atomic.Uint64
}

// observe notes that n things took a time each.
func (t *times) observe(took time.Duration, n int) {
	bucket := len(timeBounds)
	for i, bound := range timeBounds {
		if took <= bound {
			bucket = i
			break
		}
	}
	t.within[bucket].Add(uint64(n))
	t.spent.Add(int64(took) * int64(n))
}

// Times is a histogram of times since the start. Within has, by upper bound, how
// many took at most that.
type Times struct {
	Count  uint64
	Spent  time.Duration
	Within map[time.Duration]uint64
}

func (t *times) read() Times {
	out := Times{Within: make(map[time.Duration]uint64, len(timeBounds)), Spent: time.Duration(t.spent.Load())}
	for i := range t.within {
		out.Count += t.within[i].Load()
		if i < len(timeBounds) {
			out.Within[timeBounds[i]] = out.Count
		}
	}
	return out
}

// clock books the time that step i took, but for its waits, and returns now, when
// the next begins.
func (c *chain) clock(i int, since time.Time) time.Time {
	now := time.Now()
	took := now.Sub(since) - c.waited
	c.plan.counters[i].spent.Add(int64(took))
	c.spent += took
	c.waited = 0
	return now
}
