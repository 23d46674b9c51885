package main

import (
	"fmt"
	"io"
)

// bars are what an event may cost, by docs/benchmarks.md.
var bars = []struct {
	row       row
	contender string
	most      float64
}{
	{row{pass, 64, 200}, "bare module", 90},
	{row{pass, 64, 1024}, "bare module", 160},
	{row{pass, 1, 200}, "bare module", 200},
	{row{upper, 64, 200}, "Rust", 300},
	{row{upper, 64, 200}, "C", 300},
	{row{pick, 64, 200}, "Rust", 1000},
	{row{pick, 64, 200}, "C", 1000},
}

func holdAgainstBars(out io.Writer, results map[row]map[string]result) {
	for _, b := range bars {
		got := results[b.row][b.contender]
		verdict := "ok"
		if got.ns > b.most {
			verdict = "MISSED"
		}
		fmt.Fprintf(out, "bar %s: %v: %.0f ns of %.0f, %.0f allocations a batch: %s\n", b.contender, b.row, got.ns, b.most, got.allocs, verdict)
	}
}
