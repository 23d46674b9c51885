package mutants

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the matrix of mutants")

// The lines of the page between which the matrix is.
const (
	matrixBegin = "<!-- made by go test ./host/internal/mutants -run TestMatrix -update -->\n"
	matrixEnd   = "<!-- end of the mutants -->\n"
)

// matrix is who finds each mutant, and as what.
func matrix() string {
	var b strings.Builder
	b.WriteString("\n| weir that |")
	for judge := range judges {
		b.WriteString(" " + judge.String() + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", int(judges)) + "\n")
	for _, m := range All {
		b.WriteString("| " + m.Name + " |")
		for judge := range judges {
			if name := strings.TrimSuffix(m.Caught[judge], ":"); name != "" {
				b.WriteString(" " + name)
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// TestMatrix holds the page against the table of mutants.
func TestMatrix(t *testing.T) {
	file := filepath.Join(root, "docs", "guarantees.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begins := strings.Cut(string(page), matrixBegin)
	_, tail, ends := strings.Cut(rest, matrixEnd)
	if !begins || !ends {
		t.Fatalf("%s has no matrix between %s and %s", file, matrixBegin, matrixEnd)
	}
	want := head + matrixBegin + matrix() + matrixEnd + tail
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("the page is stale (-want +got), write it anew with -update:\n%s", diff)
	}
}
