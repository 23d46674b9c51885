package mutants

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Variable names the environment variable that says which mutant a binary is.
// It has no prefix of weir's: that would be a setting.
const Variable = "MUTANT_OF_WEIR"

// Overlay writes the mutated files and the overlay that names them into dir, and
// returns the overlay's name, for go build -overlay. root is the repository's.
func Overlay(root, dir string, mutants []Mutant) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	byPackage := map[string][]Mutant{}
	for _, m := range mutants {
		byPackage[m.Package] = append(byPackage[m.Package], m)
	}
	replace := map[string]string{}
	for folder, mutants := range byPackage {
		files, err := mutate(filepath.Join(root, filepath.FromSlash(folder)), mutants)
		if err != nil {
			return "", fmt.Errorf("%s: %w", folder, err)
		}
		for name, source := range files {
			out := filepath.Join(dir, strings.ReplaceAll(folder, "/", "-")+"-"+name)
			if err := os.WriteFile(out, source, 0o600); err != nil {
				return "", err
			}
			replace[filepath.Join(root, filepath.FromSlash(folder), name)] = out
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// mutate gives the files of a package that are other ones, by their names.
func mutate(folder string, mutants []Mutant) (map[string][]byte, error) {
	functions, name, err := read(folder)
	if err != nil {
		return nil, err
	}
	edits := map[string][]edit{}
	var faults []error
	for _, m := range mutants {
		file, e, err := m.edit(functions)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		edits[file] = append(edits[file], e)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	out := map[string][]byte{"mutated_overlay.go": fmt.Appendf(nil, `package %s

import "os"

var mutant = os.Getenv(%q)

func mutated(name string) bool { return mutant == name }
`, name, Variable)}
	for file, edits := range edits {
		source, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			return nil, err
		}
		if out[file], err = apply(source, edits); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return out, nil
}

// function is where a function stands.
type function struct {
	file   string
	offset int
	text   string
}

// read finds the functions of a package, and its name.
func read(folder string) (functions map[string][]function, name string, err error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, "", err
	}
	functions = map[string][]function{}
	for _, path := range names {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, "", err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, "", err
		}
		name = file.Name.Name
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				from, to := set.Position(f.Pos()).Offset, set.Position(f.End()).Offset
				functions[nameOf(f)] = append(functions[nameOf(f)], function{filepath.Base(path), from, string(source[from:to])})
			}
		}
	}
	return functions, name, nil
}

// nameOf is the name of a function, or (*type).method.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	switch t := f.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + f.Name.Name
		}
	case *ast.Ident:
		return t.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// edit replaces a part of a file.
type edit struct {
	at, length int
	text       string
}

// edit finds the place of a mutant.
func (m Mutant) edit(functions map[string][]function) (file string, _ edit, err error) {
	found := functions[m.Func]
	if len(found) != 1 {
		return "", edit{}, fmt.Errorf("mutant %q: there are %d functions %s: say where the code is by now", m.Name, len(found), m.Func)
	}
	f := found[0]
	if n := strings.Count(f.text, m.Old); n != 1 {
		return "", edit{}, fmt.Errorf("mutant %q: %s has %d times %q: say how to break the promise by now", m.Name, m.Func, n, m.Old)
	}
	text := strings.ReplaceAll(m.New, "mutated", fmt.Sprintf("mutated(%q)", m.Name))
	return f.file, edit{f.offset + strings.Index(f.text, m.Old), len(m.Old), text}, nil
}

// apply makes the edits, which must not overlap.
func apply(source []byte, edits []edit) ([]byte, error) {
	slices.SortFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out []byte
	end := 0
	for _, e := range edits {
		if e.at < end {
			return nil, fmt.Errorf("two mutants replace the same words: %q", source[e.at:end])
		}
		out = append(append(out, source[end:e.at]...), e.text...)
		end = e.at + e.length
	}
	return format.Source(append(out, source[end:]...))
}
