package schema

import (
	"fmt"
	"strings"

	"github.com/twmb/avro"
)

// avroCodec is for Avro's binary form.
type avroCodec struct {
	schema *avro.Schema
	// raw is the schema without logical types, so that values are decoded as
	// they are; shape says how they look in JSON.
	raw   *avro.Schema
	shape *shape
	// ambiguous says that a plain value of some union does not tell its type.
	ambiguous bool
}

func compileAvro(text string, refs []reference) (codec, error) {
	var names avro.SchemaCache
	for _, ref := range refs {
		if _, err := names.Parse(ref.text); err != nil {
			return nil, fmt.Errorf("%s, which it refers to: %w", ref.name, err)
		}
	}
	s, err := names.Parse(text)
	if err != nil {
		return nil, err
	}
	raw, err := avro.Parse(string(s.Canonical()))
	if err != nil {
		return nil, err
	}
	root := s.Root()
	return avroCodec{s, raw, shapes{}.of(root), looks{}.ambiguous(root)}, nil
}

// looks knows how values of the types that a schema named so far look in JSON.
type looks map[string]string

// ambiguous tells whether a union at n or below has two types that look alike
// in JSON.
func (l looks) ambiguous(n *avro.SchemaNode) bool {
	l.of(n)
	seen := map[string]bool{}
	for i := range n.Branches {
		look := l.of(&n.Branches[i])
		if seen[look] || l.ambiguous(&n.Branches[i]) {
			return true
		}
		seen[look] = true
	}
	for i := range n.Fields {
		if l.ambiguous(&n.Fields[i].Type) {
			return true
		}
	}
	return n.Items != nil && l.ambiguous(n.Items) || n.Values != nil && l.ambiguous(n.Values)
}

func (l looks) of(n *avro.SchemaNode) string {
	look := "object"
	switch n.Type {
	case "null", "boolean", "array":
		look = n.Type
	case "int", "long", "float", "double":
		look = "number"
	case "bytes", "fixed":
		look = "text"
		if n.LogicalType == decimal {
			look = "number"
		}
	case "string", "enum":
		look = "text"
	default:
		if known, ok := l[n.Type]; ok { // the name alone
			return known
		}
	}
	if n.Name != "" {
		l[fullName(n)] = look
	}
	return look
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" || strings.Contains(n.Name, ".") {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}

func (c avroCodec) toJSON(dst, payload []byte, _ *message, unions Unions) ([]byte, error) {
	var v any
	// Tagged, so that the branch that was read is the one shown.
	rest, err := c.raw.Decode(payload, &v, avro.AliasInput(), avro.TaggedUnions())
	if err != nil {
		return dst, err
	}
	if len(rest) > 0 {
		return dst, fmt.Errorf("%d bytes are left over behind the value", len(rest))
	}
	return c.shape.append(dst, v, unions == TaggedUnions || unions == AutoUnions && c.ambiguous)
}

func (c avroCodec) fromJSON(dst, text []byte, _ *message) ([]byte, error) {
	var v any
	// Tagged, so that the branch that was read is the one written.
	if err := c.schema.DecodeJSON(text, &v, avro.TaggedUnions()); err != nil {
		return dst, err
	}
	return c.schema.AppendEncode(dst, v)
}
