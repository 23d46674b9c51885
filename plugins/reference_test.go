package plugins_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/plugins"
)

var update = flag.Bool("update", false, "write the reference of the plugins")

const referenceHead = `# Ready-made processors

<!-- made by go test ./plugins -run TestReference -update -->

They are part of weir's binary: a pipeline uses one as ` + "`module: builtin:NAME`" + `. Each name leads to its page with examples and with what is rejected.

`

// TestReference holds the page of all plugins against their manifests.
func TestReference(t *testing.T) {
	var index, pages strings.Builder
	index.WriteString("| name | does |\n|---|---|\n")
	for _, name := range plugins.Names() {
		m := readManifest(t, name)
		page := fmt.Sprintf("[%s](../../plugins/%s/README.md)", name, name)
		fmt.Fprintf(&index, "| %s | %s |\n", page, m.Description)
		fmt.Fprintf(&pages, "\n## %s\n\n%s\n\n", name, m.Description)
		for _, part := range m.Parts() {
			switch {
			case part.Name == "":
				writeKeys(&pages, part.Keys)
			case part.Keys == nil:
				fmt.Fprintf(&pages, "\nA value called %s is of type %s.\n", part.Name, part.Kind)
			default:
				fmt.Fprintf(&pages, "\nA %s has\n\n", part.Name)
				writeKeys(&pages, part.Keys)
			}
		}
	}
	got := referenceHead + index.String() + pages.String()
	file := filepath.Join("..", "docs", "reference", "plugins.md")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/reference/plugins.md is not what the manifests say; run with -update (-page +manifests):\n%s", diff)
	}
}

// readManifest reads a manifest, and sees that it names its plugin and that
// the plugin's own page and the table of all have it.
func readManifest(t *testing.T, name string) *manifest.Manifest {
	t.Helper()
	file := filepath.Join(name, manifest.File)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, faults := manifest.Parse(file, data)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if m.Name != name {
		t.Errorf("%s names the plugin %q", file, m.Name)
	}
	table, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := fmt.Sprintf("| [%s](%s/README.md) | %s |", name, name, strings.TrimSuffix(lowerFirst(m.Description), "."))
	if !strings.Contains(string(table), row) {
		t.Errorf("README.md lacks the row\n%s", row)
	}
	readme, err := os.ReadFile(filepath.Join(name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range m.Parts()[0].Keys {
		if top, _, _ := strings.Cut(key.Path, "."); !strings.Contains(string(readme), "| `"+strings.TrimSuffix(top, "[]")+"`") {
			t.Errorf("%s/README.md has no row for the key %s", name, key.Path)
		}
	}
	return m
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// writeKeys writes the table of an object's keys.
func writeKeys(b *strings.Builder, keys []manifest.Key) {
	b.WriteString("| key | is | default | meaning |\n|---|---|---|---|\n")
	for _, key := range keys {
		kind, standard := key.Kind, ""
		if key.Words != nil {
			kind = "`" + strings.Join(key.Words, "`, `") + "`"
		}
		switch {
		case key.HasDefault:
			standard = "`" + cmp.Or(key.Default, `""`) + "`"
		case key.Needed:
			standard = "needed"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key.Path, kind, standard, strings.ReplaceAll(key.Meaning, "|", "\\|"))
	}
}
