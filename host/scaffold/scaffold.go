// Package scaffold makes new projects: a processor in a language of choice, with
// manifest, test cases, native tests, a pipeline to try it in, and the sources of
// the SDK, so that it builds and passes without a network.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/sdk"
)

//go:embed templates
var templates embed.FS

// Language is a language that a project can be in.
type Language struct {
	// Name is what it is chosen by, Title its own name.
	Name, Title string
	// Needs is what a project takes to be built.
	Needs string

	sdk []copied
}

// copied is a part of the SDK's sources: a folder or a file of sdk.Files, and
// where it goes in the project.
type copied struct{ from, to string }

var languages = []Language{
	{Name: "go", Title: "Go", Needs: "Go 1.24 or later", sdk: []copied{
		{"go/weir", "weir-sdk/sdk/go/weir"}, {"go/internal", "weir-sdk/sdk/go/internal"},
	}},
	{Name: "rust", Title: "Rust", Needs: "Rust with the target wasm32-unknown-unknown", sdk: []copied{
		{"rust/src", "weir-processor/src"}, {"rust/Cargo.toml", "weir-processor/Cargo.toml"}, {"rust/README.md", "weir-processor/README.md"},
	}},
	{Name: "c", Title: "C", Needs: "clang and wasm-ld, or Zig", sdk: []copied{
		{"c/weir.h", "weir/weir.h"}, {"c/weir_test.h", "weir/weir_test.h"},
	}},
	{Name: "zig", Title: "Zig", Needs: "Zig 0.14 or later", sdk: []copied{
		{"c/weir.zig", "weir/weir.zig"}, {"c/weir.c", "weir/weir.c"}, {"c/weir.h", "weir/weir.h"}, {"c/weir_test.h", "weir/weir_test.h"},
	}},
	{Name: "assemblyscript", Title: "AssemblyScript", Needs: "its compiler asc, by npm, and Node 20 or later", sdk: []copied{
		{"assemblyscript/package.json", "weir-processor/package.json"},
		{"assemblyscript/index.ts", "weir-processor/index.ts"}, {"assemblyscript/exports.ts", "weir-processor/exports.ts"},
		{"assemblyscript/assembly", "weir-processor/assembly"}, {"assemblyscript/testing", "weir-processor/testing"},
	}},
	{Name: "wat", Title: "WebAssembly text", Needs: "wat2wasm of wabt, or wasm-tools"},
}

// Languages lists the languages in the order in which they are offered.
func Languages() []Language { return languages }

// Names are those of Languages.
func Names() []string {
	names := make([]string, len(languages))
	for i, l := range languages {
		names[i] = l.Name
	}
	return names
}

// ErrExists says that there is something where the project should go.
var ErrExists = errors.New("is there already and not empty")

// Create makes a project in a folder that is not there, or empty, and returns
// its files in order. The language is one of Names.
func Create(dir, name, language string) ([]string, error) {
	i := slices.Index(Names(), language)
	if i < 0 {
		return nil, fmt.Errorf("unknown language %q", language)
	}
	if !manifest.ValidName(name) {
		return nil, fmt.Errorf("%q cannot be the name of a plugin; use %s", name, manifest.NameForm)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s %w; choose another name, or remove it", dir, ErrExists)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	p := project{dir: dir, replace: strings.NewReplacer("processor-name", name)}
	return p.write(languages[i])
}

// project is one that is being made. Templates name it processor-name.
type project struct {
	dir     string
	replace *strings.Replacer
}

func (p project) write(l Language) ([]string, error) {
	files := make(map[string]string)
	for _, from := range []string{"templates/common", "templates/" + l.Name} {
		if err := collect(templates, from, "", files); err != nil {
			return nil, err
		}
	}
	for file, text := range files {
		files[file] = p.replace.Replace(text)
	}
	for _, c := range l.sdk {
		if err := collect(sdk.Files, c.from, c.to, files); err != nil {
			return nil, err
		}
	}
	if l.Name == "go" {
		files["weir-sdk/go.mod"] = "module github.com/weirhq/weir\n\ngo 1.24\n"
	}
	names := make([]string, 0, len(files))
	for name, text := range files {
		if err := p.create(name, text); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// collect reads a file, or all of a folder but tests, under names of the
// project.
func collect(from fs.FS, root, to string, into map[string]string) error {
	return fs.WalkDir(from, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		into[target(path.Join(to, strings.TrimPrefix(name, root)))] = string(text)
		return nil
	})
}

// target is the name of a template's file in the project. Templates of Go end
// in .tmpl so that they are no part of weir itself.
func target(name string) string {
	name = strings.TrimPrefix(strings.TrimSuffix(name, ".tmpl"), "/")
	if path.Base(name) == "gitignore" {
		return path.Join(path.Dir(name), ".gitignore")
	}
	return name
}

func (p project) create(name, text string) error {
	file := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
