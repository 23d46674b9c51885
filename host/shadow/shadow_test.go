package shadow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/shadow"
)

// fake is a processor, live or candidate.
type fake struct {
	process func(now int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error)
	used    uint64
	closed  atomic.Bool
}

func (f *fake) Process(_ context.Context, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
	return f.process(0, in, out, fail)
}

func (f *fake) ProcessAt(_ context.Context, now int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
	return f.process(now, in, out, fail)
}

func (f *fake) Now() int64                  { return 42 }
func (f *fake) Used() uint64                { return f.used }
func (f *fake) Digest() string              { return "ab" }
func (f *fake) Close(context.Context) error { f.closed.Store(true); return nil }

// pass gives all events on.
func pass(_ int64, in, out []event.Event, _ shadow.Fail) ([]event.Event, error) {
	return append(out, in...), nil
}

// per gives on what change makes of each event; nil drops it.
func per(change func(e *event.Event, fail func(event.Class)) []event.Event) *fake {
	return &fake{process: func(_ int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
		for i, e := range in {
			out = append(out, change(&e, func(c event.Class) { fail(i, &event.Failure{Class: c, Message: "says no\nat length"}) })...)
		}
		return out, nil
	}}
}

func opens(c shadow.Candidate) func(context.Context) (shadow.Candidate, error) {
	return func(context.Context) (shadow.Candidate, error) { return c, nil }
}

var partition = &event.Partition{Topic: "in", Number: 3}

func batchOf(values ...string) []event.Event {
	in := make([]event.Event, len(values))
	for i, v := range values {
		in[i] = event.Event{Value: []byte(v), Key: []byte("k"), From: partition, Offset: int64(100 + i), Origin: int32(i), Partition: event.AnyPartition}
	}
	return in
}

func noFailure(t *testing.T) shadow.Fail {
	return func(i int, f *event.Failure) { t.Errorf("input %d failed: %v", i, f) }
}

// shade is a shadow in a room, and a lane of it.
type shade struct {
	*shadow.Shadow
	*shadow.Lane
	room *shadow.Room
}

func beside(live shadow.Live, cfg shadow.Config) shade {
	if cfg.Sample == 0 {
		cfg.Sample = 1
	}
	if cfg.Room == nil {
		cfg.Room = shadow.NewRoom(1000)
	}
	s := shadow.New(cfg)
	return shade{s, s.Beside(live), cfg.Room}
}

// end waits until all is compared.
func (s shade) end(t *testing.T) {
	t.Helper()
	if err := s.Lane.Close(t.Context()); err != nil {
		t.Error(err)
	}
	s.room.Close(t.Context())
}

// Each kind of difference is found, and told of with both sides.
func TestDifferences(t *testing.T) {
	text := func(name, v string) event.Pair {
		return event.Pair{Name: name, Value: event.Value{Kind: event.Text, Data: []byte(v)}}
	}
	for name, test := range map[string]struct {
		live, candidate func(e *event.Event)
		kind            shadow.Kind
		says            string
	}{
		"same":      {},
		"value":     {candidate: func(e *event.Event) { e.Value = []byte("b") }, kind: shadow.Value, says: "a|b"},
		"null":      {candidate: func(e *event.Event) { e.Value = nil }, kind: shadow.Value, says: "a|null"},
		"empty":     {live: func(e *event.Event) { e.Value = []byte{} }, candidate: func(e *event.Event) { e.Value = nil }, kind: shadow.Value, says: "|null"},
		"binary":    {candidate: func(e *event.Event) { e.Value = []byte("\x00\xff") }, kind: shadow.Value, says: `a|"\x00\xff"`},
		"long":      {candidate: func(e *event.Event) { e.Value = []byte(strings.Repeat("\u00e9", 300)) }, kind: shadow.Value, says: "a|" + strings.Repeat("\u00e9", 100) + "..."},
		"key":       {candidate: func(e *event.Event) { e.Key = nil }, kind: shadow.Key, says: "k|null"},
		"topic":     {candidate: func(e *event.Event) { e.Topic = "x" }, kind: shadow.Topic, says: `""|"x"`},
		"partition": {candidate: func(e *event.Event) { e.Partition = 4 }, kind: shadow.Partition, says: "-1|4"},
		"timestamp": {candidate: func(e *event.Event) { e.Timestamp, e.Stamped = 7, true }, kind: shadow.Timestamp, says: "0|7"},
		"headers":   {candidate: func(e *event.Event) { e.Headers = []event.Header{{Name: "h", Value: []byte("v")}} }, kind: shadow.Headers, says: "|h=v"},
		"context":   {candidate: func(e *event.Event) { e.Context = []event.Pair{text("a", "b")} }, kind: shadow.Context, says: "|a=text(b)"},
		"context, other kind": {
			live: func(e *event.Event) {
				e.Context = []event.Pair{{Name: "a", Value: event.Value{Kind: event.Int, Num: 1}}}
			},
			candidate: func(e *event.Event) {
				e.Context = []event.Pair{{Name: "a", Value: event.Value{Kind: event.Float, Num: 1}}}
			},
			kind: shadow.Context, says: "a=int(0x1)|a=float(0x1)",
		},
		"context, other order": {
			live:      func(e *event.Event) { e.Context = []event.Pair{text("a", "1"), text("b", "2")} },
			candidate: func(e *event.Event) { e.Context = []event.Pair{text("b", "2"), text("a", "1")} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			side := func(change func(e *event.Event)) *fake {
				return per(func(e *event.Event, _ func(event.Class)) []event.Event {
					if change != nil && e.Offset == 101 {
						change(e)
					}
					return []event.Event{*e}
				})
			}
			s := beside(side(test.live), shadow.Config{Open: opens(side(test.candidate))})
			if _, err := s.Process(t.Context(), batchOf("a", "a", "a"), nil, noFailure(t)); err != nil {
				t.Fatal(err)
			}
			s.end(t)
			stats := s.Stats()
			if test.kind == "" {
				if stats.Same != 3 || len(s.Examples()) != 0 {
					t.Errorf("%+v, %+v", stats, s.Examples())
				}
				return
			}
			live, candidate, _ := strings.Cut(test.says, "|")
			want := []shadow.Example{{Kind: test.kind, Topic: "in", Partition: 3, Offset: 101, Live: live, Candidate: candidate}}
			if diff := cmp.Diff(want, s.Examples()); diff != "" || stats.Same != 2 || stats.Different[test.kind] != 1 {
				t.Errorf("%+v: %s", stats, diff)
			}
		})
	}
}

// What fails, is dropped or becomes several is compared record by record, also
// where an earlier step has made several inputs of one.
func TestRecords(t *testing.T) {
	live := per(func(e *event.Event, fail func(event.Class)) []event.Event {
		switch string(e.Value) {
		case "fails", "both fail":
			fail(event.Reject)
			return nil
		case "is dropped":
			return nil
		}
		return []event.Event{*e, *e}
	})
	candidate := per(func(e *event.Event, fail func(event.Class)) []event.Event {
		switch string(e.Value) {
		case "both fail":
			fail(event.Reject)
			return nil
		case "traps":
			fail(event.Trap)
			return nil
		}
		return []event.Event{*e, *e}
	})
	live.used, candidate.used = 5, 7
	s := beside(live, shadow.Config{Open: opens(candidate)})
	in := batchOf("fails", "both fail", "is dropped", "traps", "part one", "part two")
	in[5].Origin = 4
	var failed []int
	before := []event.Event{{Value: []byte("of the caller")}}
	out, err := s.Process(t.Context(), in, before, func(i int, _ *event.Failure) { failed = append(failed, i) })
	if err != nil || len(out) != 1+6 || string(out[0].Value) != "of the caller" {
		t.Fatalf("%v: %d outputs", err, len(out))
	}
	if diff := cmp.Diff([]int{0, 1}, failed); diff != "" {
		t.Errorf("what failed live: %s", diff)
	}
	s.end(t)
	var said []string
	for _, e := range s.Examples() {
		said = append(said, fmt.Sprintf("%s %d: %s | %s", e.Kind, e.Offset, e.Live, e.Candidate))
	}
	want := []string{
		"failure 100: reject: says no | 2 events, the first: fails",
		"failure 103: 2 events, the first: traps | trap: says no",
		"count 102: no event | 2 events, the first: is dropped",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	stats := s.Stats()
	if stats.Same != 2 || stats.Compared != 1 || stats.Live.Fuel != 5 || stats.Candidate.Fuel != 7 ||
		stats.Live.Failed[event.Reject] != 2 || stats.Candidate.Failed[event.Reject] != 1 || stats.Candidate.Failed[event.Trap] != 1 {
		t.Errorf("%+v", stats)
	}
}

// A candidate that does not come back costs what is live nothing: it goes on, and
// what cannot be compared is counted.
func TestNeverWaits(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	candidate := &fake{process: func(now int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
		entered <- struct{}{}
		<-release
		if now != 42 {
			t.Errorf("the candidate's time is %d", now)
		}
		return pass(now, in, out, fail)
	}}
	live := &fake{process: pass}
	s := beside(live, shadow.Config{Open: opens(candidate)})
	process := func() {
		if _, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); err != nil {
			t.Fatal(err)
		}
	}
	process()
	<-entered
	for range 9 {
		process()
	}
	if got := s.Stats().Dropped; got != 8 { // one waits
		t.Errorf("%d batches were dropped", got)
	}
	if err := s.Lane.Close(t.Context()); err != nil || !live.closed.Load() {
		t.Errorf("closed %v: %v", live.closed.Load(), err)
	}
	close(release)
	s.room.Close(t.Context())
	if got := s.Stats(); got.Compared != 2 || got.Same != 2 || !candidate.closed.Load() {
		t.Errorf("%+v, closed %v", got, candidate.closed.Load())
	}
}

// What a candidate has under way when its time is over is cut.
func TestCloseCuts(t *testing.T) {
	var life context.Context
	entered := make(chan struct{})
	s := beside(&fake{process: pass}, shadow.Config{Open: func(ctx context.Context) (shadow.Candidate, error) {
		life = ctx
		return &fake{process: func(int64, []event.Event, []event.Event, shadow.Fail) ([]event.Event, error) {
			close(entered)
			<-life.Done()
			return nil, life.Err()
		}}, nil
	}})
	if _, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := s.Lane.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.room.Close(ctx)
	if got := s.Stats(); got.Dropped != 1 || got.Broken != 0 {
		t.Errorf("%+v", got)
	}
}

func TestBroken(t *testing.T) {
	broken := errors.New("out of order")
	for name, open := range map[string]func(context.Context) (shadow.Candidate, error){
		"does not start": func(context.Context) (shadow.Candidate, error) { return nil, broken },
		"ends": opens(&fake{process: func(_ int64, _, out []event.Event, _ shadow.Fail) ([]event.Event, error) {
			return out, broken
		}}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := beside(&fake{process: pass}, shadow.Config{Open: open})
				for range 3 {
					if out, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); err != nil || len(out) != 1 {
						t.Fatalf("%v: %d outputs", err, len(out))
					}
					synctest.Wait()
				}
				s.end(t)
				if got := s.Stats(); got.Broken != 3 || got.Compared != 0 {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestSample(t *testing.T) {
	for sample, want := range map[float64]uint64{1: 100, 0.5: 50, 0.25: 25, 0.01: 1} {
		synctest.Test(t, func(t *testing.T) {
			s := beside(&fake{process: pass}, shadow.Config{Open: opens(&fake{process: pass}), Sample: sample})
			for range 100 {
				if _, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			s.end(t)
			if got := s.Stats().Compared; got != want {
				t.Errorf("of 100 batches a share of %v was compared: %d", sample, got)
			}
		})
	}
}

// A room of half a core lets candidates have half of the time, whatever they want.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 100 * time.Millisecond
		candidate := &fake{process: func(now int64, in, out []event.Event, fail shadow.Fail) ([]event.Event, error) {
			time.Sleep(takes)
			return pass(now, in, out, fail)
		}}
		s := beside(&fake{process: pass}, shadow.Config{Open: opens(candidate), Room: shadow.NewRoom(0.5)})
		const run = 100 * time.Second
		for began := time.Now(); time.Since(began) < run; time.Sleep(takes) {
			if _, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); err != nil {
				t.Fatal(err)
			}
		}
		s.end(t)
		spent := s.Stats().Candidate.Spent
		if spent < 49*time.Second || spent > 52*time.Second || s.Stats().Dropped == 0 {
			t.Errorf("the candidate had %v of %v", spent, run)
		}
	})
}

// The newest examples of each kind are kept.
func TestExamplesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := beside(&fake{process: pass}, shadow.Config{Open: opens(per(func(e *event.Event, _ func(event.Class)) []event.Event {
			e.Value = []byte("other")
			return []event.Event{*e}
		}))})
		for i := range 10 {
			if _, err := s.Process(t.Context(), batchOf(fmt.Sprint(i)), nil, noFailure(t)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		s.end(t)
		var live []string
		for _, e := range s.Examples() {
			live = append(live, e.Live)
		}
		if diff := cmp.Diff([]string{"7", "8", "9"}, live); diff != "" {
			t.Error(diff)
		}
	})
}

// A live processor that cannot go on is no matter of the shadow's.
func TestLiveFails(t *testing.T) {
	broken := errors.New("out of order")
	s := beside(&fake{process: func(int64, []event.Event, []event.Event, shadow.Fail) ([]event.Event, error) { return nil, broken }}, shadow.Config{Open: opens(&fake{process: pass})})
	if _, err := s.Process(t.Context(), batchOf("a"), nil, noFailure(t)); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	s.end(t)
	if got := s.Stats(); got.Compared+got.Dropped+got.Broken != 0 {
		t.Errorf("%+v", got)
	}
}
