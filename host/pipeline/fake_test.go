package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// script is a processor that does what the event's value says: words separated
// by blanks, "step:verb" or "step:verb=argument", of which each step obeys its
// own. Verbs: drop, copy=N, topic=T, value=V, fail=CLASS, break (a host error),
// wait=D, heal=N, with which fail passes at the Nth attempt, and count, which adds
// how many events the processor has seen.
type script struct {
	step     string
	open     *atomic.Int64 // processors
	attempts map[int64]int // by offset
	seen     *int
}

func (s script) Process(_ context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	for i := range in {
		e := in[i]
		copies := 1
		heal, failure := 0, event.Class("")
		for _, word := range strings.Fields(string(e.Value)) {
			verb, ok := strings.CutPrefix(word, s.step+":")
			if !ok {
				continue
			}
			verb, arg, _ := strings.Cut(verb, "=")
			switch verb {
			case "drop":
				copies = 0
			case "copy":
				copies, _ = strconv.Atoi(arg)
			case "topic":
				e.Topic = arg
			case "value":
				e.Value = []byte(arg)
			case "fail":
				failure = event.Class(arg)
			case "heal":
				heal, _ = strconv.Atoi(arg)
			case "wait":
				d, err := time.ParseDuration(arg)
				if err != nil {
					return nil, err
				}
				time.Sleep(d)
			case "count":
				*s.seen++
				e.Value = fmt.Appendf(slices.Clone(e.Value), " #%d", *s.seen)
			case "break":
				return nil, errors.New("broken")
			}
		}
		if failure != "" {
			s.attempts[e.Offset]++
			if heal == 0 || s.attempts[e.Offset] < heal {
				fail(i, &event.Failure{Class: failure, Message: "as told", Digest: "abc", Attempt: 1})
				continue
			}
		}
		for range copies {
			out = append(out, e)
		}
	}
	return out, nil
}

func (s script) Close(context.Context) error {
	s.open.Add(-1)
	return nil
}

// values are Records made of texts, of which those that begin with @WORD have that
// key; offsets count up from first. after is added to the position behind the last, as
// control records do.
type values struct {
	from  *event.Partition
	texts []string
	first int64
	after int64
	// letters says that the records are dead letters that were tried 3 times.
	letters bool
}

func (v *values) Len() int { return len(v.texts) }

func (v *values) Fill(dst []event.Event, from int, origin int32) (size int) {
	for i := range dst {
		dst[i] = event.Event{
			Value: []byte(v.texts[from+i]), From: v.from, Offset: v.first + int64(from+i),
			Origin: origin + int32(i), Partition: event.AnyPartition,
			Headers: []event.Header{{Name: "own", Value: []byte("1")}},
		}
		if key, ok := strings.CutPrefix(v.texts[from+i], "@"); ok {
			key, _, _ = strings.Cut(key, " ")
			dst[i].Key = []byte(key)
		}
		if v.letters {
			for _, h := range [][2]string{{HeaderClass, "trap"}, {HeaderTopic, "first"}, {HeaderPartition, "9"}, {HeaderOffset, "77"}, {HeaderTimestamp, "5"}, {HeaderAttempt, "3"}} {
				dst[i].Headers = append(dst[i].Headers, event.Header{Name: h[0], Value: []byte(h[1])})
			}
		}
		size += dst[i].Size()
	}
	return size
}

func (v *values) After(n int) (int64, int32) {
	next := v.first + int64(n)
	if n == len(v.texts) {
		next += v.after
	}
	return next, 1
}

// account is an Offsets over the true tracker.
type account struct {
	mu        sync.Mutex
	tracker   tracker.Tracker
	committed int64
	batches   []int
	began     time.Time // of the first batch
	ended     time.Time // of the last
}

func (a *account) Begin(next int64, epoch int32, count, size int) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches = append(a.batches, count)
	if a.began.IsZero() {
		a.began = time.Now()
	}
	return uint64(a.tracker.Begin(tracker.Position{Next: next, Epoch: epoch}, count, size))
}

func (a *account) End(batch uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = time.Now()
	if p, moved, _, _ := a.tracker.End(tracker.Batch(batch)); moved {
		a.committed = p.Next
	}
}

func (a *account) Truncate(batch uint64, next int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tracker.Truncate(tracker.Batch(batch), next)
}

// collector is a sink that keeps what it gets. It acknowledges at once, unless
// hold is set: then in the order in which release is called.
type collector struct {
	mu      sync.Mutex
	written []event.Event
	hold    bool
	held    []func(error)
	err     error
	blocked chan struct{} // when set, Write waits for it or ctx
}

func (c *collector) Write(ctx context.Context, events []event.Event, done func(error)) {
	if c.blocked != nil {
		select {
		case <-c.blocked:
		case <-ctx.Done():
			done(ctx.Err())
			return
		}
	}
	c.mu.Lock()
	c.written = append(c.written, slices.Clone(events)...)
	hold, err := c.hold, c.err
	if hold {
		c.held = append(c.held, done)
	}
	c.mu.Unlock()
	if !hold {
		done(err)
	}
}

func (c *collector) Flush(context.Context) error { return nil }

// feeder is a source of one partition that feeds what it has, waits until all
// is ended or the pipeline stops, and drains.
type feeder struct {
	from        *event.Partition
	polls       []*values
	account     account
	lane        event.Lane
	wait        func(ctx context.Context, drain <-chan struct{})
	drainWithin time.Duration
}

func (f *feeder) Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	in.Ready()
	f.lane = in.Open(ctx, f.from, &f.account)
	f.feed()
	f.wait(ctx, drain)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if f.drainWithin > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.drainWithin)
		defer cancel()
	}
	return in.Drain(ctx, []event.Lane{f.lane})
}

// feed feeds all polls at once, so that no batch begins in between.
func (f *feeder) feed() {
	l := f.lane.(*lane)
	l.mu.Lock()
	for _, v := range f.polls {
		l.queue = append(l.queue, v)
	}
	l.mu.Unlock()
	l.nudge()
}

// waited is how long it took from the first batch to the end of the last.
func (f *feeder) waited() time.Duration {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	return max(0, f.account.ended.Sub(f.account.began))
}

func describe(e event.Event) string {
	text := fmt.Sprintf("%d %s", e.Offset, e.Value)
	if e.Topic != "" {
		text += " -> " + e.Topic
	}
	for _, h := range e.Headers {
		if strings.HasPrefix(h.Name, "weir.error.") && h.Name != HeaderTime {
			text += fmt.Sprintf(" %s=%s", strings.TrimPrefix(h.Name, "weir.error."), h.Value)
		}
	}
	return text
}
