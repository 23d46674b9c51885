package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile  = 4 << 20 // bytes of one file
	maxNodes = 200_000 // nodes of one file, aliases counted each time they are used
	maxDepth = 64
)

var yamlLine = regexp.MustCompile(`line (\d+): `)

// ParseYAML reads one YAML document into a tree; what is wrong is added to
// faults. It returns nil when there is nothing, or nothing usable.
func ParseYAML(file string, data []byte, faults *Faults) *Node {
	fail := func(line int, message, hint string) {
		faults.Add(Fault{Pos: Pos{File: file, Line: line}, Message: message, Hint: hint})
	}
	if !utf8.Valid(data) {
		fail(0, "is not UTF-8", "save it as UTF-8")
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			fail(yamlError(err))
		}
		return nil
	}
	if err := dec.Decode(&more); err == nil {
		fail(more.Line, "a second YAML document begins here", "keep one document a file; several files may be given")
	} else if !errors.Is(err, io.EOF) {
		fail(yamlError(err))
	}
	r := yamlReader{file: file, faults: faults, open: map[*yaml.Node]bool{}}
	return r.node(&doc, "", 0)
}

// Document reads one YAML document, with a map at its top, as a section of its
// own: for files that are no layer of a configuration, so nothing overrides
// them and ${references} stay as they are.
func Document(file string, data []byte) *Section {
	var faults Faults
	n := ParseYAML(file, data, &faults)
	switch {
	case n == nil || n.IsNull():
		n = NewMap(Pos{File: file})
	case n.Kind != Map:
		faults.Add(Fault{Pos: n.Pos, Message: "must be a map at its top, not a " + n.Kind.String()})
		n = NewMap(Pos{File: file})
	}
	return newRoot(n, faults, len(faults) > 0)
}

// Root is a map that was made, not read, as a section.
func Root(n *Node) *Section { return newRoot(n, nil, false) }

// ReadDocument is Document of a file.
func ReadDocument(file string) *Section {
	data, err := ReadFile(file)
	if err != nil {
		return newRoot(NewMap(Pos{File: file}), Faults{{Pos: Pos{File: file}, Message: err.Error()}}, true)
	}
	return Document(file, data)
}

func yamlError(err error) (line int, message, hint string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatchIndex(message); m != nil {
		line, _ = strconv.Atoi(message[m[2]:m[3]]) //nolint:errcheck // digits by the pattern; a line of 0 names the file alone
		message = message[:m[0]] + message[m[1]:]
	}
	if strings.Contains(message, "cannot start any token") {
		hint = "indent with blanks, not tabs; quote a value that begins with @, % or `"
	}
	return line, "is not YAML: " + message, hint
}

// yamlReader turns yaml's nodes into ours. Aliases are expanded, so it counts.
type yamlReader struct {
	file   string
	faults *Faults
	count  int
	open   map[*yaml.Node]bool // anchored nodes being read, to see cycles
	full   bool
}

func (r *yamlReader) fault(y *yaml.Node, path, message, hint string) {
	r.faults.Add(Fault{Pos: r.pos(y), Path: path, Message: message, Hint: hint})
}

func (r *yamlReader) pos(y *yaml.Node) Pos { return Pos{File: r.file, Line: y.Line, Col: y.Column} }

// node returns nil when there is nothing usable, which was reported.
func (r *yamlReader) node(y *yaml.Node, path string, depth int) *Node {
	if r.count++; r.count > maxNodes || depth > maxDepth {
		if !r.full {
			r.full = true
			r.fault(y, path, fmt.Sprintf("is too large: more than %d values or %d levels, aliases expanded", maxNodes, maxDepth), "")
		}
		return nil
	}
	if y.Anchor != "" {
		r.open[y] = true
		defer delete(r.open, y)
	}
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) == 0 {
			return nil
		}
		return r.node(y.Content[0], path, depth)
	case yaml.AliasNode:
		if r.open[y.Alias] {
			r.fault(y, path, "an alias contains itself", "")
			return nil
		}
		return r.node(y.Alias, path, depth+1)
	case yaml.MappingNode:
		n := NewMap(r.pos(y))
		r.fill(n, y, path, depth)
		return n
	case yaml.SequenceNode:
		n := NewList(r.pos(y))
		for i, c := range y.Content {
			if e := r.node(c, fmt.Sprintf("%s[%d]", path, i), depth+1); e != nil {
				n.List = append(n.List, e)
			}
		}
		return n
	}
	return r.scalar(y)
}

func (r *yamlReader) fill(n *Node, y *yaml.Node, path string, depth int) {
	var merges []*yaml.Node
	seen := make(map[string]bool, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Tag == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if key.Kind != yaml.ScalarNode || key.Value == "" || strings.ContainsFunc(key.Value, control) {
			r.fault(key, path, "a key must be plain text", "quote it")
			continue
		}
		if seen[key.Value] {
			r.fault(key, join(path, key.Value), "is given twice in the same map", "remove one")
			continue
		}
		seen[key.Value] = true
		if v := r.node(value, join(path, key.Value), depth+1); v != nil {
			n.Put(key.Value, r.pos(key), v)
		}
	}
	for _, m := range merges {
		r.merge(n, m, seen, path, depth)
	}
}

// merge adds what "<<" brings and the map itself does not say.
func (r *yamlReader) merge(n *Node, y *yaml.Node, seen map[string]bool, path string, depth int) {
	from := r.node(y, path, depth+1)
	if from == nil {
		return
	}
	maps := []*Node{from}
	if from.Kind == List {
		maps = from.List
	}
	for _, m := range maps {
		if m.Kind != Map {
			r.fault(y, path, "<< must bring a map", "")
			return
		}
		for _, item := range m.Items {
			if !seen[item.Key] {
				seen[item.Key] = true
				n.Items = append(n.Items, item)
			}
		}
	}
}

func (r *yamlReader) scalar(y *yaml.Node) *Node {
	n := &Node{Pos: r.pos(y), Value: y.Value}
	n.plain = y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch y.Tag {
	case "!!int":
		n.Type = Int
	case "!!float":
		n.Type = Float
	case "!!bool":
		n.Type = Bool
	case "!!null":
		n.Type = Null
	}
	return n
}

// plainType is the type that YAML gives to an unquoted scalar.
func plainType(text string) Type {
	switch tag := (&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag(); tag {
	case "!!int":
		return Int
	case "!!float":
		return Float
	case "!!bool":
		return Bool
	}
	return Text
}

func control(r rune) bool { return r < 0x20 || r == 0x7f }
