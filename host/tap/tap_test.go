package tap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
)

// upper makes of every event one in capitals, of "two" two, of "drop" none, and
// fails on "fail".
type upper struct{}

func (upper) Process(_ context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	for i := range in {
		switch value := string(in[i].Value); value {
		case "drop":
		case "fail":
			fail(i, &event.Failure{Class: event.Reject, Message: "as wanted"})
		case "break":
			return nil, errors.New("broken")
		default:
			e := in[i]
			e.Value = []byte(strings.ToUpper(value))
			out = append(out, e)
			if value == "two" {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func (upper) Close(context.Context) error { return nil }

// up is the first processor of a chain, with its point.
func up(board *Board) Processor {
	return (&Point{Board: board, Name: "up", First: true}).Around(upper{})
}

var place = &event.Partition{Topic: "in", Number: 3}

func batch(values ...string) []event.Event {
	events := make([]event.Event, len(values))
	for i, v := range values {
		events[i] = event.Event{Value: []byte(v), Key: []byte(v[:1]), From: place, Offset: int64(100 + i), Origin: int32(i), Partition: event.AnyPartition}
	}
	return events
}

// watch runs a tap, and returns what it showed, as text, once stop is called.
func watch(t *testing.T, board *Board, cfg Config) (tap *Tap, stop func() []string) {
	t.Helper()
	if cfg.Rate == 0 {
		cfg.Rate = 1000
	}
	tap = New(cfg)
	detach := board.Attach(tap)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	shown := []string{}
	started := make(chan struct{})
	var once sync.Once
	go func() {
		ran <- tap.Run(ctx, func(x *Exchange) error {
			shown = append(shown, text(x))
			return nil
		}, func(Counts) error { return nil })
	}()
	go func() { // the budget is there when Run has begun
		for tap.budget.Load() == 0 && ctx.Err() == nil {
		}
		once.Do(func() { close(started) })
	}()
	<-started
	return tap, func() []string {
		detach()
		for len(tap.queue) > 0 {
		}
		cancel()
		if err := <-ran; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return shown
	}
}

func text(x *Exchange) string {
	s := fmt.Sprintf("%s %s[%d]@%d:", x.Processor, x.From.Topic, x.From.Number, x.Offset)
	for _, e := range x.Before {
		s += " " + string(e.Value)
	}
	s += " ->"
	for _, e := range x.After {
		s += " " + string(e.Value)
	}
	if x.Failure != nil {
		s += " failed: " + x.Failure.Message
	}
	return s
}

func process(t *testing.T, p Processor, in []event.Event) []event.Event {
	t.Helper()
	kept := []event.Event{{Value: []byte("before")}} // of another call, which is none of the tap's business
	out, err := p.Process(t.Context(), in, kept, func(int, *event.Failure) {})
	if err != nil {
		t.Fatal(err)
	}
	return out[1:]
}

func TestTap(t *testing.T) {
	one := func(text string) *Condition {
		c, err := ParseCondition(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		name string
		cfg  Config
		in   []event.Event
		want []string
	}{
		{"all", Config{}, batch("a", "two", "drop", "fail"), []string{
			"up in[3]@100: a -> A", "up in[3]@101: two -> TWO TWO", "up in[3]@102: drop ->", "up in[3]@103: fail -> failed: as wanted",
		}},
		{"a key", Config{Key: []byte("t")}, batch("a", "two"), []string{"up in[3]@101: two -> TWO TWO"}},
		{"no such key", Config{Key: []byte{}}, batch("a"), []string{}},
		{"a topic", Config{Topic: "in"}, batch("a"), []string{"up in[3]@100: a -> A"}},
		{"no such topic", Config{Topic: "out"}, batch("a"), []string{}},
		{"a processor", Config{Processor: "up"}, batch("a"), []string{"up in[3]@100: a -> A"}},
		{"another processor", Config{Processor: "down"}, batch("a"), []string{}},
		{"a condition", Config{Where: one("a > 1")}, batch(`{"a":1}`, `{"a":2}`), []string{`up in[3]@101: {"a":2} -> {"A":2}`}},
		{"hidden", Config{Redact: &Redaction{Fields: []string{"a"}}}, batch(`{"a":1}`, "x", "fail"), []string{
			`up in[3]@100: {"a":"***"} -> {"A":"***"}`, "up in[3]@101: *** -> ***", "up in[3]@102: *** -> failed: ***",
		}},
		{"a condition on what is hidden", Config{Where: one("a > 1"), Redact: &Redaction{Fields: []string{"a"}}}, batch(`{"a":2}`), []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var board Board
			p := up(&board)
			_, stop := watch(t, &board, tt.cfg)
			process(t, p, tt.in)
			if diff := cmp.Diff(tt.want, stop()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if board.taps.Load() != nil {
				t.Error("the tap is still there")
			}
		})
	}
}

// A record that is seen at the first processor is seen at the others, and no
// other one is, whatever the budget.
func TestRecordsAreFollowed(t *testing.T) {
	var board Board
	first := (&Point{Board: &board, Name: "first", First: true}).Around(upper{})
	second := (&Point{Board: &board, Name: "second", Filter: true}).Around(upper{})
	tap := New(Config{Rate: 1})
	defer board.Attach(tap)()
	tap.budget.Store(2)
	in := batch("a", "two", "c", "d")
	process(t, second, process(t, first, in))
	close(tap.queue)
	got := []string{}
	for x := range tap.queue {
		got = append(got, text(x))
	}
	want := []string{"first in[3]@100: a -> A", "first in[3]@101: two -> TWO TWO", "second in[3]@100: A -> A", "second in[3]@101: TWO TWO -> TWO TWO"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := tap.Counts(), (Counts{Looked: 4, Missed: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The events of a record are shown together, whatever stands between them.
func TestEventsOfARecord(t *testing.T) {
	var board Board
	p := up(&board)
	in := batch("a", "b", "c")
	in[2].Origin, in[2].Offset = 0, 100
	_, stop := watch(t, &board, Config{})
	process(t, p, in)
	if diff := cmp.Diff([]string{"up in[3]@100: a c -> A C", "up in[3]@101: b -> B"}, stop()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What a tap keeps is a copy, and not too much of it.
func TestCopies(t *testing.T) {
	e := batch("abc")[0]
	e.Headers = []event.Header{{Name: "h", Value: []byte("x")}, {Name: "null"}}
	e.Context = []event.Pair{{Name: "c", Value: event.Value{Kind: event.Text, Data: []byte("y")}}}
	long := batch(strings.Repeat("z", maxValue+1))[0]
	x := &Exchange{}
	got := x.copies([]event.Event{e, long}, 0)
	e.Value[0], e.Key[0], e.Headers[0].Value[0], e.Context[0].Value.Data[0] = '-', '-', '-', '-'
	if string(got[0].Value)+string(got[0].Key)+string(got[0].Headers[0].Value)+string(got[0].Context[0].Value.Data) != "abcaxy" || got[0].Headers[1].Value != nil {
		t.Errorf("%+v shares bytes with the event", got[0])
	}
	if len(got[1].Value) != maxValue || got[1].Cut != maxValue+1 {
		t.Errorf("%d bytes of a value, cut %d", len(got[1].Value), got[1].Cut)
	}
	if want := len("abc") + 2*len("z") + len("h") + len("x") + len("null") + len("c") + len("y") + maxValue; x.size != want {
		t.Errorf("size %d, want %d", x.size, want)
	}
	many := &Exchange{}
	if got := many.copies(make([]event.Event, maxEvents+5), 0); len(got) != maxEvents || many.More != 5 {
		t.Errorf("%d events and %d more", len(got), many.More)
	}
}

// A tap that nobody reads holds nobody up: what finds no room is counted.
func TestNobodyReads(t *testing.T) {
	var board Board
	p := up(&board)
	tap := New(Config{Rate: 1})
	defer board.Attach(tap)()
	process(t, p, batch("a", "b"))
	if got, want := tap.Counts(), (Counts{Missed: 2}); got != want {
		t.Errorf("without a budget: %+v, want %+v", got, want)
	}
	tap.budget.Store(1 << 20)
	in := batch("a", "b", "c", "d")
	for range queued {
		process(t, p, in)
	}
	if got, want := tap.Counts(), (Counts{Missed: 2, Looked: 4 * queued, Dropped: 3 * queued}); got != want {
		t.Errorf("with a full queue: %+v, want %+v", got, want)
	}
	big := New(Config{Rate: 1})
	defer board.Attach(big)()
	big.budget.Store(1 << 20)
	large := batch(strings.Repeat("z", maxValue))
	for range queued {
		process(t, p, large)
	}
	if held := big.held.Load(); held > maxHeld || big.Counts().Dropped == 0 {
		t.Errorf("%d bytes are held, of %d: %+v", held, maxHeld, big.Counts())
	}
}

// An error of the processor is passed on, and nothing of the call is shown.
func TestBrokenProcessor(t *testing.T) {
	var board Board
	p := up(&board)
	_, stop := watch(t, &board, Config{})
	if _, err := p.Process(t.Context(), batch("a", "break"), nil, nil); err == nil {
		t.Error("the error is gone")
	}
	if got := stop(); len(got) != 0 {
		t.Errorf("%v is shown", got)
	}
}

// Without a tap, a point costs no memory.
func TestOffCostsNothing(t *testing.T) {
	var board Board
	p := up(&board)
	in, out := batch("drop", "drop"), []event.Event{}
	fail := func(int, *event.Failure) {}
	if n := testing.AllocsPerRun(100, func() { out, _ = p.Process(t.Context(), in, out[:0], fail) }); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// Lanes that work while taps come and go lose nothing.
func TestComeAndGo(t *testing.T) {
	var board Board
	var lanes sync.WaitGroup
	for range 4 {
		lanes.Go(func() {
			p := up(&board)
			for range 200 {
				if got := len(process(t, p, batch("a", "two"))); got != 3 {
					t.Errorf("%d events, want 3", got)
				}
			}
		})
	}
	for range 20 {
		_, stop := watch(t, &board, Config{})
		stop()
	}
	lanes.Wait()
}

func TestRedaction(t *testing.T) {
	r := &Redaction{Fields: []string{"password", "card.number"}, Headers: []string{"Authorization"}, Keys: true}
	for value, want := range map[string]string{
		`{"user":"a","password":"b"}`:            `{"password":"***","user":"a"}`,
		`{"PassWord":{"deep":1}}`:                `{"PassWord":"***"}`,
		`[{"x":{"password":1}},2]`:               `[{"x":{"password":"***"}},2]`,
		`{"number":1,"card":{"number":2}}`:       `{"card":{"number":"***"},"number":1}`,
		`{"card":[{"number":2}]}`:                `{"card":[{"number":"***"}]}`,
		`{"x":{"password":1},"x":2}`:             `{"x":2}`, // of a name that repeats, nobody can tell
		`{"n":12345678901234567890.10,"s":"<>"}`: `{"n":12345678901234567890.10,"s":"<>"}`,
		`text`:                                   Hidden,
		`{"a":1} {"password":2}`:                 Hidden,
		`"password"`:                             `"password"`,
		``:                                       ``,
	} {
		x := &Exchange{Before: []Event{{Event: event.Event{Value: []byte(value)}}}}
		r.apply(x)
		if got := string(x.Before[0].Value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
	x := &Exchange{After: []Event{{Cut: 100, Event: event.Event{
		Value: []byte(`{"whole":1}`), Key: []byte("k"),
		Headers: []event.Header{{Name: "authorization", Value: []byte("x")}, {Name: "other", Value: []byte("y")}},
		Context: []event.Pair{
			{Name: "password", Value: event.Value{Kind: event.Int, Num: 7}}, {Name: "doc", Value: event.Value{Kind: event.JSON, Data: []byte(`{"password":1}`)}},
			{Name: "n", Value: event.Value{Kind: event.Int, Num: 7}},
		},
	}}}}
	r.apply(x)
	want := []Event{{Cut: 100, Event: event.Event{
		Value: []byte(Hidden), Key: []byte(Hidden),
		Headers: []event.Header{{Name: "authorization", Value: []byte(Hidden)}, {Name: "other", Value: []byte("y")}},
		Context: []event.Pair{
			{Name: "password", Value: event.Value{Kind: event.Text, Data: []byte(Hidden)}}, {Name: "doc", Value: event.Value{Kind: event.JSON, Data: []byte(`{"password":"***"}`)}},
			{Name: "n", Value: event.Value{Kind: event.Int, Num: 7}},
		},
	}}}
	if diff := cmp.Diff(want, x.After); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	null := &Exchange{Before: []Event{{}}}
	r.apply(null)
	if null.Before[0].Value != nil || null.Before[0].Key != nil {
		t.Errorf("nothing became something: %+v", null.Before[0])
	}
}
