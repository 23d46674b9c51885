package kafka

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the table of options in docs/configuration.md")

const docs = "../../docs/configuration.md"

// TestOptionTable keeps the table of options in the documentation the one of
// the program.
func TestOptionTable(t *testing.T) {
	const begin, end = "-update -->\n", "<!-- end of options -->"
	data, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(data), begin)
	have, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the options", docs)
	}
	want := optionTable()
	if *update {
		if err := os.WriteFile(docs, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("run go test ./host/kafka -run TestOptionTable -update (-want +got)\n%s", diff)
	}
}

func optionTable() string {
	var b strings.Builder
	groups := []struct {
		title string
		role  Role
	}{
		{"Connections, sources and sinks", anyRole},
		{"Sources and sinks", Consumer | Producer},
		{"Sources", Consumer},
		{"Sinks", Producer},
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n### %s\n\n| option | also | type | default | meaning |\n| --- | --- | --- | --- | --- |\n", g.title)
		for i := range table {
			if r := &table[i]; r.role == g.role {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.name, quoted(r.aliases), r.typeText(), quoted([]string{r.def}), r.docText())
			}
		}
	}
	return b.String() + "\n"
}

func quoted(names []string) string {
	var out []string
	for _, name := range names {
		if name != "" {
			out = append(out, "`"+name+"`")
		}
	}
	return strings.Join(out, ", ")
}

func (r *row) typeText() string {
	switch {
	case r.kind == kindEnum:
		return quoted(r.words)
	case r.high >= unlimited && r.low > 0:
		return fmt.Sprintf("%s, at least %d", r.kind, r.low)
	case r.high > 0 && r.high < unlimited:
		return fmt.Sprintf("%s, %d to %d", r.kind, r.low, r.high)
	}
	return r.kind.String()
}

func (r *row) docText() string {
	text := r.doc
	switch {
	case r.treat == reject:
		text += " Refused: " + r.why + "."
	case r.treat == warn:
		text += " Accepted without effect: " + r.why + "."
	}
	if r.own {
		text += " Not on connections."
	}
	return text
}
