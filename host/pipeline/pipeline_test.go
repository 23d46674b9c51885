package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// TestStories runs testdata: a pipeline of scripted steps gets the lines as
// events, and the answer says what left it, how far it committed and what its
// books say. Arguments: steps=(NAME[:RULE],…), filter=NAME, sink=TOPIC,
// batch=N, on-error=RULE, polls=N (lines a poll), size=N (of values that the sink
// takes), ordering=O, lanes=N, letters (the lines are dead letters), stop=D (drain after that time), breaker=N (percent that may fail). A
// RULE is a policy, or retryN/POLICY, where CLASS=RULE+CLASS=RULE is one for each class.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) (answer string) {
			synctest.Test(t, func(t *testing.T) { answer = story(t, d) })
			return answer
		})
	})
}

func story(t *testing.T, d *datadriven.TestData) string {
	cfg := Config{Name: "p", DeadLetterTopic: "dead", CheckTopic: func(topic string) error {
		if strings.Contains(topic, "!") {
			return fmt.Errorf("%q has a bad character", topic)
		}
		return nil
	}}
	var open atomic.Int64
	var filter, sinkTopic string
	var stopAfter time.Duration
	perPoll := 1000
	sinkTopic = "out"
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "steps":
			for _, word := range arg.Vals {
				name, onError, _ := strings.Cut(word, ":")
				cfg.Steps = append(cfg.Steps, Step{
					Name: name, OnError: rules(t, onError),
					Open: func(context.Context) (Processor, error) {
						if name == "unopenable" {
							return nil, errors.New("no such module")
						}
						open.Add(1)
						return script{name, &open, map[int64]int{}, new(int)}, nil
					},
				})
			}
		case "filter":
			filter = arg.Vals[0]
		case "sink":
			sinkTopic = ""
			if len(arg.Vals) > 0 {
				sinkTopic = arg.Vals[0]
			}
		case "batch":
			d.ScanArgs(t, "batch", &cfg.BatchSize)
		case "polls":
			d.ScanArgs(t, "polls", &perPoll)
		case "on-error":
			cfg.OnError = rules(t, arg.Vals[0])
		case "breaker":
			var percent int
			d.ScanArgs(t, "breaker", &percent)
			cfg.Breaker = Breaker{Share: float64(percent) / 100, Window: time.Minute, Least: 4}
		case "size":
			var size int
			d.ScanArgs(t, "size", &size)
			cfg.CheckEvent = func(topic string, e *event.Event) *event.Failure {
				if len(e.Value) <= size {
					return nil
				}
				return &event.Failure{Class: event.TooLarge, Message: "too large for " + topic, Attempt: 1}
			}
		case "ordering":
			cfg.Ordering = Ordering(arg.Vals[0])
		case "lanes":
			d.ScanArgs(t, "lanes", &cfg.Lanes)
		case "letters":
			cfg.Letters = true
		case "stop":
			stopAfter = duration(t, arg.Vals[0])
		default:
			t.Fatalf("unknown argument %s", arg.Key)
		}
	}
	for i := range cfg.Steps {
		cfg.Steps[i].Filter = cfg.Steps[i].Name == filter
	}
	cfg.SinkTopic = sinkTopic

	from := &event.Partition{Topic: "in", Number: 3}
	src := &feeder{from: from, wait: func(ctx context.Context, drain <-chan struct{}) {
		if stopAfter > 0 {
			time.Sleep(stopAfter)
		} else {
			time.Sleep(time.Hour) // for whatever waits before it is tried again
		}
		synctest.Wait() // the lane has worked off its queue, or stopped
	}}
	lines := strings.Split(d.Input, "\n")
	for at := int64(100); len(lines) > 0; {
		n := min(perPoll, len(lines))
		v := &values{letters: cfg.Letters, from: from, texts: lines[:n], first: at}
		if lines[n-1] == "(control)" {
			v.texts, v.after = lines[:n-1], 1
		}
		at, lines = at+int64(n), lines[n:]
		src.polls = append(src.polls, v)
	}
	sink := &collector{}
	p := New(cfg, src, sink)
	err := p.Run(t.Context(), nil)

	var b strings.Builder
	for _, e := range sink.written {
		fmt.Fprintln(&b, describe(e))
	}
	fmt.Fprintf(&b, "batches %v, committed %d\n", src.account.batches, src.account.committed)
	s := p.Stats()
	fmt.Fprintf(&b, "consumed %d = delivered %d + abandoned %d", s.Consumed, s.Delivered, s.Abandoned)
	for _, step := range s.Steps {
		line := ""
		add := func(name string, n uint64) {
			if n > 0 {
				line += fmt.Sprintf(" %s %d", name, n)
			}
		}
		add("dropped", step.Dropped)
		add("filtered", step.Filtered)
		add("retried", step.Retried)
		for _, class := range event.Classes {
			add("failed."+string(class), step.Failed[class])
			add("dead."+string(class), step.DeadLettered[class])
		}
		if line != "" {
			fmt.Fprintf(&b, " + [%s%s]", step.Name, line)
		}
	}
	fmt.Fprintf(&b, ", in flight %d\n", s.InFlight)
	if waited := src.waited(); waited > 0 {
		fmt.Fprintf(&b, "the last batch ended after %v\n", waited)
	}
	state := p.Status().State
	fmt.Fprintf(&b, "%s: %v", state, err)
	if n := open.Load(); n != 0 {
		fmt.Fprintf(&b, "\n%d processors were not closed", n)
	}
	return b.String()
}

// rules reads the rules of a story.
func rules(t *testing.T, text string) Rules {
	t.Helper()
	rule := func(text string) Rule {
		retry, then, ok := strings.Cut(text, "/")
		if !ok {
			return Rule{Then: Policy(text)}
		}
		n, err := strconv.Atoi(strings.TrimPrefix(retry, "retry"))
		if err != nil {
			t.Fatal(err)
		}
		return Rule{Then: Policy(then), Retry: Retry{Max: n, Backoff: time.Second, MaxBackoff: 3 * time.Second}}
	}
	if !strings.Contains(text, "=") {
		return All(rule(text))
	}
	var r Rules
	for _, one := range strings.Split(text, "+") {
		class, text, _ := strings.Cut(one, "=")
		*r.Of(event.Class(class)) = rule(text)
	}
	return r
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestReplacedProcessor: a lane takes the new version of a processor between two
// batches, says before which event, and closes the old one.
func TestReplacedProcessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var version atomic.Uint64
		var closed []string
		src := oneEvent(nil)
		src.polls[0].texts = []string{"a", "b", "c"}
		src.wait = func(context.Context, <-chan struct{}) {
			synctest.Wait()
			version.Store(2)
			src.lane.Feed(&values{from: src.from, texts: []string{"d", "e"}, first: 103})
			synctest.Wait()
			src.lane.Feed(&values{from: src.from, texts: []string{"f"}, first: 105})
			synctest.Wait()
		}
		var told []string
		sink := &collector{}
		cfg := Config{Name: "p", SinkTopic: "out", BatchSize: 3,
			Steps: []Step{{Name: "stamp", Version: version.Load, Taken: func(p Processor, from *event.Partition, offset int64, replaced bool) {
				told = append(told, fmt.Sprintf("%s %s/%d@%d %v", p.(*stamp).version, from.Topic, from.Number, offset, replaced))
			}, Open: func(context.Context) (Processor, error) {
				return &stamp{fmt.Sprint("v", version.Load()), &closed}, nil
			}}}}
		if err := New(cfg, src, sink).Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range sink.written {
			got = append(got, string(e.Value))
		}
		want := []string{"a v0", "b v0", "c v0", "d v2", "e v2", "f v2"}
		if !slices.Equal(got, want) || !slices.Equal(closed, []string{"v0", "v2"}) || !slices.Equal(told, []string{"v0 in/3@100 false", "v2 in/3@103 true"}) {
			t.Errorf("written %q, closed %q, told %q", got, closed, told)
		}
	})
}

// stamp marks what it processes.
type stamp struct {
	version string
	closed  *[]string
}

func (s *stamp) Process(_ context.Context, in, out []event.Event, _ func(int, *event.Failure)) ([]event.Event, error) {
	for _, e := range in {
		e.Value = append(slices.Clone(e.Value), " "+s.version...)
		out = append(out, e)
	}
	return out, nil
}

func (s *stamp) Close(context.Context) error {
	*s.closed = append(*s.closed, s.version)
	return nil
}

// TestSinkFailure: a batch that could not be written is never committed, and
// the pipeline says what the sink said.
func TestSinkFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := oneEvent(func(context.Context, <-chan struct{}) { synctest.Wait() })
		sink := &collector{err: errors.New("no such topic")}
		p := New(Config{Name: "p", SinkTopic: "out"}, src, sink)
		err := p.Run(t.Context(), nil)
		if err == nil || err.Error() != "pipeline p: no such topic" {
			t.Errorf("Run: %v", err)
		}
		if src.account.committed != 0 {
			t.Errorf("committed %d", src.account.committed)
		}
		if s := p.Stats(); s.Abandoned != 1 || s.InFlight != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// TestAcknowledgementsOutOfOrder: batches that the sink ends in any order are
// committed by their prefix.
func TestAcknowledgementsOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &collector{hold: true}
		var src *feeder
		src = oneEvent(func(context.Context, <-chan struct{}) {
			synctest.Wait()
			for _, step := range []struct {
				ack       int
				committed int64
			}{{1, 0}, {2, 0}, {0, 103}} {
				sink.held[step.ack](nil)
				if got := src.account.committed; got != step.committed {
					t.Errorf("after the end of batch %d: committed %d, want %d", step.ack, got, step.committed)
				}
			}
		})
		src.polls[0].texts = []string{"a", "b", "c"}
		p := New(Config{Name: "p", SinkTopic: "out", BatchSize: 1}, src, sink)
		if err := p.Run(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// TestStuckProcessor: the pipeline fails and gives up its partition when a
// processor does not come back, and not when the sink is slow.
func TestStuckProcessor(t *testing.T) {
	for _, stuck := range []string{"processor", "sink"} {
		t.Run(stuck, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				sink := &collector{}
				cfg := Config{Name: "p", SinkTopic: "out", StuckAfter: time.Minute}
				if stuck == "sink" {
					sink.blocked = release
				} else {
					cfg.Steps = []Step{{Name: "slow", Open: func(context.Context) (Processor, error) { return blocking{release}, nil }}}
				}
				src := oneEvent(func(_ context.Context, drain <-chan struct{}) {
					timer := time.NewTimer(10 * time.Minute)
					defer timer.Stop()
					select {
					case <-drain:
						if stuck == "sink" {
							t.Error("stopped although only the sink was slow")
						}
					case <-timer.C:
						if stuck == "processor" {
							t.Error("not stopped")
						}
					}
					close(release)
				})
				err := New(cfg, src, sink).Run(t.Context(), nil)
				if stuck == "processor" && (err == nil || !strings.Contains(err.Error(), "partition 3 of topic in: a batch has been in the processors for 1m0s")) {
					t.Errorf("Run: %v", err)
				}
				if stuck == "sink" && err != nil {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
}

// TestCut: a cut returns although the sink is blocked, commits nothing, and is
// told as a cut.
func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cut := context.WithCancel(t.Context())
		src := oneEvent(func(ctx context.Context, _ <-chan struct{}) {
			synctest.Wait()
			cut()
			<-ctx.Done()
		})
		p := New(Config{Name: "p", SinkTopic: "out"}, src, &collector{blocked: make(chan struct{})})
		err := p.Run(ctx, nil)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "cut before it was drained") {
			t.Errorf("Run: %v", err)
		}
		if src.account.committed != 0 {
			t.Errorf("committed %d", src.account.committed)
		}
	})
}

// TestProcessorLeftBehind: a processor that never comes back cannot hold up a
// stop.
func TestProcessorLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		src := oneEvent(func(context.Context, <-chan struct{}) { synctest.Wait() })
		src.drainWithin = time.Second
		cfg := Config{Name: "p", SinkTopic: "out",
			Steps: []Step{{Name: "slow", Open: func(context.Context) (Processor, error) { return blocking{release}, nil }}}}
		err := New(cfg, src, &collector{}).Run(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), "partition 3 of topic in is still in a processor") {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestRunAgain: a pipeline that ended by a failure runs again, on the same books.
// What a processor that was left behind makes meanwhile goes nowhere.
func TestRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, opened := make(chan struct{}), 0
		src := oneEvent(func(context.Context, <-chan struct{}) { synctest.Wait() })
		src.drainWithin = time.Second
		sink := &collector{}
		p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{{Name: "slow", Open: func(context.Context) (Processor, error) {
			if opened++; opened == 1 {
				return blocking{release}, nil
			}
			return script{step: "slow", open: new(atomic.Int64)}, nil
		}}}}, src, sink)
		if err := p.Run(t.Context(), nil); err == nil || p.Status().State != Stopped || p.Status().Failure == nil {
			t.Fatalf("Run: %v, then %+v", err, p.Status())
		}
		src.account.tracker = tracker.Tracker{}
		src.wait = func(context.Context, <-chan struct{}) {
			synctest.Wait()
			close(release) // the one that was left behind comes back
			synctest.Wait()
		}
		if err := p.Run(t.Context(), nil); err != nil || p.Status().State != Ended || p.Status().Failure != nil {
			t.Errorf("Run again: %v, then %+v", err, p.Status())
		}
		s := p.Stats()
		if len(sink.written) != 1 || s.Consumed != 2 || s.Delivered != 1 || s.Abandoned != 1 {
			t.Errorf("%d events written; %+v", len(sink.written), s)
		}
	})
}

// TestFeedAfterDrain: what comes too late is ignored.
func TestFeedAfterDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := oneEvent(func(context.Context, <-chan struct{}) { synctest.Wait() })
		sink := &collector{}
		if err := New(Config{Name: "p", SinkTopic: "out"}, src, sink).Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		src.lane.Feed(src.polls[0])
		synctest.Wait()
		if len(sink.written) != 1 {
			t.Errorf("%d events written", len(sink.written))
		}
	})
}

func oneEvent(wait func(context.Context, <-chan struct{})) *feeder {
	from := &event.Partition{Topic: "in", Number: 3}
	return &feeder{from: from, polls: []*values{{from: from, texts: []string{"x"}, first: 100}}, wait: wait}
}

// blocking is a processor that waits and lets everything pass.
type blocking struct{ release chan struct{} }

func (b blocking) Process(_ context.Context, in, out []event.Event, _ func(int, *event.Failure)) ([]event.Event, error) {
	<-b.release
	return append(out, in...), nil
}

func (blocking) Close(context.Context) error { return nil }

// TestBatchAllocations holds the event path to its word: a batch costs no more
// than a few allocations, none of them an event's.
func TestBatchAllocations(t *testing.T) {
	from := &event.Partition{Topic: "in"}
	v := &values{from: from, first: 0}
	for range 256 {
		v.texts = append(v.texts, "x")
	}
	pass := Step{Name: "pass", Open: func(context.Context) (Processor, error) { return through{}, nil }}
	p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{pass, pass}}, nil, &collector{})
	p.sink = discard{}
	l := &lane{p: p, life: &life{p: p, ctx: t.Context()}, partition: from, offsets: nowhere{}, wake: make(chan struct{}, 1)}
	w := newWorker(l)
	b := new(batch)
	q := &part{batch: b}
	b.parts = []*part{q}
	fixed := &prefilled{values: v, events: make([]event.Event, 256)}
	v.Fill(fixed.events, 0, 0)
	allocs := testing.AllocsPerRun(100, func() {
		l.Feed(fixed)
		l.take(b, q)
		q.outputs = w.process(t.Context(), q, b.began)
		l.conclude(t.Context(), b)
		b.plan.leave()
	})
	if allocs > 2 {
		t.Errorf("%v allocations a batch of 256 events", allocs)
	}
}

// TestSpreadAllocations: nor does a batch that lanes share.
func TestSpreadAllocations(t *testing.T) {
	from := &event.Partition{Topic: "in"}
	v := &values{from: from}
	for i := range 256 {
		v.texts = append(v.texts, fmt.Sprintf("@key-%d x", i%50))
	}
	pass := Step{Name: "pass", Open: func(context.Context) (Processor, error) { return through{}, nil }}
	fixed := &prefilled{values: v, events: make([]event.Event, 256)}
	v.Fill(fixed.events, 0, 0)
	for _, ordering := range []Ordering{ByKey, Unordered} {
		t.Run(string(ordering), func(t *testing.T) {
			p := New(Config{Name: "p", SinkTopic: "out", Ordering: ordering, Lanes: 3, Steps: []Step{pass, pass}}, nil, &collector{})
			written := make(telling, 1)
			p.sink = written
			ctx, end := context.WithCancel(t.Context())
			l := intake{&life{p: p, ctx: ctx}}.Open(ctx, from, nowhere{}).(*lane)
			allocs := testing.AllocsPerRun(200, func() {
				l.Feed(fixed)
				<-written
			})
			end()
			<-l.stopped
			if allocs > 3 {
				t.Errorf("%v allocations a batch of 256 events", allocs)
			}
		})
	}
}

// telling is a sink that says when it has a batch.
type telling chan int

func (s telling) Write(_ context.Context, events []event.Event, done func(error)) {
	done(nil)
	s <- len(events)
}
func (telling) Flush(context.Context) error { return nil }

type through struct{}

func (through) Process(_ context.Context, in, out []event.Event, _ func(int, *event.Failure)) ([]event.Event, error) {
	return append(out, in...), nil
}

func (through) Close(context.Context) error { return nil }

type discard struct{}

func (discard) Write(_ context.Context, _ []event.Event, done func(error)) { done(nil) }
func (discard) Flush(context.Context) error                                { return nil }

type nowhere struct{}

func (nowhere) Begin(int64, int32, int, int) uint64 { return 0 }
func (nowhere) End(uint64)                          {}
func (nowhere) Truncate(uint64, int64)              {}

// prefilled copies events, so that the source of the events allocates nothing.
type prefilled struct {
	*values
	events []event.Event
}

func (p *prefilled) Fill(dst []event.Event, from int, origin int32) int {
	return copy(dst, p.events[from:])
}
