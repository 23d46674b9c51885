package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// folders puts the files of folders in the places of their names: for a key of
// Load.Folders that has text, each YAML file in the folder becomes an entry of the
// map that stands there instead, named as the file is. It returns false when not
// all of them could be read.
func (l Load) folders(root *Node, environ []string, faults *Faults) bool {
	before := len(*faults)
	for i := range root.Items {
		item := &root.Items[i]
		for _, key := range l.Folders {
			if n := item.Node; Fold(item.Key) == Fold(key) && n.Kind == Scalar && !n.IsNull() {
				in := interpolator{lookup: lookup(environ), readFile: readLimited, faults: faults}
				in.scalar(n, item.Key)
				item.Node = folder(item.Key, n, faults)
			}
		}
	}
	return len(*faults) == before
}

// folder reads the files of the folder that a node names.
func folder(key string, n *Node, faults *Faults) *Node {
	all := NewMap(n.Pos)
	dir := besides(n.Value, filepath.Dir(n.Pos.File))
	entries, err := os.ReadDir(dir)
	if err != nil {
		faults.Add(Fault{Pos: n.Pos, Path: key, Message: fmt.Sprintf("folder %q: %v", n.Value, pathless(err)), Hint: "name a folder, which begins at that of this file, or write the entries here"})
		return all
	}
	for _, entry := range entries {
		name, yaml := strings.CutSuffix(entry.Name(), ".yaml")
		if !yaml {
			name, yaml = strings.CutSuffix(name, ".yml")
		}
		if !yaml || strings.HasPrefix(name, ".") || entry.IsDir() {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		if first := all.Find(name); first != nil {
			faults.Add(Fault{Pos: Pos{File: file}, Path: join(key, name), Message: "is there twice: the other one is " + first.Pos.File, Hint: "keep one of the two files"})
			continue
		}
		if one := readYAML(file, faults); one != nil {
			one.Pos = Pos{File: file, Line: 1}
			all.Put(name, one.Pos, one)
		}
	}
	return all
}

// readYAML reads a file with a map in it. It returns nil, after a fault, when
// that cannot be done.
func readYAML(name string, faults *Faults) *Node {
	data, err := readLimited(name, maxFile)
	if err != nil {
		faults.Add(Fault{Pos: Pos{File: name}, Message: err.Error()})
		return nil
	}
	before := len(*faults)
	n := ParseYAML(name, data, faults)
	if n == nil && len(*faults) > before {
		return nil
	}
	return topMap(name, n, faults)
}
