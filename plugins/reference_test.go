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

	"github.com/weirhq/weir/host/config"
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
		root := readManifest(t, name)
		page := fmt.Sprintf("[%s](../../plugins/%s/README.md)", name, name)
		fmt.Fprintf(&index, "| %s | %s |\n", page, root.Find("description").Value)
		fmt.Fprintf(&pages, "\n## %s\n\n%s\n\n", name, root.Find("description").Value)
		schema := root.Find("config")
		writeKeys(&pages, schema)
		if defs := schema.Find("$defs"); defs != nil {
			for _, def := range defs.Items {
				if def.Node.Find("properties") == nil {
					fmt.Fprintf(&pages, "\nA value called %s is of type %s.\n", def.Key, kind(def.Node))
					continue
				}
				fmt.Fprintf(&pages, "\nA %s has\n\n", def.Key)
				writeKeys(&pages, def.Node)
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
func readManifest(t *testing.T, name string) *config.Node {
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
	root := config.ParseYAML(file, data, &faults)
	for _, key := range root.Find("config").Find("properties").Items {
		if !strings.Contains(string(readme), "| `"+key.Key+"`") {
			t.Errorf("%s/README.md has no row for the key %s", name, key.Key)
		}
	}
	return root
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// writeKeys writes the table of an object's keys, those of objects inside with
// their paths.
func writeKeys(b *strings.Builder, object *config.Node) {
	b.WriteString("| key | is | default | meaning |\n|---|---|---|---|\n")
	writeRows(b, "", object)
}

func writeRows(b *strings.Builder, prefix string, object *config.Node) {
	needed := map[string]bool{}
	if list := object.Find("required"); list != nil {
		for _, key := range list.List {
			needed[key.Value] = true
		}
	}
	properties := object.Find("properties")
	if properties == nil {
		return
	}
	for _, key := range properties.Items {
		standard := ""
		if d := key.Node.Find("default"); d != nil {
			standard = "`" + cmp.Or(d.Value, `""`) + "`"
		} else if needed[key.Key] {
			standard = "needed"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, key.Key, kind(key.Node), standard, text(key.Node, "description"))
		writeRows(b, prefix+key.Key+".", key.Node)
		if items := key.Node.Find("items"); items != nil {
			writeRows(b, prefix+key.Key+"[].", items)
		}
	}
}

func text(n *config.Node, key string) string {
	if value := n.Find(key); value != nil {
		return strings.ReplaceAll(value.Value, "|", "\\|")
	}
	return ""
}

// kind says of what kind a value is.
func kind(schema *config.Node) string {
	switch enum := schema.Find("enum"); {
	case enum != nil:
		var names []string
		for _, value := range enum.List {
			names = append(names, "`"+value.Value+"`")
		}
		return strings.Join(names, ", ")
	case schema.Find("$ref") != nil:
		return strings.TrimPrefix(text(schema, "$ref"), "#/$defs/")
	}
	of := schema.Find("type")
	switch {
	case of == nil:
		return "any value"
	case of.Kind == config.List:
		var names []string
		for _, name := range of.List {
			names = append(names, name.Value)
		}
		return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	case of.Value == "string" && strings.Contains(text(schema, "pattern"), "/"):
		return "JSON pointer"
	case of.Value == "array" && schema.Find("items") != nil:
		return "list of " + kind(schema.Find("items"))
	case of.Value == "object" && schema.Find("additionalProperties") != nil && schema.Find("additionalProperties").Kind == config.Map:
		return "map to " + kind(schema.Find("additionalProperties"))
	}
	return of.Value
}
