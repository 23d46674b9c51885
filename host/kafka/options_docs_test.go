package kafka

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/reference/kafka-options.md")

const reference = "../../docs/reference/kafka-options.md"

// TestReference keeps the reference of options the one of the program.
func TestReference(t *testing.T) {
	want := referencePage()
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("run go test ./host/kafka -run TestReference -update (-want +got)\n%s", diff)
	}
}

const referenceHead = `# Kafka options

<!-- made by go test ./host/kafka -run TestReference -update -->

Every option that the configuration of a connection, a source or a sink may have, besides its own keys. The names are those of librdkafka 2.15, all
of them, with those of BSPump and of older Python clients under *also*. Any spelling will do: ` + "`linger.ms`, `linger_ms`, `LINGER-MS`" + `.
[Configuration](../configuration.md#options) says how values are written and which place wins.

- *where*: an option of sources has no effect on sinks, and the other way round. On a connection it serves whoever it fits.
- *default*: weir's, and librdkafka's in brackets where that is another. Nothing is left to the defaults of the client.
- *acts on*: the option of the client (franz-go, ` + "`kgo`" + `) that it becomes, or what in weir obeys it.

An option without effect gives a warning, one that is refused an error, unless it says what happens anyway: librdkafka's own default. With
` + "`kafka.options: strict`" + ` warnings are errors. ` + "`weir config explain`" + ` has what is in force.
`

func referencePage() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	acts := func(r *row) bool { return r.treat == mapped || r.treat == emulate }
	for _, g := range []struct {
		title string
		rows  []row
	}{{"Clients", clientRows}, {"Security", securityRows}, {"Sources", sourceRows}, {"Sinks", sinkRows}} {
		fmt.Fprintf(&b, "\n## %s\n\n| option | also | where | type | default | acts on | meaning |\n| --- | --- | --- | --- | --- | --- | --- |\n", g.title)
		for i := range g.rows {
			if r := &g.rows[i]; acts(r) {
				cells(&b, quoted(r.name), quoted(r.aliases...), r.where(), r.typeText(), r.defaultText(), r.maps, r.docText())
			}
		}
	}
	for _, g := range []struct {
		title string
		treat treatment
	}{{"Without effect", warn}, {"Refused", reject}} {
		fmt.Fprintf(&b, "\n## %s\n\n| option | also | where | type | librdkafka's default | meaning | why |\n| --- | --- | --- | --- | --- | --- | --- |\n", g.title)
		for i := range table {
			if r := &table[i]; r.treat == g.treat {
				cells(&b, quoted(r.name), quoted(r.aliases...), r.where(), r.typeText(), quoted(r.std), r.doc, r.why)
			}
		}
	}
	return b.String()
}

func cells(b *strings.Builder, texts ...string) {
	for i := range texts {
		texts[i] = strings.ReplaceAll(texts[i], "|", `\|`)
	}
	fmt.Fprintf(b, "| %s |\n", strings.Join(texts, " | "))
}

func quoted(names ...string) string {
	var out []string
	for _, name := range names {
		if name != "" {
			out = append(out, "`"+name+"`")
		}
	}
	return strings.Join(out, ", ")
}

func (r *row) where() string {
	switch {
	case r.own && r.role == Consumer|Producer:
		return "source, sink; not connection"
	case r.own:
		return r.role.String() + "; not connection"
	case r.role == anyRole:
		return "all"
	case r.role == Consumer|Producer:
		return "source, sink"
	}
	return r.role.String()
}

func (r *row) typeText() string {
	switch {
	case r.kind == kindEnum || r.kind == kindFlags && len(r.words) < 10:
		return quoted(r.words...)
	case r.high >= unlimited && r.low > 0:
		return fmt.Sprintf("%s, at least %d", r.kind, r.low)
	case r.high > 0 && r.high < unlimited:
		return fmt.Sprintf("%s, %d to %d", r.kind, r.low, r.high)
	}
	return r.kind.String()
}

func (r *row) defaultText() string {
	text := quoted(r.def)
	if r.sourceDef != "" {
		text = quoted(r.sourceDef) + " (source), " + text + " (sink)"
	}
	if r.std != "" {
		text = strings.TrimSpace(text + " [" + quoted(r.std) + "]")
	}
	return text
}

func (r *row) docText() string {
	text := r.doc
	for _, word := range slices.Sorted(maps.Keys(r.moot)) {
		text += fmt.Sprintf(" `%s` has no effect: %s.", word, r.moot[word])
	}
	if r.secret {
		text += " Never shown."
	}
	return text
}
