package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultLines(t *testing.T) {
	want := outcome{sectionOut: {"a", "b", "c", "stack: **", "e", "f", "g"}}
	got := outcome{sectionOut: {"a", "b", "c", "stack: 1 2 3", "x", "f", "g", "h"}}
	faults := compare("twice", want, got, sectionOut, sectionLog)
	if len(faults) != 1 {
		t.Fatalf("%d faults, want 1: %v", len(faults), faults)
	}
	lines := []string{
		"twice: section out (- wanted, + came)",
		"  ...", "  stack: **", "- e", "+ x", "  f", "  g", "+ h",
	}
	if diff := cmp.Diff(lines, faults[0].Lines()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	agreeing := outcome{sectionOut: {"a", "b", "c", "stack: ", "e", "f", "g"}}
	if faults := compare("twice", want, agreeing, wanted...); len(faults) > 0 {
		t.Errorf("faults of an outcome that agrees: %v", faults)
	}
	if got := (&Fault{Run: "as it is", Text: "event 0 trap"}).Lines(); !cmp.Equal(got, []string{"as it is: event 0 trap"}) {
		t.Errorf("got %q", got)
	}
}
