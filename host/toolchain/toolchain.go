// Package toolchain builds a processor's project, in whatever language it is,
// into a module that is ready to ship.
//
// Build finds out the language, finds its tools or says how to get them, runs
// them, and finishes the module: debug information goes, the manifest and the
// test cases go in, and the host's own rules have the last word. The same sources
// and tools give the same bytes, wherever the project lies.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// Options say what to build.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Language is one of Languages; empty means what the files say.
	Language string
	// Module is a module that was built already and only has to be finished;
	// empty means that it is to be built.
	Module string
	// Optimize runs wasm-opt over the module.
	Optimize bool
	// Debug keeps debug information.
	Debug bool
	// Environ is the environment of the tools.
	Environ []string
	// Output takes what the tools write, Command is told of each that is run.
	Output  io.Writer
	Command func(line string)
}

// ErrToolchain marks an error that a missing tool is the cause of.
var ErrToolchain = errors.New("a tool is missing")

// ErrBuild marks an error of the project: there is no module to be made of it.
var ErrBuild = errors.New("the build failed")

// ErrModule marks an error of a module that was given, or that a tool made.
var ErrModule = errors.New("the module cannot be used")

// language is how projects of a language are told and built.
type language struct {
	name string
	// marks are what tells a project of it, as patterns of files in its folder.
	marks []string
	// is has the last word about a file that fits a mark; nil takes it.
	is    func(file string) bool
	build func(ctx context.Context, p *project) error
}

var languages = []language{
	{name: "go", marks: []string{"go.mod"}, build: buildGo},
	{name: "rust", marks: []string{"Cargo.toml"}, build: buildRust},
	{name: "zig", marks: []string{"build.zig", "*.zig", "src/*.zig"}, build: buildZig},
	{name: "assemblyscript", marks: []string{"package.json", "asconfig.json"}, is: isAssemblyScript, build: buildAssemblyScript},
	{name: "c", marks: []string{"*.c", "src/*.c"}, is: isC, build: buildC},
	{name: "wat", marks: []string{"*.wat"}, build: buildWAT},
}

// Languages lists the languages that can be built.
func Languages() []string {
	names := make([]string, len(languages))
	for i, l := range languages {
		names[i] = l.name
	}
	return names
}

// project is a project that is being built.
type project struct {
	Options
	env environment
	// out is the file to write the module to, work a folder for what is made on
	// the way.
	out, work string
	// name is the manifest's, or the folder's.
	name string
}

// find tells the language of a project by its files.
func find(dir, name string) (language, error) {
	if name != "" {
		i := slices.IndexFunc(languages, func(l language) bool { return l.name == name })
		if i < 0 {
			return language{}, UnknownLanguage(name, Languages())
		}
		return languages[i], nil
	}
	var found []language
	var why []string
	for _, l := range languages {
		if mark := l.mark(dir); mark != "" {
			found = append(found, l)
			why = append(why, fmt.Sprintf("%s (%s)", l.name, mark))
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return language{}, fmt.Errorf("%w: %s has none of %s; name the project's folder, or make one with weir new", ErrBuild, dir, strings.Join(marks(), ", "))
	}
	return language{}, fmt.Errorf("%w: %s could be %s; choose with --lang", ErrBuild, dir, strings.Join(why, ", "))
}

func marks() []string {
	var all []string
	for _, l := range languages {
		all = append(all, l.marks[0])
	}
	return all
}

// mark is the file that tells a project of the language, or "".
func (l language) mark(dir string) string {
	for _, pattern := range l.marks {
		for _, file := range sources(dir, pattern) {
			if l.is == nil || l.is(filepath.Join(dir, file)) {
				return file
			}
		}
	}
	return ""
}

// sources are the files of a folder that fit a pattern, relative to it and in
// order. Patterns are the program's own.
func sources(dir, pattern string) []string {
	files, err := filepath.Glob(filepath.Join(escape(dir), pattern))
	if err != nil {
		panic(err)
	}
	relative := make([]string, 0, len(files))
	for _, file := range files {
		if rel, err := filepath.Rel(dir, file); err == nil {
			relative = append(relative, rel)
		}
	}
	return relative
}

// escape keeps the letters of a folder's name from being a pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// UnknownLanguage says that a language is not one of those that there are.
func UnknownLanguage(name string, known []string) error {
	aliases := map[string]string{
		"golang": "go", "rs": "rust", "c++": "c", "cpp": "c", "typescript": "assemblyscript", "ts": "assemblyscript", "as": "assemblyscript",
		"wasm": "wat", "tinygo": "go",
	}
	near := config.Nearest(name, known)
	if alias := aliases[strings.ToLower(name)]; near == "" && slices.Contains(known, alias) {
		near = alias
	}
	if near != "" {
		return fmt.Errorf("unknown language %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("unknown language %q; there are %s", name, strings.Join(known, ", "))
}

// make runs the tools of a language. The module is at p.out then.
func (p *project) make(ctx context.Context, l language) error {
	if err := l.build(ctx, p); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	if _, err := os.Stat(p.out); err != nil {
		return fmt.Errorf("%s: %w: the tools ended well, but there is no module", l.name, ErrBuild)
	}
	return nil
}
