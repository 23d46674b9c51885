package trial_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

func TestChanges(t *testing.T) {
	text := func(s string) event.Value { return event.Value{Kind: event.Text, Data: []byte(s)} }
	before := event.Event{
		Value: []byte(`{"a":1}`), Key: []byte("k"), Partition: event.AnyPartition, Timestamp: 5,
		Headers: []event.Header{{Name: "same", Value: []byte("1")}, {Name: "h", Value: []byte("1")}, {Name: "h", Value: []byte("2")}, {Name: "gone", Value: nil}},
		Context: []event.Pair{{Name: "n", Value: event.Value{Kind: event.Int, Num: 5}}, {Name: "gone", Value: text("x")}},
	}
	if got := trial.Changes(&before, &before); got != nil {
		t.Errorf("of nothing: %+v", got)
	}
	after := event.Event{
		Value: []byte(`{"a":2}`), Topic: "t", Partition: 3, Timestamp: 7, Stamped: true,
		Headers: []event.Header{{Name: "same", Value: []byte("1")}, {Name: "h", Value: []byte("1")}, {Name: "h", Value: []byte("3")}, {Name: "new", Value: []byte{}}},
		Context: []event.Pair{{Name: "n", Value: text("5")}, {Name: "new"}},
	}
	want := []trial.Change{
		{"value", "{\n  \"a\": 1\n}", "{\n  \"a\": 2\n}"},
		{"key", `"k"`, "null"},
		{"header h", `"2"`, `"3"`},
		{"header gone", "null", "absent"},
		{"header new", "absent", `""`},
		{"context n", "5", `"5"`},
		{"context gone", `"x"`, "absent"},
		{"context new", "absent", "null"},
		{"topic", "absent", "t"},
		{"partition", "absent", "3"},
		{"timestamp", "absent", "7"},
	}
	if diff := cmp.Diff(want, trial.Changes(&before, &after)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	// Of JSON that says the same, the bytes are shown.
	before.Value, after.Value = []byte(`{"a":1}`), []byte(`{ "a": 1 }`)
	if got, want := trial.Changes(&before, &after)[0], (trial.Change{"value", "`{\"a\":1}`", "`{ \"a\": 1 }`"}); got != want {
		t.Errorf("blanks alone: %+v, want %+v", got, want)
	}
}

func TestDiff(t *testing.T) {
	show := func(lines []trial.DiffLine) string {
		var b strings.Builder
		for _, l := range lines {
			fmt.Fprintf(&b, "%s%s|", l.Sign, l.Text)
		}
		return b.String()
	}
	long := strings.Repeat("s\n", 2001)
	for _, tc := range []struct{ name, want, got, diff string }{
		{"one line", "a", "b", "-a|+b|"},
		{"in the middle", "a\nb\nc\nd\ne\nf\ng\nh", "a\nb\nc\nX\ne\nf\ng\nh", " a| b| c|-d|+X| e| f| ... 2 lines that are the same|"},
		{"added and removed", "a\nb", "b\nc", "-a| b|+c|"},
		{"the same", "a\nb", "a\nb", " ... 2 lines that are the same|"},
		{"too long", long, "x", strings.Repeat("-s|", 2000) + "+x|"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.diff, show(trial.Diff(tc.want, tc.got))); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}
