package simulation

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seeds = flag.Int("seeds", 200, "number of seeds that TestSeeds runs")
	first = flag.Uint64("seed", 1, "first seed")
	trace = flag.Bool("trace", false, "print each action as it happens")
)

// echo prints a history as it happens, where that was asked for.
func echo() func(string) {
	if !*trace {
		return nil
	}
	return func(line string) { fmt.Println(line) }
}

// run plays a world in a bubble of fake time.
func run(t *testing.T, w World, alter Mutation) *Result {
	t.Helper()
	var r *Result
	synctest.Test(t, func(t *testing.T) {
		var err error
		if r, err = Run(w, alter, echo()); err != nil {
			t.Fatalf("%v: %v", w, err)
		}
	})
	return r
}

// requireBubbles skips what cannot run without the client's own support.
func requireBubbles(t *testing.T) {
	t.Helper()
	if !bubbles {
		t.Skip("fake time needs the Kafka client's other locks: run go test -tags synctests")
	}
}

func TestSeeds(t *testing.T) { runSeeds(t, Draw) }

func TestExactlyOnceSeeds(t *testing.T) { runSeeds(t, DrawExactlyOnce) }

func runSeeds(t *testing.T, draw func(uint64) World) {
	t.Helper()
	requireBubbles(t)
	var sum Totals
	for i := range *seeds {
		w := draw(*first + uint64(i))
		begin := time.Now()
		r := run(t, w, Mutation{})
		if len(r.Faults) > 0 {
			t.Fatalf("%s\n\n%v\nrun it again with -seeds 1 -seed %d", strings.Join(r.Faults, "\n"), r.History, w.Seed)
		}
		if testing.Verbose() {
			t.Logf("seed %d: %v %+v", w.Seed, time.Since(begin), r.Totals)
		}
		sum.add(r.Totals)
	}
	t.Logf("%d seeds from %d: %+v", *seeds, *first, sum)
}

func (s *Totals) add(r Totals) {
	s.Inputs += r.Inputs
	s.Outputs += r.Outputs
	s.Duplicates += r.Duplicates
	s.Members += r.Members
	s.Killed += r.Killed
	s.Commits += r.Commits
	s.Sessions += r.Sessions
	s.Fake += r.Fake
}
