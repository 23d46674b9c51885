package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseYAML(t *testing.T) {
	tests := []struct{ name, in, want, faults string }{
		{"order and places", "b: 1\na: {c: [x, 'y']}\n", "/b = 1 @f:1:4\n/a/c/- = x @f:2:9\n/a/c/- = y @f:2:12\n", ""},
		{"anchor", "a: &x {k: v}\nb: *x\n", "/a/k = v @f:1:11\n/b/k = v @f:1:11\n", ""},
		{"merge", "a: &x {k: 1, l: 2}\nb:\n  l: 3\n  <<: *x\n", "/a/k = 1 @f:1:11\n/a/l = 2 @f:1:17\n/b/l = 3 @f:3:6\n/b/k = 1 @f:1:11\n", ""},
		{"json", `{"a": {"b": [1, "x"]}}`, "/a/b/- = 1 @f:1:14\n/a/b/- = x @f:1:17\n", ""},
		{"duplicate", "a: 1\na: 2\n", "/a = 1 @f:1:4\n", "f:2:1: a: is given twice in the same map (remove one)"},
		{"second document", "a: 1\n---\nb: 2\n", "/a = 1 @f:1:4\n", "f:2: a second YAML document begins here (keep one document a file; several files may be given)"},
		{"key that is a map", "? {a: 1}\n: 2\n", " {}\n", "f:1:3: a key must be plain text (quote it)"},
		{"merge of text", "a:\n  <<: x\n", "/a {}\n", "f:2:7: a: << must bring a map"},
		{"alias to itself", "a: &x\n  b: *x\n", "/a {}\n", "f:2:6: a.b: an alias contains itself"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var faults Faults
			got := outline(ParseYAML("f", []byte(test.in), &faults))
			if diff := cmp.Diff([]string{test.want, test.faults}, []string{got, faults.Error()}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestParseYAMLBounds shows that aliases and depth cannot be used to exhaust
// the process.
func TestParseYAMLBounds(t *testing.T) {
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := '1'; i <= '9'; i++ {
		last := string(i - 1)
		laughs += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+last+", ", 9) + "*a" + last + "]\n"
	}
	for name, in := range map[string]string{
		"aliases": laughs,
		"depth":   strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
		"values":  "a: [" + strings.Repeat("x,", maxNodes+1) + "x]",
	} {
		t.Run(name, func(t *testing.T) {
			var faults Faults
			ParseYAML("f", []byte(in), &faults)
			if len(faults) != 1 || !strings.Contains(faults[0].Message, "is too large") {
				t.Errorf("got %v, want one fault about the size", faults)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	const in = `{n: null, b: true, i: -1, x: 0x10, o: 010, u: 1_000, big: 123456789012345678901234567890, f: 1e3, p: .5, s: "1", t: <a>&"é", l: [], m: {}}`
	const want = `{"n":null,"b":true,"i":-1,"x":16,"o":8,"u":1000,"big":123456789012345678901234567890,"f":1000,"p":0.5,"s":"1","t":"<a>&\"é\"","l":[],"m":{}}`
	var faults Faults
	got, err := ParseYAML("f", []byte(in), &faults).JSON()
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func FuzzYAML(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1", "a: {b: [c, d]}", "a: &x {b: 1}\nc: *x\nd: {<<: *x}", "a: &a [*a]", "- a\n- b", "---\na: 1\n---\nb: 2", "? [a]\n: b", "a: !!binary AA==", "a: .inf", "a: |\n  text\n", "\"\\x01\": 1",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var faults Faults
		n := ParseYAML("f", data, &faults)
		if n == nil {
			return
		}
		_ = outline(n)
		if json, err := n.JSON(); err == nil && len(json) == 0 {
			t.Error("empty JSON without an error")
		}
	})
}
