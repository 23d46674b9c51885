package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInterpolate(t *testing.T) {
	variables := map[string]string{"NAME": "value", "EMPTY": "", "TRICKY": "a: [b], ${NAME} $$", "NUMBER": "12"}
	files := map[string]string{"secret": "line\r\n", "dir/other": "x"}
	type result struct {
		Value  string
		Type   Type
		Secret bool
		File   string
		Fault  string
	}
	tests := []struct {
		in   string
		want result
	}{
		{"plain", result{Value: "plain"}},
		{"${NAME}", result{Value: "value"}},
		{"a ${NAME} b ${NAME}", result{Value: "a value b value"}},
		{"${NUMBER}", result{Value: "12", Type: Int}},
		{"${MISSING:-true}", result{Value: "true", Type: Bool}},
		{"${MISSING:-1.5}", result{Value: "1.5", Type: Float}},
		{"${MISSING:-}", result{Value: ""}},
		{"${EMPTY}", result{Value: ""}},
		{"${EMPTY:-x:-y}", result{Value: "x:-y"}},
		{"${TRICKY}", result{Value: "a: [b], ${NAME} $$"}},
		{"$$", result{Value: "$"}},
		{"$${NAME}", result{Value: "${NAME}"}},
		{"^a$", result{Value: "^a$"}},
		{"pa$word", result{Value: "pa$word"}},
		{"${file:secret}", result{Value: "line", Secret: true, File: "secret"}},
		{"u:${file:dir/other}", result{Value: "u:x", Secret: true}},
		{"${MISSING}", result{Value: "${MISSING}", Fault: "environment variable MISSING is not set; set it or give a default: ${MISSING:-value}"}},
		{"${file:gone}", result{Value: "${file:gone}", Fault: "${file:gone}: no such file"}},
		{"${file:}", result{Value: "${file:}", Fault: "${file:} names no file"}},
		{"${NAME", result{Value: "${NAME", Fault: "${NAME is not ${NAME}, ${NAME:-default} or ${file:PATH}: there is no }"}},
		{"${a:b}", result{Value: "${a:b}", Fault: "${a:b} is not ${NAME}, ${NAME:-default} or ${file:PATH}"}},
		{"${1}", result{Value: "${1}", Fault: "${1} is not ${NAME}, ${NAME:-default} or ${file:PATH}"}},
		{"${A:-${B}}", result{Value: "${A:-${B}}", Fault: "${A:-${B}} is not ${NAME}, ${NAME:-default} or ${file:PATH}: a default is plain text"}},
	}
	for _, test := range tests {
		t.Run(test.in, func(t *testing.T) {
			var faults Faults
			in := interpolator{
				lookup: func(name string) (string, bool) { v, ok := variables[name]; return v, ok },
				readFile: func(path string, _ int64) ([]byte, error) {
					if text, ok := files[path]; ok {
						return []byte(text), nil
					}
					return nil, errors.New("no such file")
				},
				faults: &faults,
			}
			n := &Node{Value: test.in, plain: true}
			in.tree(n, "key")
			got := result{Value: n.Value, Type: n.Type, Secret: n.Secret, File: n.File}
			if len(faults) > 0 {
				got.Fault = faults[0].Message
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestInterpolateQuoted shows that quotes keep text text.
func TestInterpolateQuoted(t *testing.T) {
	n := &Node{Value: "${N}"}
	in := interpolator{lookup: func(string) (string, bool) { return "12", true }, faults: &Faults{}}
	in.tree(n, "")
	if n.Value != "12" || n.Type != Text {
		t.Errorf("got %q of type %d, want 12 as text", n.Value, n.Type)
	}
}

func FuzzInterpolate(f *testing.F) {
	for _, seed := range []string{"", "$", "$$", "${", "${}", "${A}", "${A:-b}", "${file:x}", "a$b${A}}", "${A:-${B}}", "$${A}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var faults Faults
		in := interpolator{
			lookup:   func(name string) (string, bool) { return "${" + name + "}", name != "B" },
			readFile: func(string, int64) ([]byte, error) { return []byte("${A}"), nil },
			faults:   &faults,
		}
		n := &Node{Value: text, plain: true}
		in.tree(n, "key")
		if n.Kind != Scalar || len(n.Items) > 0 || len(n.List) > 0 {
			t.Errorf("%q became structure", text)
		}
		if len(faults) > 0 && n.Value != text {
			t.Errorf("%q is at fault but became %q", text, n.Value)
		}
	})
}
