package trial

import (
	"fmt"
	"strings"
)

// DiffLine is a line of a comparison: Sign is "-" for what was wanted, "+" for
// what is there, " " for what is the same.
type DiffLine struct {
	Sign, Text string
}

// maxDiff bounds the lines that are compared one by one.
const maxDiff = 2000

// diffContext is how many lines that are the same are shown around a difference.
const diffContext = 2

// Diff compares two texts by lines. Long runs of lines that are the same are
// left out.
func Diff(want, got string) []DiffLine {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	if len(a) > maxDiff || len(b) > maxDiff {
		return append(signed("-", a[:min(len(a), maxDiff)]), signed("+", b[:min(len(b), maxDiff)])...)
	}
	return fold(diffLines(a, b))
}

func signed(sign string, lines []string) []DiffLine {
	out := make([]DiffLine, len(lines))
	for i, l := range lines {
		out[i] = DiffLine{sign, l}
	}
	return out
}

// diffLines finds the longest common subsequence and tells the rest apart.
func diffLines(a, b []string) []DiffLine {
	// common[i][j] is its length in a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []DiffLine
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, DiffLine{" ", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, DiffLine{"-", a[i]})
			i++
		default:
			out = append(out, DiffLine{"+", b[j]})
			j++
		}
	}
	return out
}

// fold leaves out what is the same and far from a difference.
func fold(lines []DiffLine) []DiffLine {
	near := make([]bool, len(lines))
	for i, l := range lines {
		if l.Sign != " " {
			for j := max(0, i-diffContext); j < min(len(lines), i+diffContext+1); j++ {
				near[j] = true
			}
		}
	}
	var out []DiffLine
	for i := 0; i < len(lines); i++ {
		if near[i] {
			out = append(out, lines[i])
			continue
		}
		first := i
		for i+1 < len(lines) && !near[i+1] {
			i++
		}
		if i == first {
			out = append(out, lines[i])
		} else {
			out = append(out, DiffLine{" ", fmt.Sprintf("... %d lines that are the same", i-first+1)})
		}
	}
	return out
}
