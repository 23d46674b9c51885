package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxReferences bounds how many options one value may go through.
const maxReferences = 10

// passwords is the section whose options are secret wherever they are used.
const passwords = "passwords"

// ReadINI reads a file as ASAB does, the framework below BSPump: the files that
// include= of [general] names are laid over it, then ${section:option} and
// ${option} take what the other option says. Every other reference stays as it
// is written. The tree is a map of sections; nil environ is the process's own.
// It returns nil, after a fault, when the file cannot be read.
func ReadINI(file string, environ []string, faults *Faults) *Node {
	if environ == nil {
		environ = os.Environ()
	}
	r := iniFiles{lookup: lookup(environ), faults: faults, seen: map[string]bool{}, root: NewMap(Pos{File: file})}
	if !r.read(file, Pos{}) {
		return nil
	}
	for _, s := range r.root.Items {
		for _, option := range s.Node.Items {
			r.resolve(s, option.Node)
		}
	}
	return r.root
}

type iniFiles struct {
	lookup func(string) (string, bool)
	faults *Faults
	seen   map[string]bool
	root   *Node
	// depth counts the options that the value in hand goes through.
	depth int
}

// read lays a file and what it includes over what is there. from is the place
// that names it, if any.
func (r *iniFiles) read(file string, from Pos) bool {
	name, err := filepath.Abs(file)
	if err == nil && r.seen[name] {
		return true // included before, perhaps by itself
	}
	r.seen[name] = true
	var data []byte
	if err == nil {
		data, err = ReadFile(file)
	}
	if err != nil {
		f := Fault{Pos: Pos{File: file}, Message: err.Error()}
		if from != (Pos{}) {
			f = Fault{Pos: from, Path: "[general] include", Message: fmt.Sprintf("%q: %v", file, err)}
		}
		r.faults.Add(f)
		return false
	}
	tree := ParseINI(file, data, r.faults)
	include := takeInclude(tree)
	r.lay(tree)
	if include != nil {
		r.include(include)
	}
	return true
}

// takeInclude takes include= out of [general], and the section when nothing
// else is in it.
func takeInclude(tree *Node) *Node {
	general := tree.Find("general")
	if general == nil {
		return nil
	}
	include := general.Find("include")
	general.Items = slices.DeleteFunc(general.Items, func(i Item) bool { return i.Key == "include" })
	if include != nil && len(general.Items) == 0 {
		tree.Items = slices.DeleteFunc(tree.Items, func(i Item) bool { return i.Key == "general" })
	}
	return include
}

// lay puts the options of a file over those that are there.
func (r *iniFiles) lay(tree *Node) {
	for _, s := range tree.Items {
		section := r.root.Find(s.Key)
		if section == nil {
			r.root.Items = append(r.root.Items, s)
			continue
		}
		for _, option := range s.Node.Items {
			i := slices.IndexFunc(section.Items, func(i Item) bool { return i.Key == option.Key })
			if i < 0 {
				section.Items = append(section.Items, option)
			} else {
				section.Items[i] = option
			}
		}
	}
}

// include reads what a line, or else a colon, parts: files and patterns. That
// nothing matches is no error, as in ASAB.
func (r *iniFiles) include(n *Node) {
	separator := string(os.PathListSeparator)
	if strings.Contains(n.Value, "\n") {
		separator = "\n"
	}
	fault := func(message, hint string, warning bool) {
		r.faults.Add(Fault{Pos: n.Pos, Path: "[general] include", Message: message, Hint: hint, Warning: warning})
	}
	if strings.Contains(n.Value, "://") {
		fault("files are included, not what is elsewhere", "write what ZooKeeper has into a file", false)
		return
	}
	in := interpolator{lookup: r.lookup, readFile: readLimited}
	text, _, err := in.expand(n.Value, filepath.Dir(n.Pos.File))
	if err != nil {
		fault(err.Error(), "", false)
		return
	}
	for pattern := range strings.SplitSeq(text, separator) {
		pattern = strings.TrimSpace(pattern)
		if pattern == "" {
			continue
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(n.Pos.File), pattern)
		}
		files, err := filepath.Glob(pattern)
		switch {
		case err != nil:
			fault(fmt.Sprintf("%q: %v", pattern, err), "", false)
		case len(files) == 0:
			fault(fmt.Sprintf("no file is called %q", pattern), "paths begin at the folder of the file that includes", true)
		}
		for _, file := range files {
			if !IsINI(file) {
				fault(fmt.Sprintf("%q is not INI (.conf, .ini, .cfg)", file), "give it to weir with a -c of its own", false)
				continue
			}
			r.read(file, n.Pos)
		}
	}
}

// resolve replaces the references of a value to other options.
func (r *iniFiles) resolve(s Item, n *Node) {
	r.depth = 0
	text, secret, err := r.expand(s, n)
	if err != nil {
		hint := "write $$ for a dollar sign that is meant as one"
		if errors.Is(err, errCircle) {
			hint = ""
		}
		r.faults.Add(Fault{Pos: n.Pos, Path: bracket(s.Key), Message: err.Error(), Hint: hint})
		n.fixed = true // which is reported
		return
	}
	n.Value, n.Secret = text, n.Secret || secret
}

// errCircle says that references lead nowhere.
var errCircle = fmt.Errorf("refers to itself, or over more than %d options", maxReferences)

// expand replaces what refers to options; what refers to the environment, to
// files or to nothing is left to the interpolator of all files.
func (r *iniFiles) expand(s Item, n *Node) (text string, secret bool, err error) {
	if r.depth++; r.depth > maxReferences {
		return "", false, errCircle
	}
	defer func() { r.depth-- }()
	var b strings.Builder
	rest := n.Value
	for {
		i := strings.IndexByte(rest, '$')
		if i < 0 || i == len(rest)-1 {
			b.WriteString(rest)
			return b.String(), secret, nil
		}
		end := strings.IndexByte(rest[i:], '}')
		switch {
		case rest[i+1] != '{' || end < 0:
			b.WriteString(rest[:i+2])
			rest = rest[i+2:]
			continue
		default:
			b.WriteString(rest[:i])
		}
		ref := rest[i+2 : i+end]
		rest = rest[i+end+1:]
		section, option, err := r.option(s, ref)
		switch {
		case err != nil:
			return "", false, err
		case option == nil, option == n: // password = ${PASSWORD} means the environment
			b.WriteString("${" + ref + "}")
			continue
		}
		section.Node.Used = true
		value, hidden, err := r.expand(section, option)
		if err != nil {
			return "", false, err
		}
		secret = secret || hidden || option.Secret || section.Key == passwords
		b.WriteString(Rebase(value, filepath.Dir(option.Pos.File), filepath.Dir(n.Pos.File)))
	}
}

// option finds what a reference names, or nil for a reference of another kind.
// Options have no colon in their names, sections do.
func (r *iniFiles) option(s Item, ref string) (section Item, option *Node, err error) {
	name, _, hasDefault := strings.Cut(ref, ":-")
	if strings.HasPrefix(ref, "file:") || hasDefault && variableName(name) {
		return Item{}, nil, nil
	}
	i := strings.LastIndexByte(ref, ':')
	if i < 0 {
		if _, ok := r.lookup(ref); ok {
			return Item{}, nil, nil
		}
		return s, s.Node.Find(strings.ToLower(ref)), nil
	}
	name, key := ref[:i], strings.ToLower(ref[i+1:])
	for _, section := range r.root.Items {
		if section.Key != name {
			continue
		}
		if option := section.Node.Find(key); option != nil {
			return section, option, nil
		}
		var known []string
		for _, item := range section.Node.Items {
			known = append(known, item.Key)
		}
		return Item{}, nil, fmt.Errorf("${%s}: section [%s] has no %s%s", ref, name, key, orNearest(key, known))
	}
	var known []string
	for _, section := range r.root.Items {
		known = append(known, section.Key)
	}
	return Item{}, nil, fmt.Errorf("${%s}: there is no section [%s]%s", ref, name, orNearest(name, known))
}

func orNearest(name string, known []string) string {
	if hint := didYouMean(name, known); hint != "" {
		return ", " + hint
	}
	return ""
}

// Rebase rewrites the paths of ${file:PATH} in a text that moves from a file
// in one folder to a file in another.
func Rebase(text, from, to string) string {
	const begin = "${file:"
	if from == to || !strings.Contains(text, begin) {
		return text
	}
	var b strings.Builder
	for {
		head, rest, ok := strings.Cut(text, begin)
		b.WriteString(head)
		if !ok {
			return b.String()
		}
		path, tail, _ := strings.Cut(rest, "}")
		b.WriteString(begin + RebasePath(path, from, to) + "}")
		text = tail
	}
}

// RebasePath is Rebase for a path that stands alone.
func RebasePath(path, from, to string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	moved := filepath.Join(from, path)
	if short, err := filepath.Rel(cmp.Or(to, "."), moved); err == nil {
		return filepath.ToSlash(short)
	}
	return moved
}
