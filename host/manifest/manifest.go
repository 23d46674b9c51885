// Package manifest is what a plugin says about itself: its name and version,
// what it does, the schema of its config and what it needs of the host.
//
// People write it as plugin.yaml (Parse); a module carries it as JSON in a
// custom section (Read, Attach), so that a .wasm file alone is the whole plugin.
// Both forms have the same keys and obey the same rules.
package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhq/weir/host/config"
)

// File is the name that a manifest has beside the sources of a plugin.
const File = "plugin.yaml"

// Manifest is what a plugin says about itself.
type Manifest struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	// Licence is an SPDX expression, SDK what the module was written with. Both
	// may be empty.
	Licence string `json:"licence,omitempty"`
	SDK     string `json:"sdk,omitempty"`
	// Capabilities are what the module calls of the host beyond passing events
	// on; nil says nothing about it.
	Capabilities []string `json:"capabilities,omitzero"`
	// Config is the JSON Schema of the config; nil says nothing about it.
	Config json.RawMessage `json:"config,omitempty"`

	schema *Schema
}

// Schema is the schema of the config, nil without one.
func (m *Manifest) Schema() *Schema { return m.schema }

// The keys of a manifest, in the order in which they are shown.
const (
	keyName         = "name"
	keyVersion      = "version"
	keyDescription  = "description"
	keyLicence      = "licence"
	keySDK          = "sdk"
	keyCapabilities = "capabilities"
	keyConfig       = "config"
)

var keys = []string{keyName, keyVersion, keyDescription, keyLicence, keySDK, keyCapabilities, keyConfig}

// Parse reads a plugin.yaml. The manifest is nil when there are faults; each
// has its place.
func Parse(file string, data []byte) (*Manifest, config.Faults) {
	var faults config.Faults
	root := config.ParseYAML(file, data, &faults)
	switch {
	case root == nil && len(faults) == 0:
		faults.Add(config.Fault{Pos: config.Pos{File: file}, Message: "is empty", Hint: "give at least name, version and description"})
	case root != nil && root.Kind != config.Map:
		faults.Add(config.Fault{Pos: root.Pos, Message: "must be a map at its top, not a " + root.Kind.String(), Hint: "begin with name:"})
	}
	if len(faults) > 0 {
		return nil, faults
	}
	r := yamlReader{root: root, faults: &faults}
	m := r.read()
	m.check(r.fault)
	faults.Sort()
	if len(faults) > 0 {
		return nil, faults
	}
	return m, nil
}

// yamlReader takes a manifest from a tree with places.
type yamlReader struct {
	root   *config.Node
	faults *config.Faults
}

// fault adds a fault about what path leads to, or about the manifest itself
// where it leads nowhere.
func (r yamlReader) fault(path []string, message, hint string) {
	f := config.Fault{Pos: r.root.At(path...).Pos, Path: strings.Join(path, "."), Message: message, Hint: hint}
	// A fault of the type stands for all that is wrong with the value.
	if !slices.ContainsFunc(*r.faults, func(g config.Fault) bool { return g.Path == f.Path && g.Pos == f.Pos }) {
		r.faults.Add(f)
	}
}

func (r yamlReader) read() *Manifest {
	m := new(Manifest)
	texts := map[string]*string{
		keyName: &m.Name, keyVersion: &m.Version, keyDescription: &m.Description, keyLicence: &m.Licence, keySDK: &m.SDK,
	}
	for _, item := range r.root.Items {
		switch into := texts[item.Key]; {
		case into != nil && item.Node.Kind == config.Scalar:
			*into = item.Node.Value
		case into != nil:
			r.fault([]string{item.Key}, "must be a single value, not a "+item.Node.Kind.String(), "")
		case item.Key == keyCapabilities:
			r.capabilities(m, item.Node)
		case item.Key == keyConfig:
			text, err := item.Node.JSON()
			if err != nil {
				r.fault([]string{keyConfig}, err.Error(), "")
			}
			m.Config = text
		default:
			r.faults.Add(config.Fault{Pos: item.Pos, Path: item.Key, Message: "is not a key of a manifest", Hint: near(item.Key, keys)})
		}
	}
	return m
}

func (r yamlReader) capabilities(m *Manifest, n *config.Node) {
	if n.Kind != config.List {
		r.fault([]string{keyCapabilities}, "must be a list", "write [] for none")
		return
	}
	m.Capabilities = []string{}
	for _, e := range n.List {
		m.Capabilities = append(m.Capabilities, e.Value)
	}
}

// near words a hint: the nearest of the names, else all of them.
func near(name string, names []string) string {
	if n := config.Nearest(name, names); n != "" {
		return fmt.Sprintf("did you mean %q?", n)
	}
	return "known are " + strings.Join(names, ", ")
}

// maxSize bounds the JSON of a manifest.
const maxSize = 256 << 10

// Decode reads the JSON form. Keys that it does not know are those of later
// versions: it passes over them.
func Decode(text []byte) (*Manifest, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("has %d bytes, at most %d are allowed", len(text), maxSize)
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("is not a manifest: %w", err)
	}
	if bytes.Equal(m.Config, []byte("null")) {
		m.Config = nil
	}
	var faults []error
	m.check(func(path []string, message, hint string) {
		f := config.Fault{Path: strings.Join(path, "."), Message: message, Hint: hint}
		faults = append(faults, errors.New(f.String()))
	})
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return m, nil
}

// Encode writes the JSON form. The same manifest gives the same bytes.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > maxSize {
		return nil, fmt.Errorf("the manifest has %d bytes, at most %d are allowed; shorten the schema of the config", len(text), maxSize)
	}
	return text, nil
}

// NameForm describes the names of plugins.
const NameForm = "small letters, digits and single hyphens, beginning with a letter, at most 64"

var (
	namePattern    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	versionPattern = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
)

// ValidName tells whether a plugin may have a name.
func ValidName(name string) bool { return len(name) <= 64 && namePattern.MatchString(name) }

// check holds a manifest against the rules, and compiles its schema.
func (m *Manifest) check(fault func(path []string, message, hint string)) {
	if !ValidName(m.Name) {
		fault([]string{keyName}, wrong(m.Name), "use "+NameForm)
	}
	if len(m.Version) > 64 || !versionPattern.MatchString(m.Version) {
		fault([]string{keyVersion}, wrong(m.Version), "use a semantic version, such as 1.0.0")
	}
	if m.Description == "" {
		fault([]string{keyDescription}, "is missing", "say in a sentence what the plugin does")
	}
	for _, text := range []struct{ key, value string }{{keyDescription, m.Description}, {keyLicence, m.Licence}, {keySDK, m.SDK}} {
		if !oneLine(text.value) {
			fault([]string{text.key}, "must be one line of at most 400 characters", "")
		}
	}
	for i, name := range m.Capabilities {
		path := []string{keyCapabilities, fmt.Sprint(i)}
		if _, ok := capabilities[name]; !ok {
			fault(path, fmt.Sprintf("this host has no capability %q", name), near(name, Capabilities()))
		} else if slices.Index(m.Capabilities, name) < i {
			fault(path, fmt.Sprintf("names %q again", name), "remove one")
		}
	}
	if m.Config == nil {
		return
	}
	schema, err := compile(m.Config)
	if err == nil {
		m.schema = schema
		return
	}
	var broken *schemaError
	path := []string{keyConfig}
	if errors.As(err, &broken) {
		path = append(path, broken.path...)
	}
	fault(path, err.Error(), "see https://json-schema.org for the keywords")
}

func wrong(value string) string {
	if value == "" {
		return "is missing"
	}
	return fmt.Sprintf("%q cannot be used", value)
}

func oneLine(text string) bool {
	return len(text) <= 1600 && utf8.RuneCountInString(text) <= 400 && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
