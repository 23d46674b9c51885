package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// maxSecret bounds what ${file:PATH} reads.
const maxSecret = 1 << 20

// interpolator replaces references in scalars. What it puts in is text, never
// structure, and is not looked at again.
type interpolator struct {
	lookup   func(name string) (string, bool)
	readFile func(path string, limit int64) ([]byte, error)
	faults   *Faults
}

// tree interpolates every scalar below n.
func (in *interpolator) tree(n *Node, path string) {
	switch n.Kind {
	case Map:
		for i := range n.Items {
			in.tree(n.Items[i].Node, join(path, n.Items[i].Key))
		}
	case List:
		for i, e := range n.List {
			in.tree(e, fmt.Sprintf("%s[%d]", path, i))
		}
	case Scalar:
		in.scalar(n, path)
	}
}

func (in *interpolator) scalar(n *Node, path string) {
	if n.fixed || !strings.Contains(n.Value, "$") {
		return
	}
	dir := filepath.Dir(n.Pos.File)
	text, secret, err := in.expand(n.Value, dir)
	if err != nil {
		f := Fault{Pos: n.Pos, Path: path, Message: err.Error()}
		if errors.Is(err, errReference) {
			f.Hint = "write $$ for a dollar sign that is meant as one"
		}
		in.faults.Add(f)
		return
	}
	if text != n.Value && n.plain && !secret {
		n.Type = plainType(text)
	}
	if secret {
		n.File = wholeFile(n.Value, dir)
	}
	n.Value, n.Secret = text, n.Secret || secret
}

// wholeFile is the path of a value that is nothing but one ${file:PATH}.
func wholeFile(s, dir string) string {
	path, ok := strings.CutPrefix(s, "${file:")
	if !ok || strings.IndexByte(path, '}') != len(path)-1 {
		return ""
	}
	return besides(strings.TrimSuffix(path, "}"), dir)
}

// besides is a path of a configuration file that stands in dir.
func besides(path, dir string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// errReference says that something looks like a reference and is none.
var errReference = errors.New("is not ${NAME}, ${NAME:-default} or ${file:PATH}")

func (in *interpolator) expand(s, dir string) (text string, secret bool, err error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '$')
		if i < 0 || i == len(s)-1 {
			b.WriteString(s)
			return b.String(), secret, nil
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		switch s[0] {
		case '$':
			b.WriteByte('$')
			s = s[1:]
		case '{':
			end := strings.IndexByte(s, '}')
			if end < 0 {
				return "", false, fmt.Errorf("${%s %w: there is no }", s[1:], errReference)
			}
			value, fromFile, err := in.reference(s[1:end], dir)
			if err != nil {
				return "", false, err
			}
			b.WriteString(value)
			secret = secret || fromFile
			s = s[end+1:]
		default:
			b.WriteByte('$')
		}
	}
}

// reference resolves what stands between the braces.
func (in *interpolator) reference(ref, dir string) (value string, fromFile bool, err error) {
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		if path == "" {
			return "", false, errors.New("${file:} names no file")
		}
		data, err := in.readFile(besides(path, dir), maxSecret)
		if err != nil {
			return "", false, fmt.Errorf("${%s}: %w", ref, err)
		}
		return secretText(data), true, nil
	}
	name, def, hasDefault := strings.Cut(ref, ":-")
	if !variableName(name) {
		return "", false, fmt.Errorf("${%s} %w", ref, errReference)
	}
	if strings.Contains(def, "${") {
		return "", false, fmt.Errorf("${%s}} %w: a default is plain text", ref, errReference)
	}
	value, ok := in.lookup(name)
	switch {
	case hasDefault && value == "":
		return def, false, nil
	case !ok:
		return "", false, fmt.Errorf("environment variable %s is not set; set it or give a default: ${%s:-value}", name, name)
	}
	return value, false, nil
}

func variableName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
