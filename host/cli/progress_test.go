package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProgressOnATerminal(t *testing.T) {
	var out strings.Builder
	p := newProgressLine(&terminal{Writer: &out, interactive: true}, nil, func(string) { t.Error("said, on a terminal") })
	p.at("looking at topics", 0, 2)
	p.at("looking at topics", 2, 2)
	p.end()
	want := "\r\x1b[Klooking at topics: 0 of 2\r\x1b[Klooking at topics: 2 of 2\r\x1b[K"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

// Off a terminal it is told at every tick how far the work is, and nothing
// before it has begun or after it has ended.
func TestProgressElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks, said := make(chan time.Time), make(chan string)
		var out strings.Builder
		p := newProgressLine(&terminal{Writer: &out}, ticks, func(text string) { said <- text })
		ticks <- time.Time{}
		synctest.Wait() // it had nothing to say
		p.at("changing topics", 3, 9)
		ticks <- time.Time{}
		if got, want := <-said, "changing topics: 3 of 9"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		p.end()
		select {
		case ticks <- time.Time{}:
			t.Error("listens after the end")
		default:
		}
		if out.Len() != 0 {
			t.Errorf("output %q, want none", out.String())
		}
	})
}
