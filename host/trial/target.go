package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/wasm/section"
)

// Target is a module with its cases.
type Target struct {
	// Module is the reference of the module.
	Module string
	// Cases is the file of the cases; "" when they are in the module.
	Cases string

	read func(ref string) ([]byte, error)
}

// Find finds out what is to be tested: a folder with cases and a built module, a
// reference of a module. cases names another file of cases than the one of the
// folder or the module; "" leaves it. read gives the bytes that a reference names.
// The target of a module that is still to be built comes with the error.
func Find(arg, cases string, read func(ref string) ([]byte, error)) (*Target, error) {
	t := &Target{Module: arg, Cases: cases, read: read}
	info, err := os.Stat(arg)
	if err != nil || !info.IsDir() {
		return t, nil // what is no file is the loader's to say
	}
	if cases == "" {
		t.Cases = filepath.Join(arg, File)
		if _, err := os.Stat(t.Cases); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s has no %s: write one, or name a folder that has", arg, File)
		}
	}
	t.Module, err = builtModule(arg)
	return t, err
}

// builtModule is NAME.wasm, by the name in the manifest, or the only module of
// the folder. One that is still to be built comes with the error.
func builtModule(dir string) (string, error) {
	file := filepath.Join(dir, manifest.File)
	if text, err := os.ReadFile(file); err == nil {
		m, faults := manifest.Parse(file, text)
		if m == nil {
			return "", faults
		}
		module := filepath.Join(dir, m.Name+".wasm")
		if _, err := os.Stat(module); errors.Is(err, fs.ErrNotExist) {
			return module, fmt.Errorf("%s is not there: build it with weir build", module)
		}
		return module, nil
	}
	modules, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
	switch {
	case err != nil:
		return "", err
	case len(modules) == 0:
		return "", fmt.Errorf("%s has no module: build it with weir build", dir)
	case len(modules) > 1:
		return "", fmt.Errorf("%s has several modules, %s: name one", dir, strings.Join(modules, ", "))
	}
	return modules[0], nil
}

// Suite reads the cases. Those of a module are in its section, or, in a module
// without one, in the file beside it.
func (t *Target) Suite() (*Suite, error) {
	if t.Cases != "" {
		return ReadSuite(t.Cases)
	}
	binary, err := t.read(t.Module)
	if err != nil {
		return nil, err
	}
	m, err := section.Parse(binary)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", t.Module, err)
	}
	if tests := manifest.Tests(m); tests != nil {
		return ParseSuite(t.Module+"#"+manifest.TestsSection, tests)
	}
	if file := t.file(); file != "" {
		beside := filepath.Join(filepath.Dir(file), File)
		if _, err := os.Stat(beside); err == nil {
			t.Cases = beside
			return ReadSuite(beside)
		}
	}
	return nil, fmt.Errorf("module %s has no cases: neither a section %s nor a %s beside it; name a file with --cases", t.Module, manifest.TestsSection, File)
}

// file is the module's, empty when it is none.
func (t *Target) file() string {
	r, err := store.Parse(t.Module)
	if err != nil || r.Kind != store.File {
		return ""
	}
	return r.Name
}

// Files are those that the outcome depends on.
func (t *Target) Files(s *Suite) []string {
	var files []string
	if file := t.file(); file != "" {
		files = append(files, file)
	}
	if t.Cases != "" {
		files = append(files, t.Cases)
	}
	if s == nil {
		return files
	}
	for _, c := range s.Cases {
		if c.Golden != "" {
			files = append(files, c.goldenPath())
		}
	}
	return files
}
