package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/section"
)

// The custom sections of a plugin's module: its manifest as JSON, and its test
// cases as the YAML that they were written in.
const (
	Section      = "weir.plugin"
	TestsSection = "weir.tests"
)

// capabilities are what a module can call of the host beyond passing events on,
// with the functions that each stands for.
var capabilities = map[string]string{
	"clock":   abi.ImportNow,
	"log":     abi.ImportLog,
	"metrics": abi.ImportMetric,
}

// Capabilities lists the capabilities that there are.
func Capabilities() []string { return slices.Sorted(maps.Keys(capabilities)) }

// Attach puts a manifest into a module, and test cases unless they are nil. What
// was there of either is replaced.
func Attach(module *section.Module, m *Manifest, tests []byte) error {
	text, err := m.Encode()
	if err != nil {
		return err
	}
	module.SetCustom(Section, text)
	module.RemoveCustom(func(name string) bool { return name == TestsSection })
	if tests != nil {
		module.SetCustom(TestsSection, tests)
	}
	return nil
}

// Read returns the manifest that a module carries, nil when there is none, and
// sees that the module keeps to it.
func Read(module *section.Module) (*Manifest, error) {
	found := module.Customs(Section)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, fmt.Errorf("has %d sections %s; build it again with weir build", len(found), Section)
	}
	m, err := Decode(found[0])
	if err != nil {
		return nil, fmt.Errorf("section %s: %w; build it again with weir build", Section, err)
	}
	outline, err := module.Outline()
	if err != nil {
		return nil, err
	}
	if extra := m.undeclared(outline); len(extra) > 0 {
		return nil, fmt.Errorf("uses %s, which its manifest does not declare; add it to capabilities in %s and build the module again",
			strings.Join(extra, " and "), File)
	}
	return m, nil
}

// undeclared lists the capabilities that a module has imports of and its
// manifest leaves out. Imports of WASI are the language's own and do not count.
func (m *Manifest) undeclared(outline *section.Outline) []string {
	if m.Capabilities == nil {
		return nil
	}
	var extra []string
	for _, name := range Capabilities() {
		imports := func(im section.Imported) bool { return im.Module == abi.Module && im.Name == capabilities[name] }
		if !slices.Contains(m.Capabilities, name) && slices.ContainsFunc(outline.Imports, imports) {
			extra = append(extra, name)
		}
	}
	return extra
}

// Tests returns the test cases that a module carries, nil when there are none.
func Tests(module *section.Module) []byte {
	if found := module.Customs(TestsSection); len(found) > 0 {
		return found[0]
	}
	return nil
}
