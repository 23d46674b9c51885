package deadletter

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir/host/event"
)

var lies = &event.Partition{Topic: "dead", Number: 2}

func headers(pairs ...string) []event.Header {
	var h []event.Header
	for i := 0; i < len(pairs); i += 2 {
		h = append(h, event.Header{Name: pairs[i], Value: []byte(pairs[i+1])})
	}
	return h
}

func TestParse(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 5, time.UTC)
	written := time.UnixMilli(1700000000000).UTC()
	for _, tc := range []struct {
		name string
		in   event.Event
		want *Letter
	}{
		{"whole", event.Event{Key: []byte("k"), Value: []byte("v"), From: lies, Offset: 7, Headers: headers(
			"own", "1", "weir.error.class", "reject", "weir.error.message", "no", "weir.error.pipeline", "p", "weir.error.processor", "s",
			"weir.error.module", "sha256:ab", "weir.error.topic", "in", "weir.error.partition", "3", "weir.error.offset", "99",
			"weir.error.timestamp", "12", "weir.error.time", at.Format(time.RFC3339Nano), "weir.error.attempt", "4", "weir.error.cut", "1000",
			"weir.error.later", "unknown", "own", "2",
		)}, &Letter{
			Topic: "dead", Partition: 2, Offset: 7, Time: at, Class: "reject", Message: "no", Pipeline: "p", Processor: "s", Module: "sha256:ab",
			Attempt: 4, Cut: 1000, Source: event.Partition{Topic: "in", Number: 3}, SourceOffset: 99, SourceTimestamp: 12,
			Key: []byte("k"), Value: []byte("v"), Headers: headers("own", "1", "own", "2"),
		}},
		{"of Kafka Connect", event.Event{From: lies, Timestamp: written.UnixMilli(), Headers: headers(
			"__connect.errors.topic", "in", "__connect.errors.partition", "1", "__connect.errors.offset", "5", "__connect.errors.connector.name", "c",
			"__connect.errors.task.id", "0", "__connect.errors.stage", "VALUE_CONVERTER", "__connect.errors.class.name", "o.a.k.JsonConverter",
			"__connect.errors.exception.class.name", "DataException", "__connect.errors.exception.message", "bad", "__connect.errors.exception.stacktrace", "at x",
		)}, &Letter{
			Topic: "dead", Partition: 2, Time: written, Class: "DataException", Message: "bad", Pipeline: "c", Processor: "VALUE_CONVERTER", Module: "o.a.k.JsonConverter",
			Attempt: 1, Source: event.Partition{Topic: "in", Number: 1}, SourceOffset: 5, SourceTimestamp: -1,
		}},
		{"numbers that are none", event.Event{From: lies, Timestamp: written.UnixMilli(), Headers: headers(
			"weir.error.class", "trap", "weir.error.partition", "x", "weir.error.offset", "", "weir.error.attempt", "many", "weir.error.time", "now",
		)}, &Letter{
			Topic: "dead", Partition: 2, Time: written, Class: "trap", Attempt: 1, Source: event.Partition{Number: -1}, SourceOffset: -1, SourceTimestamp: -1,
		}},
		{"no letter", event.Event{From: lies, Headers: headers("weir.error.topic", "in", "own", "1")}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := Parse(&tc.in)
			if ok != (tc.want != nil) {
				t.Fatalf("a letter: %v", ok)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSelection(t *testing.T) {
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	l := &Letter{Class: "reject", Processor: "s", Pipeline: "p", Message: "no field", Key: []byte("k"), Time: noon}
	for _, tc := range []struct {
		name string
		s    Selection
		want bool
	}{
		{"all", Selection{}, true},
		{"class", Selection{Class: "reject"}, true},
		{"other class", Selection{Class: "trap"}, false},
		{"processor", Selection{Processor: "t"}, false},
		{"pipeline", Selection{Pipeline: "q"}, false},
		{"message", Selection{Message: regexp.MustCompile("^no")}, true},
		{"other message", Selection{Message: regexp.MustCompile("^field")}, false},
		{"key", Selection{Key: []byte("k")}, true},
		{"empty key", Selection{Key: []byte{}}, false},
		{"since then", Selection{Since: noon}, true},
		{"until then", Selection{Until: noon}, false},
		{"both", Selection{Since: noon.Add(-time.Second), Until: noon.Add(time.Second), Class: "reject"}, true},
	} {
		if got := tc.s.Takes(l); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
	s := Selection{Class: "a", Message: regexp.MustCompile(`x "y"`), Key: []byte{0xff}, Since: noon}
	if got, want := s.String(), `class="a" message="x \"y\"" key="\xff" since="2026-01-31T12:00:00Z"`; got != want {
		t.Errorf("the selection is\n%s, want\n%s", got, want)
	}
}

func TestGroups(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 31, 12, minute, 0, 0, time.UTC) }
	var g Groups
	for i, message := range []string{
		`malformed JSON at byte 10: "a\"b" is 1.5`, `malformed JSON at byte 7: "c" is 2`, "trap at 0xdeadBEEF\n\tfunction[3]", "trap at 0x1\n\tother",
		`malformed JSON at byte 1: "" is 3`,
	} {
		g.Add(&Letter{Class: "reject", Message: message, Offset: int64(i), Time: at([]int{5, 1, 2, 3, 4}[i])})
	}
	type row struct {
		Count       int
		Cause       string
		First, Last int
		Example     int64
	}
	var got []row
	for _, group := range g.List() {
		got = append(got, row{group.Count, group.Cause, group.First.Minute(), group.Last.Minute(), group.Example.Offset})
	}
	want := []row{{3, `malformed JSON at byte N: "…" is N`, 1, 5, 0}, {2, "trap at N", 2, 3, 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRestorer(t *testing.T) {
	letter := func(class, topic, value, cut string) event.Event {
		h := headers("own", "1", "weir.error.class", class, "weir.error.topic", topic, "weir.error.partition", "3", "weir.error.offset", "99", "weir.error.timestamp", "12")
		if cut != "" {
			h = append(h, headers("weir.error.cut", cut)...)
		}
		return event.Event{Value: []byte(value), From: lies, Offset: 7, Timestamp: 1000, Origin: 4, Partition: event.AnyPartition, Headers: h}
	}
	in := []event.Event{
		letter("reject", "in", "a", ""), letter("trap", "in", "b", ""), {From: lies, Value: []byte("no letter")},
		letter("reject", "in", "c", "5000"), letter("reject", "", "d", ""),
	}
	r := &Redrive{Selection: Selection{Class: "reject"}}
	out, err := r.Lane().Process(t.Context(), in, nil, func(int, *event.Failure) { t.Error("failed") })
	if err != nil {
		t.Fatal(err)
	}
	want := []event.Event{
		{Value: []byte("a"), From: &event.Partition{Topic: "in", Number: 3}, Offset: 99, Timestamp: 12, Origin: 4, Partition: event.AnyPartition, Headers: headers("own", "1")},
		{Value: []byte("d"), From: lies, Offset: 7, Timestamp: 12, Origin: 4, Partition: event.AnyPartition, Headers: headers("own", "1")},
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := []uint64{r.Taken.Load(), r.Passed.Load(), r.Cut.Load()}; !cmp.Equal(got, []uint64{2, 2, 1}) {
		t.Errorf("taken, passed and cut: %v", got)
	}
}
