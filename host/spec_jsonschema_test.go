package host

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weirhq/weir/host/config"
)

const schemaFile = "../docs/reference/weir.schema.json"

// TestJSONSchema keeps the file the one of the program.
func TestJSONSchema(t *testing.T) {
	want, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(have)); diff != "" {
		t.Errorf("run go test ./host -run TestJSONSchema -update (-want +got)\n%s", diff)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("weir.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("weir.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance is a YAML file as the schema sees it.
func instance(t *testing.T, file string, data []byte) any {
	t.Helper()
	var faults config.Faults
	root := config.ParseYAML(file, data, &faults)
	if faults.Err() != nil {
		t.Fatalf("%v", faults)
	}
	text, err := root.JSON()
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// goodFiles are the configurations in YAML of the examples, the documentation
// and the archives of testdata/spec that load without a word.
func goodFiles(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	examples, err := filepath.Glob("../examples/*/weir.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range examples {
		if out[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	out["configuration.md"] = []byte(fenced(t, string(docs), "yaml"))
	archives, err := filepath.Glob("testdata/spec/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archives {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == "faults" }) {
			continue
		}
		for _, f := range archive.Files {
			loaded := slices.Contains(strings.Fields(string(archive.Comment)), f.Name)
			if loaded && filepath.Ext(f.Name) == ".yaml" {
				out[file+" "+f.Name] = f.Data
			}
		}
	}
	return out
}

func TestGoodFilesFitSchema(t *testing.T) {
	schema := compiled(t)
	files := goodFiles(t)
	if len(files) < 6 {
		t.Errorf("only %d files", len(files))
	}
	for name, data := range files {
		if err := schema.Validate(instance(t, name, data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaSeesFaults(t *testing.T) {
	schema := compiled(t)
	const pipeline = "connections: {main: {bootstrap_servers: k}}\npipelines: {p: {source: {topic: a, %s}, sink: {topic: b}}}"
	for _, test := range []struct {
		options string
		ok      bool
	}{
		{"group_id: g", true},
		{"session.timeout.ms: 6000", true},
		{"session_timeout_ms: 6s", true},
		{"session_timeout_ms: '${TIMEOUT:-5}'", true},
		{"session_timeout_ms: ''", true},
		{"session_timeout_ms: null", true},
		{"session_timeout_ms: soon", false},
		{"session_timeout_ms: 3600001", false},
		{"session_timout_ms: 6000", false},
		{"auto_offset_reset: Smallest", true},
		{"auto_offset_reset: newest", false},
		{"enable_auto_commit: 'yes'", true},
		{"enable_auto_commit: maybe", false},
		{"fetch_max_bytes: 16MiB", true},
		{"fetch_max_bytes: 0x100000", true},
		{"fetch_max_bytes: 16 miles", false},
		{"offset_store_method: broker", true},
		{"offset_store_method: file", false},
		{"rebalance_cb: x", false},
		{"acks: all", false},
		{"retention_ms: 1000", true},
		{"num_partitions: 0", false},
		{"connection: main", true},
		{"partition_assignment_strategy: [range, roundrobin]", true},
	} {
		text := strings.Replace(pipeline, "%s", test.options, 1)
		err := schema.Validate(instance(t, "test.yaml", []byte(text)))
		if (err == nil) != test.ok {
			t.Errorf("%s: %v, want ok=%t", test.options, err, test.ok)
		}
	}
	var document map[string]any
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	password := document["definitions"].(map[string]any)["option.sasl.password"].(map[string]any)
	if password["x-secret"] != true {
		t.Errorf("a password is no secret: %v", password)
	}
}

// TestSchemaHasAllKeys loads a configuration that opens every kind of section and
// sees that the schema has every key that the loader asks for.
func TestSchemaHasAllKeys(t *testing.T) {
	const text = `
kafka: {}
connections: {main: {bootstrap_servers: k, schema_registry: {url: "http://r"}}}
topics: {list: [{topic: a, config: {}}]}
modules: {hosts: {"h:5000": {token: t}}}
pipelines:
  p:
    source: {topic: b, config: {}}
    processors:
      - {module: "builtin:topic-selector", capture: {dir: c}, shadow: {module: "builtin:topic-selector"}}
      - {key_filter: {keys: a}}
      - {schema: {decode: {schema_registry: {url: "http://r"}}}}
      - {schema: {encode: {subject: s}}}
    sink: {topic: c}
    dead_letter: {topic: d}
    on_error: dead_letter
`
	t.Chdir(t.TempDir())
	if err := os.WriteFile("weir.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := readSpec(config.Load{Files: []string{"weir.yaml"}, Environ: []string{}}, []string{"topic-selector"})
	if faults := l.root.Finish(); faults.Err() != nil {
		t.Fatal(faults)
	}
	schema := compiled(t)
	places := 0
	l.root.Names(func(path string, names []string) {
		places++
		have := map[string]bool{}
		for _, at := range placesOf(schema, path) {
			for name := range at.Properties {
				have[config.Fold(name)] = true
			}
		}
		for _, name := range names {
			if !have[config.Fold(name)] {
				t.Errorf("%s: the schema has no %s", path, name)
			}
		}
	})
	if places < 20 {
		t.Errorf("only %d sections", places)
	}
}

// placesOf are the alternatives that a schema has for a path of keys, such as
// pipelines.p.processors[0].
func placesOf(schema *jsonschema.Schema, path string) []*jsonschema.Schema {
	at := alternatives(schema)
	for _, key := range strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' }) {
		var next []*jsonschema.Schema
		for _, s := range at {
			switch below, ok := s.Properties[key]; {
			case ok:
				next = append(next, alternatives(below)...)
			case strings.HasPrefix(key, "["):
				if items, ok := s.Items.(*jsonschema.Schema); ok {
					next = append(next, alternatives(items)...)
				}
			default:
				if each, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
					next = append(next, alternatives(each)...)
				}
			}
		}
		at = next
	}
	return at
}

func alternatives(s *jsonschema.Schema) []*jsonschema.Schema {
	out := []*jsonschema.Schema{s}
	if s.Ref != nil {
		out = append(out, alternatives(s.Ref)...)
	}
	for _, one := range s.AnyOf {
		out = append(out, alternatives(one)...)
	}
	return out
}
