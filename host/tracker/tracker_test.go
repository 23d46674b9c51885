package tracker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"
)

// TestStories runs testdata: each line of a story is one call, the answer is
// what the tracker says.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var tr Tracker
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var b strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				fmt.Fprintln(&b, play(&tr, line))
			}
			return b.String()
		})
	})
}

func play(t *Tracker, line string) (answer string) {
	defer func() {
		if r := recover(); r != nil {
			answer = fmt.Sprint("panic: ", r)
		}
	}()
	var batch Batch
	var next int64
	var count int
	switch verb, _, _ := strings.Cut(line, " "); verb {
	case "begin":
		fmt.Sscanf(line, "begin next=%d count=%d", &next, &count)
		return fmt.Sprintf("batch %d", t.Begin(Position{Next: next, Epoch: 1}, count, 10*count))
	case "end":
		fmt.Sscanf(line, "end %d", &batch)
		p, moved, count, size := t.End(batch)
		if !moved {
			return fmt.Sprintf("held, gives back %d records %d bytes, %d in flight", count, size, t.InFlight())
		}
		return fmt.Sprintf("commit %d, gives back %d records %d bytes, %d in flight", p.Next, count, size, t.InFlight())
	case "truncate":
		fmt.Sscanf(line, "truncate %d at=%d", &batch, &next)
		t.Truncate(batch, next)
		return "ok"
	}
	return "unknown line"
}

// TestModel compares the tracker with the naive rule over random interleavings:
// the position is the longest prefix of ended batches, cut at the first
// truncation.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr Tracker
		type batch struct {
			next  int64
			ended bool
		}
		var all []batch
		cut := -1
		var offset, committed int64
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				count := rapid.IntRange(0, 256).Draw(t, "count")
				offset += int64(count) + rapid.Int64Range(0, 3).Draw(t, "gap")
				all = append(all, batch{next: offset})
				if got := tr.Begin(Position{Next: offset}, count, 0); int(got) != len(all)-1 {
					t.Fatalf("begin: batch %d, want %d", got, len(all)-1)
				}
			},
			"truncate": func(t *rapid.T) {
				i, ok := pickOpen(t, len(all), func(i int) bool { return !all[i].ended })
				if !ok {
					t.Skip("nothing open")
				}
				next := all[i].next - rapid.Int64Range(0, 256).Draw(t, "back")
				tr.Truncate(Batch(i), next)
				if cut < 0 || i <= cut {
					cut, all[i].next = i, min(next, all[i].next)
				}
			},
			"end": func(t *rapid.T) {
				i, ok := pickOpen(t, len(all), func(i int) bool { return !all[i].ended })
				if !ok {
					t.Skip("nothing open")
				}
				all[i].ended = true
				before := committed
				open := 0
				for j := range all {
					if !all[j].ended {
						break
					}
					if cut < 0 || j <= cut {
						committed = all[j].next
					}
					open++
				}
				p, moved, _, _ := tr.End(Batch(i))
				if moved && p.Next != committed {
					t.Fatalf("end %d: position %d, want %d", i, p.Next, committed)
				}
				if !moved && committed != before {
					t.Fatalf("end %d: position not moved to %d", i, committed)
				}
				if got := tr.InFlight(); got != len(all)-open {
					t.Fatalf("in flight %d, want %d", got, len(all)-open)
				}
			},
		})
	})
}

func pickOpen(t *rapid.T, n int, open func(int) bool) (int, bool) {
	var candidates []int
	for i := range n {
		if open(i) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(candidates).Draw(t, "batch"), true
}

func BenchmarkBeginEnd(b *testing.B) {
	var t Tracker
	b.ReportAllocs()
	for b.Loop() {
		x := t.Begin(Position{Next: 1}, 256, 1)
		y := t.Begin(Position{Next: 2}, 256, 1)
		t.End(y)
		t.End(x)
	}
}
