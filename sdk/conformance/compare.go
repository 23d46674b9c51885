package conformance

import (
	"regexp"
	"slices"
	"strings"
)

// Fault is one thing about a case that is not as it has to be.
type Fault struct {
	// Run says how the case was run.
	Run string `json:"run"`
	// Section is the part of the outcome that differs; empty when Text says it.
	Section string `json:"section,omitempty"`
	// Want and Got are the lines of the section.
	Want []string `json:"want,omitempty"`
	Got  []string `json:"got,omitempty"`
	// Text is a fault that is no difference.
	Text string `json:"text,omitempty"`
}

// outcome is what came of a case: lines by section.
type outcome map[string][]string

// compare returns a fault for each of the sections that differs. In a wanted
// line, ** stands for any text: stacks and the like are not the same in every
// language.
func compare(run string, want, got outcome, sections ...string) []Fault {
	var faults []Fault
	for _, section := range sections {
		if agreed := agree(want[section], got[section]); !slices.Equal(want[section], agreed) {
			faults = append(faults, Fault{Run: run, Section: section, Want: want[section], Got: agreed})
		}
	}
	return faults
}

// agree returns the lines that came, with those that are as a wanted line says
// written as that one.
func agree(want, got []string) []string {
	got = slices.Clone(got)
	for i := range min(len(want), len(got)) {
		if matches(want[i], got[i]) {
			got[i] = want[i]
		}
	}
	return got
}

func matches(pattern, line string) bool {
	parts := strings.Split(pattern, "**")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(line)
}

// Lines tells the fault: how the case was run, then what is at fault. A
// difference has "- " before the lines that are missing and "+ " before those
// that should not be there.
func (f *Fault) Lines() []string {
	if f.Section == "" {
		return []string{f.Run + ": " + f.Text}
	}
	return append([]string{f.Run + ": section " + f.Section + " (- wanted, + came)"}, diff(f.Want, f.Got)...)
}

// diff tells how to come from want to got, by the longest part that they have
// in common. Of lines that stay, those next to a change are shown.
func diff(want, got []string) []string {
	lines := edits(want, got)
	changed := func(i int) bool { return i >= 0 && i < len(lines) && lines[i][0] != ' ' }
	var shown []string
	for i, line := range lines {
		switch {
		case changed(i - 1), changed(i), changed(i + 1):
			shown = append(shown, line)
		case len(shown) == 0 || shown[len(shown)-1] != "  ...":
			shown = append(shown, "  ...")
		}
	}
	return shown
}

// edits returns all lines of both, each with what becomes of it in front.
func edits(want, got []string) []string {
	// common[i][j] is the length of the longest common part of want[i:], got[j:].
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []string
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			lines = append(lines, "  "+want[i])
			i, j = i+1, j+1
		case j == len(got), i < len(want) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, "- "+want[i])
			i++
		default:
			lines = append(lines, "+ "+got[j])
			j++
		}
	}
	return lines
}
