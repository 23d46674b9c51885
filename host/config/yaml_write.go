package config

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Loosen lets scalars of text go unquoted wherever YAML takes what they say for
// a number or a boolean: for settings that are read by the type that their
// reader wants.
func Loosen(n *Node) {
	for _, item := range n.Items {
		Loosen(item.Node)
	}
	for _, e := range n.List {
		Loosen(e)
	}
	if n.Kind == Scalar && n.Type == Text {
		n.plain, n.Type = true, plainType(n.Value)
	}
}

// WriteYAML writes a tree as YAML that reads back as the same tree. Comments
// stand above what has their place; those of no place in the tree are left to
// the caller.
func WriteYAML(n *Node, comments map[Pos][]string) ([]byte, error) {
	w := yamlWriter{comments: comments, said: map[Pos]bool{}}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(w.node(n)); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return spaced(n, b.String()), nil
}

type yamlWriter struct {
	comments map[Pos][]string
	said     map[Pos]bool
}

func (w *yamlWriter) node(n *Node) *yaml.Node {
	switch n.Kind {
	case Map:
		y := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, item := range n.Items {
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: item.Key}
			key.HeadComment = w.comment(item.Pos, item.Node.Pos)
			y.Content = append(y.Content, key, w.node(item.Node))
		}
		return y
	case List:
		y := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, e := range n.List {
			said := w.comment(e.Pos)
			element := w.node(e)
			element.HeadComment = said
			y.Content = append(y.Content, element)
		}
		return y
	}
	return scalar(n)
}

func scalar(n *Node) *yaml.Node {
	tags := [...]string{Text: "!!str", Int: "!!int", Float: "!!float", Bool: "!!bool", Null: "!!null"}
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: tags[n.Type], Value: n.Value}
	switch {
	case n.Type != Text:
	case !n.plain && strings.Contains(n.Value, "$"):
		y.Style = yaml.DoubleQuotedStyle // stays text when the reference is replaced
	case strings.Contains(n.Value, "\n") && strings.TrimSpace(n.Value) != n.Value:
		y.Style = yaml.DoubleQuotedStyle // the encoder's blocks do not keep blanks at their ends
	}
	return y
}

// comment is what is said about the places, once each.
func (w *yamlWriter) comment(places ...Pos) string {
	var lines []string
	for _, pos := range places {
		if !w.said[pos] {
			for _, comment := range w.comments[pos] {
				lines = append(lines, Comment(comment))
			}
		}
		w.said[pos] = true
	}
	return strings.Join(lines, "\n")
}

// spaced puts an empty line before each key at the top, and between the maps
// of a map of nothing but maps below it.
func spaced(n *Node, text string) []byte {
	var b strings.Builder
	var pending []string // comments that belong to the next key
	top, first, names := -1, false, false
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		if body == "\n" { // of a text
			b.WriteString(line)
			continue
		}
		if strings.HasPrefix(body, "#") && (indent == 0 || indent == 2 && names) {
			pending = append(pending, line)
			continue
		}
		switch {
		case indent == 0 && top+1 < len(n.Items): // else it is no key
			top++
			if top > 0 {
				b.WriteByte('\n')
			}
			names = mapOfMaps(n.Items[top].Node)
		case indent == 2 && !first && names:
			b.WriteByte('\n')
		}
		first = indent == 0
		for _, comment := range pending {
			b.WriteString(comment)
		}
		pending = nil
		b.WriteString(line)
	}
	return []byte(b.String())
}

func mapOfMaps(n *Node) bool {
	for _, item := range n.Items {
		if item.Node.Kind != Map {
			return false
		}
	}
	return n.Kind == Map
}

// Comment makes lines of a YAML comment of a text.
func Comment(text string) string {
	const width = 100
	var b strings.Builder
	length := width
	for _, word := range strings.Fields(text) {
		if length+1+len(word) > width {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteByte('#')
			length = 1
		}
		b.WriteString(" " + word)
		length += 1 + len(word)
	}
	return b.String()
}
