package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Schema describes to editors what may stand at a place of a configuration, as
// JSON Schema, draft 7. It allows what the Parse functions of this package read,
// and wherever a value may stand a reference in its stead.
type Schema map[string]any

// With sets a keyword.
func (s Schema) With(keyword string, value any) Schema {
	s[keyword] = value
	return s
}

// Doc sets the description.
func (s Schema) Doc(text string) Schema { return s.With("description", text) }

// Ref is what a definition says.
func Ref(name string) Schema { return Schema{"$ref": "#/definitions/" + name} }

// SchemaDefinitions are those that the other functions refer to.
func SchemaDefinitions() map[string]any {
	const number = `-?(?:0[xX][0-9a-fA-F]+|[0-9]+)`
	text := func(pattern string) Schema { return Schema{"type": "string", "pattern": "^(?:" + pattern + ")$"} }
	return map[string]any{
		"elsewhere": Schema{"type": []string{"string", "null"}, "pattern": `\$\{|^$`}.Doc("a reference such as ${NAME} or ${file:PATH}, or nothing"),
		"number":    text(number),
		"boolean": Schema{"anyOf": []Schema{
			{"type": "boolean"}, {"enum": []int{0, 1}}, text(anyCase("true", "t", "1", "yes", "on", "false", "f", "0", "no", "off")), Ref("elsewhere"),
		}},
		"size":  text(number + ` *(?:[kKmMgG](?:[iI]?[bB])?|[bB])?`).Doc("bytes, such as 65536, 64KiB or 1MB"),
		"count": text(number + `[kKmMgG]?`).Doc("a number, such as 2500000, 200M or 2G"),
		"time":  text(`-?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|-?(?:[0-9]*\.?[0-9]+(?:ns|us|ms|s|m|h))+|0[xX][0-9a-fA-F]+`).Doc("a number, or a time such as 500ms, 5s or 1m30s"),
		"text":  Schema{"type": []string{"string", "number", "boolean", "null"}},
		"list":  Schema{"anyOf": []Schema{Ref("text"), {"type": "array", "items": Ref("text")}}},
	}
}

// BoolSchema is for ParseBool.
func BoolSchema() Schema { return Schema{"anyOf": []Schema{Ref("boolean")}} }

// TextSchema is for any single value.
func TextSchema() Schema { return Schema{"anyOf": []Schema{Ref("text")}} }

// ListSchema is for SplitList: text, or a list.
func ListSchema() Schema { return Schema{"anyOf": []Schema{Ref("list")}} }

// IntSchema is for ParseInt within bounds; both 0 means none.
func IntSchema(low, high int64) Schema {
	return Schema{"anyOf": []Schema{bounded("integer", low, high), Ref("number"), Ref("elsewhere")}}
}

// SizeSchema is for ParseSize.
func SizeSchema(low, high int64) Schema {
	return Schema{"anyOf": []Schema{bounded("integer", low, high), Ref("size"), Ref("elsewhere")}}
}

// CountSchema is for ParseCount.
func CountSchema(low, high int64) Schema {
	return Schema{"anyOf": []Schema{bounded("integer", low, high), Ref("count"), Ref("elsewhere")}}
}

// DurationSchema is for ParseDuration; a number counts units.
func DurationSchema(low, high int64, unit time.Duration) Schema {
	return Schema{"anyOf": []Schema{bounded("number", low, high).Doc(unitName(unit)), Ref("time"), Ref("elsewhere")}}
}

func bounded(kind string, low, high int64) Schema {
	s := Schema{"type": kind}
	if low != 0 || high != 0 {
		s["minimum"], s["maximum"] = low, high
	}
	return s
}

// WordSchema is for one of some words, in any case.
func WordSchema(words ...string) Schema {
	enum := make([]any, 0, len(words))
	for _, w := range words {
		enum = append(enum, w)
	}
	for _, w := range words { // which YAML reads as a number
		if n, err := strconv.Atoi(w); err == nil {
			enum = append(enum, n)
		}
	}
	return Schema{"anyOf": []Schema{{"enum": enum}, {"type": "string", "pattern": "^(?:" + anyCase(words...) + ")$"}, Ref("elsewhere")}}
}

// MapSchema is a map of known keys.
func MapSchema(properties map[string]any) Schema {
	return Schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

// NamedSchema is a map of names to what each stands for.
func NamedSchema(names string, each Schema) Schema {
	return Schema{"type": []string{"object", "null"}, "propertyNames": Schema{"pattern": names}, "additionalProperties": each}
}

// AnySchema is one or the other.
func AnySchema(schemas ...Schema) Schema { return Schema{"anyOf": schemas} }

// ItemsSchema is a list, or one element of it alone.
func ItemsSchema(each Schema) Schema {
	return Schema{"anyOf": []Schema{{"type": []string{"array", "null"}, "items": each}, each}}
}

// Spellings are the two usual spellings of a name.
func Spellings(name string) []string {
	out := []string{strings.ReplaceAll(name, ".", "_")}
	if dotted := strings.ReplaceAll(name, "_", "."); !slices.Contains(out, dotted) {
		out = append(out, dotted)
	}
	if !slices.Contains(out, name) { // neither: it has both
		out = append(out, name)
	}
	return out
}

// anyCase is a pattern of words in any case: draft 7 has no flag for that.
func anyCase(words ...string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range w {
			switch lower, upper := unicode.ToLower(r), unicode.ToUpper(r); {
			case lower != upper:
				fmt.Fprintf(&b, "[%c%c]", lower, upper)
			case strings.ContainsRune(`.-+*?()[]{}|^$\/`, r) && r != '-':
				fmt.Fprintf(&b, `\%c`, r)
			default:
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
