package manifest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxParts bounds how many parts a schema has when its references are written
// out. A module's schema is checked before the module may run: with the bound, a
// hostile one costs no more than its size says.
const maxParts = 20_000

// bounded sees that a schema stands alone, does not contain itself, and is not
// too large.
func bounded(document any) error {
	b := bounder{document: document, sizes: map[string]int{}}
	if n := b.size(document, nil); b.err == nil && n > maxParts {
		return fmt.Errorf("is too large: more than %d parts, references written out", maxParts)
	}
	return b.err
}

// bounder counts the parts of a schema.
type bounder struct {
	document any
	sizes    map[string]int // of what references point to; 0 while it is being counted
	err      error
}

func (b *bounder) fail(path []string, format string, args ...any) int {
	if b.err == nil {
		b.err = &schemaError{path, fmt.Sprintf(format, args...)}
	}
	return 0
}

// size is capped at maxParts + 1, so that sums do not overflow.
func (b *bounder) size(v any, path []string) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			n = min(n+b.size(e, append(path[:len(path):len(path)], strconv.Itoa(i))), maxParts+1)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n = min(n+b.member(key, v[key], append(path[:len(path):len(path)], key)), maxParts+1)
		}
	}
	return n
}

// member counts the value of a key. What would move the base of references, or
// choose their target when a config is checked, is refused.
func (b *bounder) member(key string, v any, path []string) int {
	text, isText := v.(string)
	switch {
	case isText && key == "$ref":
		return b.reference(text, path)
	case isText && (key == "$dynamicRef" || key == "$recursiveRef"),
		isText && (key == "$id" || key == "$schema") && len(path) > 1:
		return b.fail(path, "%s cannot be used in the schema of a config", key)
	case isText && key == "$schema" && strings.Contains(text, "draft-04"):
		return b.fail(path, "draft 4 is not supported; write for https://json-schema.org/draft/2020-12/schema")
	}
	return b.size(v, path)
}

func (b *bounder) reference(ref string, path []string) int {
	fragment, ok := strings.CutPrefix(ref, "#")
	target, found := resolve(b.document, fragment)
	if !ok || !found {
		return b.fail(path, "%q leads nowhere; refer to a part of this schema, such as #/$defs/NAME", ref)
	}
	if n, seen := b.sizes[fragment]; seen {
		if n == 0 {
			return b.fail(path, "%q leads back to itself; the schema of a config cannot be recursive", ref)
		}
		return n
	}
	b.sizes[fragment] = 0
	n := b.size(target, pointer(fragment))
	b.sizes[fragment] = n
	return n
}

// resolve follows a JSON pointer, as a URL's fragment has it.
func resolve(v any, fragment string) (any, bool) {
	for _, step := range pointer(fragment) {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, fragment == "" || fragment[0] == '/'
}

func pointer(fragment string) []string {
	if fragment == "" {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(fragment, "/"), "/")
	for i, step := range steps {
		if plain, err := url.PathUnescape(step); err == nil {
			step = plain
		}
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	return steps
}
