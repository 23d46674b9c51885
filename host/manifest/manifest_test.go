package manifest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm/section"
)

const whole = `name: sample
version: 1.2.3-rc.1
description: Keeps one event of a hundred.
licence: Apache-2.0
sdk: rust
capabilities: [clock, log, metrics]
config:
  type: object
  required: [share]
  additionalProperties: false
  properties:
    share:
      description: How many of a hundred stay.
      type: integer
      minimum: 1
    mode: {$ref: "#/$defs/mode"}
    topics: {type: array, items: {type: string, pattern: "^[a-z]+$"}}
    by:
      anyOf: [{const: key}, {type: object, required: [field]}]
  $defs:
    mode: {description: What is counted., enum: [events, bytes]}
`

func parse(t *testing.T, text string) *manifest.Manifest {
	t.Helper()
	m, faults := manifest.Parse("plugin.yaml", []byte(text))
	if m == nil {
		t.Fatal(faults)
	}
	return m
}

func TestBothForms(t *testing.T) {
	m := parse(t, whole)
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const head = `{"name":"sample","version":"1.2.3-rc.1","description":"Keeps one event of a hundred.","licence":"Apache-2.0",` +
		`"sdk":"rust","capabilities":["clock","log","metrics"],"config":{"type":"object","required":["share"],"additionalProperties":false,`
	if !strings.HasPrefix(string(text), head) {
		t.Errorf("JSON is %s, want it to begin\n%s", text, head)
	}
	again, err := manifest.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Encode(); err != nil || string(second) != string(text) {
		t.Errorf("written again it is\n%s, want\n%s (%v)", second, text, err)
	}
	if again.Schema() == nil {
		t.Error("the decoded manifest has no schema")
	}
}

func TestFaultsHavePlaces(t *testing.T) {
	const good = "name: a\nversion: 1.0.0\ndescription: d\n"
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", `plugin.yaml: is empty (give at least name, version and description)`},
		"list":             {"- a", `plugin.yaml:1:1: must be a map at its top, not a list (begin with name:)`},
		"missing":          {"sdk: go", "plugin.yaml:1:1: name: is missing (use " + manifest.NameForm + ")\nplugin.yaml:1:1: version: is missing (use a semantic version, such as 1.0.0)\nplugin.yaml:1:1: description: is missing (say in a sentence what the plugin does)"},
		"name":             {strings.Replace(good, "name: a", "name: My_Plugin", 1), `plugin.yaml:1:7: name: "My_Plugin" cannot be used (use ` + manifest.NameForm + `)`},
		"version":          {strings.Replace(good, "1.0.0", "1.0", 1), `plugin.yaml:2:10: version: "1.0" cannot be used (use a semantic version, such as 1.0.0)`},
		"lines":            {good + "sdk: |\n  a\n  b\n", "plugin.yaml:4:6: sdk: must be one line of at most 400 characters"},
		"unknown key":      {good + "license: MIT", `plugin.yaml:4:1: license: is not a key of a manifest (did you mean "licence"?)`},
		"far key":          {good + "zzzzzzzz: 1", `plugin.yaml:4:1: zzzzzzzz: is not a key of a manifest (known are name, version, description, licence, sdk, capabilities, config)`},
		"twice":            {good + "name: b", `plugin.yaml:4:1: name: is given twice`},
		"map for text":     {good + "sdk: {a: b}", "plugin.yaml:4:6: sdk: must be a single value, not a map"},
		"capabilities":     {good + "capabilities: log", "plugin.yaml:4:15: capabilities: must be a list (write [] for none)"},
		"capability":       {good + "capabilities: [log, metric]", `plugin.yaml:4:21: capabilities.1: this host has no capability "metric" (did you mean "metrics"?)`},
		"capability twice": {good + "capabilities: [log, log]", `plugin.yaml:4:21: capabilities.1: names "log" again (remove one)`},
		"type":             {good + "config:\n  properties:\n    a: {type: strng}\n", `plugin.yaml:6:15: config.properties.a.type: is not a schema: `},
		"no schema":        {good + "config: 7", "plugin.yaml:4:9: config: is not a schema: "},
		"pattern":          {good + "config: {pattern: '('}", "plugin.yaml:4:19: config.pattern: is not a schema: "},
		"remote":           {good + "config: {$ref: 'https://example.com/x'}", `plugin.yaml:4:16: config.$ref: "https://example.com/x" leads nowhere; refer to a part of this schema, such as #/$defs/NAME`},
		"recursive":        {good + "config: {properties: {a: {$ref: '#'}}}", `config.properties.a.$ref: "#" leads back to itself; the schema of a config cannot be recursive`},
		"other base":       {good + "config: {properties: {a: {$id: 'b'}}}", `config.properties.a.$id: $id cannot be used in the schema of a config`},
		"draft 4":          {good + "config: {$schema: 'http://json-schema.org/draft-04/schema#'}", `config.$schema: draft 4 is not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			m, faults := manifest.Parse("plugin.yaml", []byte(test.text))
			if got := faults.Error(); m != nil || !strings.Contains(got, test.want) {
				t.Errorf("faults are\n%s\nwithout\n%s", got, test.want)
			}
		})
	}
}

// A schema whose references multiply is refused before it is used.
func TestSchemaIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"allOf":[{"$ref":"#/$defs/a0"}],"$defs":{`)
	for i := range 40 {
		fmt.Fprintf(&b, `"a%d":{"allOf":[{"$ref":"#/$defs/a%d"},{"$ref":"#/$defs/a%[2]d"}]},`, i, i+1)
	}
	b.WriteString(`"a40":true}}`)
	_, err := manifest.Decode([]byte(`{"name":"a","version":"1.0.0","description":"d","config":` + b.String() + `}`))
	if err == nil || !strings.Contains(err.Error(), "is too large: more than 20000 parts") {
		t.Errorf("error is %v", err)
	}
}

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"not JSON":  {"{", "is not a manifest: "},
		"wrong":     {`{"name":"a","version":"x","description":"d"}`, `version: "x" cannot be used`},
		"too large": {`{"name":"` + strings.Repeat("a", 300<<10) + `"}`, "at most 262144 are allowed"},
		"schema":    {`{"name":"a","version":"1.0.0","description":"d","config":{"type":1}}`, "config.type: is not a schema: "},
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := manifest.Decode([]byte(test.text)); m != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
	later := `{"name":"a","version":"1.0.0","description":"d","config":null,"homepage":"of a later version"}`
	if m, err := manifest.Decode([]byte(later)); err != nil || m.Schema() != nil {
		t.Errorf("a manifest with a key of later versions: error %v", err)
	}
}

func TestCheckConfig(t *testing.T) {
	schema := parse(t, whole).Schema()
	for name, test := range map[string]struct{ config, want string }{
		"good":         {"share: 1\nmode: bytes\ntopics: [a]\nby: {field: f}", ""},
		"none":         {"", "weir.yaml:7:3: p.config: there is none: missing property 'share'"},
		"type":         {"share: many", "weir.yaml:1:8: p.config.share: got string, want integer (How many of a hundred stay)"},
		"minimum":      {"share: 0", "weir.yaml:1:8: p.config.share: minimum: got 0, want 1 (How many of a hundred stay)"},
		"by reference": {"{share: 1, mode: lines}", "weir.yaml:1:18: p.config.mode: value must be one of 'events', 'bytes' (What is counted)"},
		"unknown":      {"share: 1\nshrae: 2\nzzzzzz: 3", "weir.yaml:2:1: p.config: \"shrae\" is not a key of the config (did you mean \"share\"?)\nweir.yaml:3:1: p.config: \"zzzzzz\" is not a key of the config (known are by, mode, share, topics)"},
		"in a list":    {"{share: 1, topics: [a, B]}", "weir.yaml:1:24: p.config.topics[1]: 'B' does not match pattern '^[a-z]+$'"},
		"alternatives": {"{share: 1, by: {filed: a}}", "weir.yaml:1:16: p.config.by: fits none of the alternatives: missing property 'field'; value must be 'key'"},
		"not JSON":     {"share: .nan", `weir.yaml:1:1: p.config: ".nan" has no form in JSON`},
	} {
		t.Run(name, func(t *testing.T) {
			var faults config.Faults
			n := config.ParseYAML("weir.yaml", []byte(test.config), &faults)
			faults = append(faults, schema.Check(n, config.Pos{File: "weir.yaml", Line: 7, Col: 3}, "p.config")...)
			if diff := cmp.Diff(test.want, faults.Error()); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckConfigOfOtherKinds(t *testing.T) {
	const head = "name: a\nversion: 1.0.0\ndescription: d\nconfig: "
	for _, test := range []struct{ schema, config, want string }{
		{"{type: [array, 'null']}", "", ""},
		{"{type: object}", "", ""},
		{"false", "", ""},
		{"false", "{}", ""},
		{"false", "{a: 1}", "p.config: the module takes no config (remove it)"},
		{"true", "[1]", ""},
		{"{type: object}", "[1]", "p.config: got array, want object"},
	} {
		var faults config.Faults
		n := config.ParseYAML("weir.yaml", []byte(test.config), &faults)
		got := parse(t, head+test.schema).Schema().Check(n, config.Pos{}, "p.config").Error()
		if _, short, ok := strings.Cut(got, ": p."); ok {
			got = "p." + short
		}
		if got != test.want {
			t.Errorf("schema %s, config %q: faults are %q, want %q", test.schema, test.config, got, test.want)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	schema := parse(t, "name: a\nversion: 1.0.0\ndescription: d\nconfig: {properties: {salt: {pattern: '^[0-9]+$'}}}").Schema()
	n := config.NewMap(config.Pos{})
	n.Put("salt", config.Pos{}, &config.Node{Value: "hunter2", Secret: true})
	got := schema.Check(n, config.Pos{}, "config").Error()
	if strings.Contains(got, "hunter2") || got != `config.salt: is not what "pattern" of the schema says` {
		t.Errorf("faults are %s", got)
	}
}

func TestModule(t *testing.T) {
	parsed := func(file *wasmtest.Module) *section.Module {
		m, err := section.Parse(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	module := parsed(wasmtest.Passthrough())
	if m, err := manifest.Read(module); m != nil || err != nil || manifest.Tests(module) != nil {
		t.Errorf("a module without sections has manifest %v, error %v", m, err)
	}
	sample := parse(t, whole)
	for _, tests := range []string{"cases: []", "cases: [{}]"} {
		if err := manifest.Attach(module, sample, []byte(tests)); err != nil {
			t.Fatal(err)
		}
		if got := string(manifest.Tests(module)); got != tests {
			t.Errorf("tests are %q, want %q", got, tests)
		}
	}
	if err := manifest.Attach(module, sample, nil); err != nil || manifest.Tests(module) != nil {
		t.Errorf("tests are still there; error %v", err)
	}
	if m, err := manifest.Read(module); err != nil || m.Name != "sample" || m.Schema() == nil {
		t.Errorf("manifest %+v, error %v", m, err)
	}

	logging := new(wasmtest.Module)
	logging.Import("weir", "log", "iii")
	const none = `{"name":"a","version":"1.0.0","description":"d","capabilities":[]}`
	for name, test := range map[string]struct {
		module *wasmtest.Module
		want   string
	}{
		"two":        {wasmtest.Passthrough().Custom(manifest.Section, none).Custom(manifest.Section, none), "has 2 sections weir.plugin"},
		"damaged":    {wasmtest.Passthrough().Custom(manifest.Section, "{"), "section weir.plugin: is not a manifest"},
		"undeclared": {logging.Custom(manifest.Section, none), "uses log, which its manifest does not declare; add it to capabilities in plugin.yaml"},
	} {
		if _, err := manifest.Read(parsed(test.module)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want %s", name, err, test.want)
		}
	}
}

// TestReferencePage holds the page on plugin.yaml against what is read: its
// example, and its tables.
func TestReferencePage(t *testing.T) {
	data, err := os.ReadFile("../../docs/reference/plugin-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	_, example, _ := strings.Cut(page, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	m := parse(t, example)
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for key := range keys {
		if !strings.Contains(page, "\n| `"+key+"` | ") {
			t.Errorf("the page has no row for the key %s", key)
		}
	}
	if rows := strings.Count(page, "` | yes |") + strings.Count(page, "` | no |"); rows != len(keys) {
		t.Errorf("the page has %d rows of keys, its example %d keys: want all in both", rows, len(keys))
	}
	for _, name := range manifest.Capabilities() {
		if !strings.Contains(page, "\n| `"+name+"` | ") {
			t.Errorf("the page has no row for the capability %s", name)
		}
	}
}

// TestPlugins reads the manifests of the ready-made plugins.
func TestPlugins(t *testing.T) {
	files, err := filepath.Glob("../../plugins/*/" + manifest.File)
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if m, faults := manifest.Parse(file, data); m == nil {
			t.Errorf("%v", faults)
		} else if m.Name != filepath.Base(filepath.Dir(file)) {
			t.Errorf("%s: name is %q", file, m.Name)
		}
	}
}

// FuzzDecode: what decodes, encodes, and decodes to the same; its schema has an
// answer to a config.
func FuzzDecode(f *testing.F) {
	m, _ := manifest.Parse("plugin.yaml", []byte(whole))
	text, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"name":"a","version":"1.0.0","description":"d","capabilities":null,"config":{"$ref":"#/$defs/~1a","$defs":{"/a":true}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := manifest.Decode(text)
		if err != nil {
			return
		}
		_ = m.Parts()
		if m.Schema() != nil {
			var none config.Faults
			n := config.ParseYAML("weir.yaml", []byte("{a: 1, b: [x, 2.5, null], share: {c: true}}"), &none)
			for _, fault := range m.Schema().Check(n, config.Pos{}, "config") {
				if fault.Message == "" {
					t.Errorf("a fault without words: %+v", fault)
				}
			}
		}
		once, err := m.Encode()
		if err != nil {
			return // it grew over the limit: bytes that are no UTF-8 take more in JSON
		}
		again, err := manifest.Decode(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := again.Encode()
		if err != nil || string(once) != string(twice) {
			t.Errorf("%s became %s (%v)", once, twice, err)
		}
	})
}
