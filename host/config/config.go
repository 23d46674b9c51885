// Package config is the mechanism of configuration: it reads YAML and INI
// files into one tree in which every value knows its place, lays files, the
// environment and flags over each other, replaces ${references} and hands the
// result out in sections that notice what nobody asked for.
//
// It reports every fault of a configuration in one run and knows no component:
// what a key means is for the reader of its section to say.
package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"
)

// Prefix begins the environment variables that override settings.
const Prefix = "WEIR_"

// Load says where a configuration comes from. Later origins beat earlier ones:
// files in the order given, then the environment, then Set.
type Load struct {
	// Files are read as INI when they end in .conf, .ini or .cfg, else as YAML.
	Files []string
	// Set holds overrides as "path=value".
	Set []string
	// Environ is the environment as "NAME=value", for references and for
	// overrides (WEIR_SECTION__NAME__KEY). nil means the process's own.
	Environ []string
	// Convert turns the sections of an INI file into the shape of the YAML
	// files. nil keeps them.
	Convert func(sections *Node, faults *Faults) *Node
	// Sections tells whether a path, as far as the reader of the configuration
	// is concerned, leads to a section rather than to a value. Overrides go by
	// it, since keys may have dots.
	Sections func(path []string) bool
	// Folders are keys at the top of a YAML file that may name a folder instead of
	// having a map: each YAML file in it is an entry of that map.
	Folders []string
}

// Tree reads everything and returns the configuration as one section. The
// caller reads it, then asks Finish of the section for all faults.
func (l Load) Tree() *Section {
	var faults Faults
	environ := l.Environ
	if environ == nil {
		environ = os.Environ()
	}
	var layers []*Node
	incomplete := false
	for i, file := range l.Files {
		n := l.file(file, environ, &faults)
		if n == nil {
			n, incomplete = NewMap(Pos{File: file}), true
		} else if !l.folders(n, environ, &faults) {
			incomplete = true
		}
		layers = append(layers, layer(n, i+1))
	}
	over := overrides{known: l.Sections, below: slices.Clone(layers), faults: &faults}
	layers = append(layers, layer(over.environment(environ), len(layers)+1))
	layers = append(layers, layer(over.flags(l.Set), len(layers)+1))

	root, err := merge(layers)
	if err != nil {
		faults.Add(Fault{Message: err.Error()})
		root = NewMap(Pos{})
	}
	if len(l.Files) > 0 {
		root.Pos = Pos{File: l.Files[0]}
	}
	in := interpolator{lookup: lookup(environ), readFile: readLimited, faults: &faults}
	in.tree(root, "")
	return newRoot(root, faults, incomplete)
}

// file reads one file. It returns nil, after a fault, when that cannot be done.
func (l Load) file(name string, environ []string, faults *Faults) *Node {
	if IsINI(name) {
		root := ReadINI(name, environ, faults)
		if root != nil && l.Convert != nil {
			root = l.Convert(root, faults)
		}
		return root
	}
	return readYAML(name, faults)
}

// topMap is what a file holds; anything but a map is a fault.
func topMap(name string, n *Node, faults *Faults) *Node {
	switch {
	case n == nil || n.IsNull():
		return NewMap(Pos{File: name})
	case n.Kind != Map:
		faults.Add(Fault{Pos: n.Pos, Message: "must be a map at its top, not a " + n.Kind.String(), Hint: "begin with connections: or pipelines:"})
		return nil
	}
	return n
}

// IsINI tells whether a file is read as INI.
func IsINI(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".conf", ".ini", ".cfg":
		return true
	}
	return false
}

// ReadFile reads a file of settings, refusing one of more than 4 MiB. The error
// says what is wrong without the name of the file.
func ReadFile(name string) ([]byte, error) { return readLimited(name, maxFile) }

func readLimited(name string, limit int64) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, pathless(err)
	}
	defer func() {
		if e := f.Close(); e != nil && err == nil {
			err = pathless(e)
		}
	}()
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, pathless(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("is larger than %d bytes", limit)
	}
	return data, nil
}

// pathless drops the file's name from an error: the fault says it already.
func pathless(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return fmt.Errorf("cannot %s it: %w", e.Op, e.Err)
	}
	return err
}

func lookup(environ []string) func(string) (string, bool) {
	values := make(map[string]string, len(environ))
	for _, e := range environ {
		if name, value, ok := strings.Cut(e, "="); ok {
			values[name] = value
		}
	}
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

// layer marks a whole tree with its origin.
func layer(n *Node, number int) *Node {
	n.Layer = number
	for i := range n.Items {
		layer(n.Items[i].Node, number)
	}
	for _, e := range n.List {
		layer(e, number)
	}
	return n
}

// separator parts keys inside of koanf. No key has it: control characters are
// refused.
const separator = "\x1f"

// merge lays the layers over each other: koanf decides what wins, on a map
// that holds numbers of nodes; the nodes, with places and the order of keys,
// are kept beside it.
func merge(layers []*Node) (*Node, error) {
	k := koanf.New(separator)
	var nodes nodeTable
	for _, l := range layers {
		if err := k.Load(provider(nodes.plain(l)), nil); err != nil {
			return nil, fmt.Errorf("merge the configuration: %w", err)
		}
	}
	return nodes.rebuild(k.Raw(), layers), nil
}

// provider is a layer as koanf wants to read it.
type provider map[string]any

func (p provider) Read() (map[string]any, error) { return p, nil }

func (p provider) ReadBytes() ([]byte, error) { return nil, fmt.Errorf("a layer has no bytes") }

// nodeTable numbers the nodes that are values to koanf: scalars and lists.
type nodeTable []*Node

func (t *nodeTable) plain(n *Node) map[string]any {
	m := make(map[string]any, len(n.Items))
	for _, item := range n.Items {
		if item.Node.Kind == Map {
			m[item.Key] = t.plain(item.Node)
			continue
		}
		m[item.Key] = len(*t)
		*t = append(*t, item.Node)
	}
	return m
}

// rebuild makes a tree of what koanf left, with the keys in the order in which
// the layers first name them. from are the maps of the layers at this place.
func (t nodeTable) rebuild(merged map[string]any, from []*Node) *Node {
	n := NewMap(Pos{})
	if len(from) > 0 {
		n.Pos, n.Layer = from[0].Pos, from[len(from)-1].Layer
	}
	var order []string
	given := make(map[string][]Item, len(merged))
	for _, f := range from {
		for _, item := range f.Items {
			if given[item.Key] == nil {
				order = append(order, item.Key)
			}
			given[item.Key] = append(given[item.Key], item)
		}
	}
	for _, key := range order {
		switch v := merged[key].(type) {
		case int:
			i := slices.IndexFunc(given[key], func(item Item) bool { return item.Node == t[v] })
			n.Items = append(n.Items, given[key][i])
		case map[string]any:
			var maps []*Node
			for _, item := range given[key] {
				if item.Node.Kind == Map {
					maps = append(maps, item.Node)
				}
			}
			n.Put(key, given[key][0].Pos, t.rebuild(v, maps))
		}
	}
	return n
}
