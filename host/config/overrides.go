package config

import (
	"slices"
	"strings"
)

// overrides makes layers of environment variables and flags. Where a path
// leads is decided by what the files hold already, and by known.
type overrides struct {
	known  func(path []string) bool
	below  []*Node // the layers of the files
	faults *Faults
}

// environment takes WEIR_A__B__KEY=value: two underscores part the levels, and
// names match what the files call them in any case and spelling. Variables
// without two underscores belong to flags.
func (o *overrides) environment(environ []string) *Node {
	root := NewMap(Pos{File: "environment"})
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, value, ok := strings.Cut(e, "=")
		path, weir := strings.CutPrefix(name, Prefix)
		if !ok || !weir || !strings.Contains(path, "__") {
			continue
		}
		pos := Pos{File: "environment variable " + name}
		parts := strings.Split(path, "__")
		if slices.Contains(parts, "") {
			o.faults.Add(Fault{Pos: pos, Message: "has an empty level in its name", Hint: "write " + Prefix + "CONNECTIONS__NAME__KEY"})
			continue
		}
		for i := range parts {
			parts[i] = o.spelling(parts[:i], parts[i])
		}
		o.put(root, parts, pos, value)
	}
	return root
}

// flags takes path=value, the levels parted by dots as in messages.
func (o *overrides) flags(set []string) *Node {
	root := NewMap(Pos{File: "flags"})
	for _, s := range set {
		name, value, ok := strings.Cut(s, "=")
		pos := Pos{File: "--set " + name}
		if !ok || name == "" || slices.Contains(strings.Split(name, "."), "") {
			o.faults.Add(Fault{Pos: pos, Message: "is not path=value", Hint: "write --set connections.NAME.KEY=value"})
			continue
		}
		o.put(root, o.split(name), pos, value)
	}
	return root
}

// put sets a value; the last one for a path wins.
func (o *overrides) put(n *Node, path []string, pos Pos, value string) {
	for _, key := range path[:len(path)-1] {
		next := n.Find(key)
		if next == nil {
			next = NewMap(pos)
			n.Put(key, pos, next)
		}
		if next.Kind != Map {
			o.faults.Add(Fault{Pos: pos, Path: key, Message: "is set to a value by " + next.Pos.String() + " already"})
			return
		}
		n = next
	}
	key := path[len(path)-1]
	n.Items = slices.DeleteFunc(n.Items, func(i Item) bool { return i.Key == key })
	n.Put(key, pos, &Node{Pos: pos, Value: value, fixed: true})
}

// spelling is how the files write a name of the environment.
func (o *overrides) spelling(path []string, name string) string {
	for _, n := range o.at(path) {
		for _, item := range n.Items {
			if item.Node.Kind == Map && Fold(item.Key) == Fold(name) {
				return item.Key
			}
		}
	}
	return strings.ToLower(name)
}

// split cuts a path at those dots that part levels: as many as lead through
// sections; the rest is the key.
func (o *overrides) split(name string) []string {
	var path []string
	rest := strings.Split(name, ".")
	for len(rest) > 1 {
		n := o.section(path, rest)
		if n == 0 {
			break
		}
		path, rest = append(path, strings.Join(rest[:n], ".")), rest[n:]
	}
	return append(path, strings.Join(rest, "."))
}

// section is how many parts of rest name a section at path, 0 for none. What
// the files have wins, the longest first, since names may have dots.
func (o *overrides) section(path, rest []string) int {
	maps := o.at(path)
	for n := len(rest) - 1; n > 0; n-- {
		for _, m := range maps {
			if next := m.Find(strings.Join(rest[:n], ".")); next != nil && next.Kind == Map {
				return n
			}
		}
	}
	if o.known != nil && o.known(append(slices.Clone(path), rest[0])) {
		return 1
	}
	return 0
}

// at returns the maps that the files have at a path.
func (o *overrides) at(path []string) []*Node {
	var maps []*Node
	for _, n := range o.below {
		for _, key := range path {
			if n = n.Find(key); n == nil {
				break
			}
		}
		if n != nil && n.Kind == Map {
			maps = append(maps, n)
		}
	}
	return maps
}
