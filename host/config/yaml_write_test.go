package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteYAML(t *testing.T) {
	var faults Faults
	root := ParseINI("f", []byte("[one]\na=1\nb=yes\nc=${X}\nd=null\ne=\nf=x: y # z\n[two]\n[three]\ng=1\n  2\n"), &faults)
	top := NewMap(Pos{})
	top.Put("strict", Pos{}, root)
	loose := NewMap(Pos{})
	loose.Put("a", Pos{Line: 1}, &Node{Value: "1", Pos: Pos{Line: 2}})
	loose.Put("b", Pos{}, &Node{Kind: List, List: []*Node{{Value: "${X}"}, {Value: "null"}, {Value: "010"}}})
	Loosen(loose)
	top.Put("loose", Pos{}, loose)
	got, err := WriteYAML(top, map[Pos][]string{
		{Line: 1}: {"about the key"}, {Line: 2}: {strings.Repeat("word ", 25)}, {File: "f", Line: 8, Col: 1}: {"about a section"}, {Line: 9}: {"about nothing"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `strict:
  one:
    a: "1"
    b: yes
    c: "${X}"
    d: "null"
    e: ""
    f: 'x: y # z'

  # about a section
  two: {}

  three:
    g: |-
      1
      2

loose:
  # about the key
  # word word word word word word word word word word word word word word word word word word word
  # word word word word word word
  a: 1
  b:
    - ${X}
    - "null"
    - 010
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// typed is outline with the types of scalars, and without places.
func typed(n *Node) string {
	switch n.Kind {
	case Map:
		var b strings.Builder
		for _, item := range n.Items {
			fmt.Fprintf(&b, "%q: %s\n", item.Key, typed(item.Node))
		}
		return "{" + b.String() + "}"
	case List:
		var b strings.Builder
		for _, e := range n.List {
			b.WriteString(typed(e) + "\n")
		}
		return "[" + b.String() + "]"
	}
	if n.IsNull() {
		return "null"
	}
	return fmt.Sprintf("%q/%d", n.Value, n.Type)
}

// FuzzWriteYAML writes whatever can be read, and reads it again.
func FuzzWriteYAML(f *testing.F) {
	for _, seed := range []string{
		"{}", "a: |-\n 0\n\n # x\nb: {c: {d: 1}, e: {}}\n", "? |\n  a\n  b\n: c\n",
		"a: 1\nb: [x, 2.5, null, \"3\", true]\nc: {d: {}}\n", "a: |\n  x\n   y\n\nb: >-\n  z\n", "\"<<\": 1\n", "- a\n- {b: c}\n", "x", "a: 2020-01-01\nb: .inf\nc: 0x1f\n", "a: \"#\"\n\"b: c\": \"- d\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var faults Faults
		root := ParseYAML("f", data, &faults)
		if root == nil || root.Kind != Map || len(faults) > 0 {
			return
		}
		text, err := WriteYAML(root, nil)
		if err != nil {
			t.Fatal(err)
		}
		again := ParseYAML("f", text, &faults)
		if again == nil || len(faults) > 0 {
			t.Fatalf("%v\n%s", faults, text)
		}
		if diff := cmp.Diff(typed(root), typed(again)); diff != "" {
			t.Errorf("(-read +read again)\n%s\n%s", diff, text)
		}
	})
}
