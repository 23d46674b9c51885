package config

import (
	"strconv"
	"strings"
)

// Kind is the shape of a Node.
type Kind uint8

// The kinds of nodes.
const (
	Scalar Kind = iota
	Map
	List
)

func (k Kind) String() string { return [...]string{"value", "map", "list"}[k] }

// Type is what the file says that a scalar is. Settings are read by the type
// that their reader wants; Type matters where a subtree is handed on as JSON.
type Type uint8

// The types of scalars.
const (
	Text Type = iota
	Int
	Float
	Bool
	Null
)

// Node is a piece of configuration with its place. Nodes form a tree whose
// maps keep the order of their keys.
type Node struct {
	Kind Kind
	Pos  Pos
	// Layer orders the origins: a higher one beats a lower one. Files count
	// from 1 in the order given, then come the environment and the flags.
	Layer int
	// Items are the entries of a map, List the elements of a list.
	Items []Item
	List  []*Node
	// Value is the text of a scalar, Type what it is.
	Value string
	Type  Type
	// Secret says that the value came from a secret file, or from [passwords] of
	// an INI file, and must not be shown.
	Secret bool
	// File is the secret file that the whole value came from, if one did. Who can
	// reads it again when it is needed: see Secretly.
	File string
	// Used says of a section of an INI file that others refer to its options.
	Used bool

	plain bool // unquoted: its type follows its text when that is interpolated
	fixed bool // of the environment or a flag: not interpolated
}

// Item is an entry of a map.
type Item struct {
	Key  string
	Pos  Pos
	Node *Node
}

// NewMap returns an empty map that stands at a place.
func NewMap(pos Pos) *Node { return &Node{Kind: Map, Pos: pos} }

// NewList returns an empty list that stands at a place.
func NewList(pos Pos) *Node { return &Node{Kind: List, Pos: pos} }

// Find returns the entry of a map with exactly this key, or nil.
func (n *Node) Find(key string) *Node {
	for i := range n.Items {
		if n.Items[i].Key == key {
			return n.Items[i].Node
		}
	}
	return nil
}

// Put appends an entry to a map.
func (n *Node) Put(key string, pos Pos, value *Node) {
	n.Items = append(n.Items, Item{Key: key, Pos: pos, Node: value})
}

// IsNull tells whether the node says "nothing here".
func (n *Node) IsNull() bool { return n.Kind == Scalar && n.Type == Null }

// Shown is the value as a message may show it.
func (n *Node) Shown() string {
	if n.Secret {
		return "***"
	}
	return n.Value
}

// Secretly is the value as a Secret. One of a file is read from there each
// time, so that a new secret counts without a restart.
func (n *Node) Secretly() Secret {
	if n.File != "" {
		return SecretFile(n.File)
	}
	return NewSecret(n.Value)
}

// Fold brings the spellings of one name together: case, '.', '_' and '-' make
// no difference.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '.' || r == '-':
			return '_'
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

func join(path, key string) string {
	switch {
	case path == "":
		return key
	case key == "":
		return path
	}
	return path + "." + key
}

// At follows a path of keys and of indexes, and returns the node that it leads
// to, or the last one on the way where it leads nowhere.
func (n *Node) At(path ...string) *Node {
	for _, step := range path {
		next := n.Find(step)
		if i, err := strconv.Atoi(step); err == nil && n.Kind == List && i >= 0 && i < len(n.List) {
			next = n.List[i]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// KeyPos is where a key of a map stands, or the map when it has no such key.
func (n *Node) KeyPos(key string) Pos {
	for _, item := range n.Items {
		if item.Key == key {
			return item.Pos
		}
	}
	return n.Pos
}
