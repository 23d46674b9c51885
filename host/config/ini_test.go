package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outline writes a tree for a reader, one value a line.
func outline(n *Node) string {
	var b strings.Builder
	var walk func(n *Node, path string)
	walk = func(n *Node, path string) {
		switch n.Kind {
		case Map:
			if len(n.Items) == 0 {
				b.WriteString(path + " {}\n")
			}
			for _, item := range n.Items {
				walk(item.Node, path+"/"+item.Key)
			}
		case List:
			for _, e := range n.List {
				walk(e, path+"/-")
			}
		case Scalar:
			b.WriteString(path + " = " + strings.ReplaceAll(n.Value, "\n", `\n`) + " @" + n.Pos.String() + "\n")
		}
	}
	walk(n, "")
	return b.String()
}

// TestParseINI holds the rules of Python's configparser.
func TestParseINI(t *testing.T) {
	tests := []struct{ name, in, want, faults string }{
		{"delimiters", "[s]\na=1\nb : 2\nc= x = y\nd:\n", "/s/a = 1 @f:2:3\n/s/b = 2 @f:3:5\n/s/c = x = y @f:4:4\n/s/d =  @f:5:3\n", ""},
		{"comments", "# one\n; two\n[s]\n  # three\na=1 # not a comment\n", "/s/a = 1 # not a comment @f:5:3\n", ""},
		{"case", "[Sec]\nKey.Name=V\n", "/Sec/key.name = V @f:2:10\n", ""},
		{"continuation", "[s]\na = 1\n  2\n\n  # gone\n\t3\n\nb = 4\n", "/s/a = 1\\n2\\n\\n3 @f:2:5\n/s/b = 4 @f:8:5\n", ""},
		{"starts empty", "[s]\na =\n  1\n", "/s/a = \\n1 @f:2:4\n", ""},
		{"indented keys", "[s]\n  a = 1\n  b = 2\n", "/s/a = 1 @f:2:7\n/s/b = 2 @f:3:7\n", ""},
		{"brackets", "[a]b]\nx=1\n", "/a]b/x = 1 @f:2:3\n", ""},
		{"mark and carriage returns", "\ufeff[s]\r\na=1\r\n", "/s/a = 1 @f:2:3\n", ""},
		{"empty section", "[s]\n", "/s {}\n", ""},
		{"duplicate key", "[s]\na=1\nA:2\n", "/s/a = 1 @f:2:3\n", "f:3:1: [s] a: is given twice in the same section (remove one)"},
		{"duplicate section", "[s]\na=1\n[s]\nb=1\n", "/s/a = 1 @f:2:3\n", "f:3:1: [s]: the section is there twice (put its keys into one)"},
		{"no section", "a=1\n", " {}\n", "f:1:1: a: stands before the first [section] (begin with a section such as [connection:KafkaConnection])"},
		{"no delimiter", "[s]\nnothing\n", "/s {}\n", `f:2:1: [s]: "nothing" is neither a [section] nor key = value`},
		{"no key", "[s]\n = 1\n", "/s {}\n", `f:2:2: [s]: "= 1" is neither a [section] nor key = value`},
		{"default", "[DEFAULT]\na=1\n[s]\nb=2\n", "/s/b = 2 @f:4:3\n", "f:1:1: [DEFAULT]: a [DEFAULT] section is not supported (write what connections share into [kafka])"},
		{"not text", "[s]\na=\xff\n", " {}\n", "f: is not UTF-8 (save it as UTF-8)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var faults Faults
			got := outline(ParseINI("f", []byte(test.in), &faults))
			if diff := cmp.Diff([]string{test.want, test.faults}, []string{got, faults.Error()}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzINI(f *testing.F) {
	for _, seed := range []string{
		"", "[a]\nb=c\n", "[connection:K]\nbootstrap_servers=\n  a\n  b\n", "a=1", "[a]\n[a]\n", "[]\n=\n:\n", "[x\n]y=\n \n\t#\n", "\ufeff[s]\r\nk:v\r",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var faults Faults
		root := ParseINI("f", data, &faults)
		if root.Kind != Map {
			t.Fatal("the root is no map")
		}
		for _, s := range root.Items {
			if s.Node.Kind != Map {
				t.Errorf("section %q is no map", s.Key)
			}
		}
		_ = outline(root)
	})
}
