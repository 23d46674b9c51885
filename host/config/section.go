package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Section reads one map of the configuration and remembers what was asked
// for. Names match in any spelling (see Fold). Reading a value of the wrong
// type adds a fault and gives the default, so one pass finds everything.
//
// A Section of something that is absent is empty and not Present.
type Section struct {
	node    *Node
	path    string
	shared  *shared
	parent  *Section
	below   []*Section
	known   []string // names asked for
	used    []bool   // by index of the node's items
	present bool
	closed  bool // unknown keys are not this section's business
}

// shared is what the sections of one configuration have in common.
type shared struct {
	faults     Faults
	root       *Section
	incomplete bool
}

// Entry is a key that a section has, with its value.
type Entry struct {
	Item
	Path  string
	index int
}

func newRoot(n *Node, faults Faults, incomplete bool) *Section {
	s := &Section{node: n, shared: &shared{faults: faults, incomplete: incomplete}, used: make([]bool, len(n.Items)), present: true}
	s.shared.root = s
	return s
}

// Finish adds a fault for every key that nobody asked for and returns all
// faults by place.
func (s *Section) Finish() Faults {
	s.shared.root.unknown()
	s.shared.faults.Sort()
	return s.shared.faults
}

// Present tells whether the section is there.
func (s *Section) Present() bool { return s.present }

// Complete is false when a file could not be read: what seems to be missing may
// be in it.
func (s *Section) Complete() bool { return !s.shared.incomplete }

// Pos is where the section stands, or where the one around it does.
func (s *Section) Pos() Pos { return s.node.Pos }

// Path is the section's path of keys.
func (s *Section) Path() string { return s.path }

// Fault adds a fault at a place; name is a key of the section or empty.
func (s *Section) Fault(pos Pos, name, message, hint string) {
	s.shared.faults.Add(Fault{Pos: pos, Path: join(s.path, name), Message: message, Hint: hint})
}

// Warn is Fault for what does not keep the configuration from being used.
func (s *Section) Warn(pos Pos, name, message, hint string) {
	s.shared.faults.Add(Fault{Pos: pos, Path: join(s.path, name), Message: message, Hint: hint, Warning: true})
}

// Report adds a fault as it is.
func (s *Section) Report(f Fault) { s.shared.faults.Add(f) }

// Know adds names that would be right here, for hints.
func (s *Section) Know(names ...string) {
	for _, name := range names {
		if !slices.Contains(s.known, name) {
			s.known = append(s.known, name)
		}
	}
}

// Entries lists what nobody took yet, in the order of the file.
func (s *Section) Entries() []Entry {
	var out []Entry
	for i, item := range s.node.Items {
		if !s.used[i] {
			out = append(out, Entry{Item: item, Path: join(s.path, item.Key), index: i})
		}
	}
	return out
}

// Take marks an entry as known.
func (s *Section) Take(e Entry) { s.used[e.index] = true }

// Get takes the value of a name, or returns nil. Of two spellings the one of
// the later layer wins; in one layer they must agree.
func (s *Section) Get(name string) *Node {
	s.Know(name)
	var found *Item
	for i := range s.node.Items {
		item := &s.node.Items[i]
		if Fold(item.Key) != Fold(name) {
			continue
		}
		s.used[i] = true
		switch {
		case found == nil || item.Node.Layer > found.Node.Layer:
			found = item
		case item.Node.Layer == found.Node.Layer && !equal(item.Node, found.Node):
			s.Fault(item.Pos, item.Key, fmt.Sprintf("says something else than %s, another spelling of it, at %s", found.Key, found.Pos), "keep one")
		}
	}
	if found == nil || found.Node.IsNull() {
		return nil
	}
	return found.Node
}

func equal(a, b *Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value &&
		slices.EqualFunc(a.List, b.List, equal) &&
		slices.EqualFunc(a.Items, b.Items, func(x, y Item) bool { return x.Key == y.Key && equal(x.Node, y.Node) })
}

// Section takes a map.
func (s *Section) Section(name string) *Section { return s.Open(s.Get(name), name) }

// Open reads a node that was taken from this section as a section of its own.
func (s *Section) Open(n *Node, name string) *Section {
	path := join(s.path, name)
	if strings.HasPrefix(name, "[") {
		path = s.path + name
	}
	sub := &Section{path: path, shared: s.shared, parent: s}
	switch {
	case n == nil || n.IsNull():
		sub.node = NewMap(s.node.Pos)
		if n != nil {
			sub.node.Pos = n.Pos
		}
	case n.Kind != Map:
		s.shared.faults.Add(Fault{Pos: n.Pos, Path: path, Message: "must be a map of keys, not a " + n.Kind.String()})
		sub.node, sub.closed = NewMap(n.Pos), true
	default:
		sub.node, sub.present = n, true
	}
	sub.used = make([]bool, len(sub.node.Items))
	s.below = append(s.below, sub)
	return sub
}

// List takes a list. A single value is a list of one.
func (s *Section) List(name string) []*Node {
	n := s.Get(name)
	switch {
	case n == nil:
		return nil
	case n.Kind == List:
		return n.List
	}
	return []*Node{n}
}

// Text takes a scalar. ok is false when it is absent or empty.
func (s *Section) Text(name string) (text string, pos Pos, ok bool) {
	n := s.Get(name)
	if n == nil {
		return "", s.node.Pos, false
	}
	if n.Kind != Scalar {
		s.Fault(n.Pos, name, "must be a single value, not a "+n.Kind.String(), "")
		return "", n.Pos, false
	}
	return n.Value, n.Pos, n.Value != ""
}

// String takes text.
func (s *Section) String(name, def string) string {
	if text, _, ok := s.Text(name); ok {
		return text
	}
	return def
}

// Enum takes one of some words, in any case.
func (s *Section) Enum(name, def string, words ...string) string {
	text, pos, ok := s.Text(name)
	if !ok {
		return def
	}
	for _, w := range words {
		if strings.EqualFold(w, text) {
			return w
		}
	}
	n := s.Get(name)
	s.Fault(pos, name, fmt.Sprintf("%q must be one of %s", n.Shown(), strings.Join(words, ", ")), didYouMean(text, words))
	return def
}

// Bool takes a boolean.
func (s *Section) Bool(name string, def bool) bool { return take(s, name, def, ParseBool) }

// Int takes an integer within bounds.
func (s *Section) Int(name string, def, low, high int64) int64 {
	return takeWithin(s, name, def, low, high, ParseInt)
}

// Count takes a number that may be long, within bounds.
func (s *Section) Count(name string, def, low, high int64) int64 {
	return takeWithin(s, name, def, low, high, ParseCount)
}

func takeWithin(s *Section, name string, def, low, high int64, parse func(string) (int64, error)) int64 {
	return take(s, name, def, func(text string) (int64, error) {
		n, err := parse(text)
		if err == nil && (n < low || n > high) {
			err = fmt.Errorf("must be between %d and %d", low, high)
		}
		return n, err
	})
}

// Duration takes a time; a bare number counts units.
func (s *Section) Duration(name string, def, unit time.Duration) time.Duration {
	return take(s, name, def, func(text string) (time.Duration, error) { return ParseDuration(text, unit) })
}

// Size takes a number of bytes.
func (s *Section) Size(name string, def int64) int64 { return take(s, name, def, ParseSize) }

func take[T any](s *Section, name string, def T, parse func(string) (T, error)) T {
	text, pos, ok := s.Text(name)
	if !ok {
		return def
	}
	v, err := parse(text)
	if err != nil {
		s.Fault(pos, name, fmt.Sprintf("%q %v", s.Get(name).Shown(), err), "")
		return def
	}
	return v
}

// StringList takes a list of text, written as a list or as text that blanks,
// commas or newlines part.
func (s *Section) StringList(name string) []string {
	var out []string
	for i, n := range s.List(name) {
		if n.Kind != Scalar {
			s.Fault(n.Pos, fmt.Sprintf("%s[%d]", name, i), "must be text, not a "+n.Kind.String(), "")
			continue
		}
		out = append(out, SplitList(n.Value)...)
	}
	return out
}

// JSON takes any subtree, keeping the types that the file gives. It is nil
// when absent.
func (s *Section) JSON(name string) json.RawMessage {
	return s.NodeJSON(s.Get(name), name)
}

// NodeJSON is JSON of a node that stands for a key, nil for none.
func (s *Section) NodeJSON(n *Node, name string) json.RawMessage {
	if n == nil {
		return nil
	}
	data, err := n.JSON()
	if err != nil {
		pos := n.Pos
		if e := (valueError{}); errors.As(err, &e) {
			pos = e.node.Pos
		}
		s.Fault(pos, name, err.Error(), "quote it to make it text")
	}
	return data
}

// Names tells of every section, in the order in which they were opened, the
// names that are right in it.
func (s *Section) Names(visit func(path string, names []string)) {
	visit(s.path, s.known)
	for _, sub := range s.below {
		sub.Names(visit)
	}
}

// unknown reports what nobody took here and below.
func (s *Section) unknown() {
	if !s.closed {
		for _, e := range s.Entries() {
			s.Fault(e.Pos, e.Key, "unknown key", s.hint(e.Key))
		}
	}
	for _, sub := range s.below {
		sub.unknown()
	}
}

// hint says what a key that is unknown here may have been meant to be.
func (s *Section) hint(key string) string {
	if s.parent != nil && s.parent.knows(key) {
		return fmt.Sprintf("it belongs one level up, %s", place(s.parent.path))
	}
	for _, sub := range s.below {
		if sub.knows(key) {
			return fmt.Sprintf("it belongs one level down, %s", place(sub.path))
		}
	}
	if near := Nearest(key, s.known); near != "" {
		if strings.Contains(key, "_") { // in the spelling that the file uses
			near = strings.ReplaceAll(near, ".", "_")
		}
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(s.known) > 0 && len(s.known) <= 8 {
		return "known here: " + strings.Join(s.known, ", ")
	}
	return ""
}

func (s *Section) knows(key string) bool {
	return slices.ContainsFunc(s.known, func(name string) bool { return Fold(name) == Fold(key) })
}

func place(path string) string {
	if path == "" {
		return "at the top of the file"
	}
	return "in " + path
}
