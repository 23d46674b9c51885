package schema

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/twmb/avro"
)

// decimal is the one logical type whose values do not look like those of the
// type beneath it.
const decimal = "decimal"

// shape says how the values of an Avro type look in JSON.
type shape struct {
	typ      string
	fields   []field           // of a record
	items    *shape            // of an array, or the values of a map
	branches map[string]*shape // of a union, by the tag of their values
	// precision and scale are those of a decimal.
	decimal          bool
	precision, scale int
}

type field struct {
	name  string
	shape *shape
}

// shapes are those of named types, by full name, which may need themselves.
type shapes map[string]*shape

func (named shapes) of(n *avro.SchemaNode) *shape {
	if s, ok := named[n.Type]; ok {
		return s
	}
	s := &shape{typ: n.Type, decimal: n.LogicalType == decimal, precision: n.Precision, scale: n.Scale}
	if n.Name != "" {
		named[fullName(n)] = s
	}
	for i := range n.Fields {
		s.fields = append(s.fields, field{n.Fields[i].Name, named.of(&n.Fields[i].Type)})
	}
	switch {
	case n.Items != nil:
		s.items = named.of(n.Items)
	case n.Values != nil:
		s.items = named.of(n.Values)
	}
	for i := range n.Branches {
		branch := named.of(&n.Branches[i])
		tag := n.Branches[i].Type
		if n.Branches[i].Name != "" {
			tag = fullName(&n.Branches[i])
		}
		if s.branches == nil {
			s.branches = map[string]*shape{}
		}
		s.branches[tag] = branch
	}
	return s
}

// append appends a value as JSON. With tagged, values of unions say of which
// type they are.
func (s *shape) append(dst []byte, v any, tagged bool) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float32:
		return appendFloat(dst, float64(v), 32), nil
	case float64:
		return appendFloat(dst, v, 64), nil
	case string:
		if !utf8.ValidString(v) {
			return dst, errNotText
		}
		return appendText(dst, v), nil
	case []byte:
		if s.decimal {
			return s.appendDecimal(dst, v)
		}
		return appendBytes(dst, v), nil
	case []any:
		return s.appendList(dst, v, tagged)
	case map[string]any:
		switch {
		case s.branches != nil:
			return s.appendBranch(dst, v, tagged)
		case s.items != nil:
			return s.appendMap(dst, v, tagged)
		}
		return s.appendRecord(dst, v, tagged)
	}
	return dst, fmt.Errorf("a %T where the schema has %s", v, s.typ)
}

func (s *shape) appendList(dst []byte, v []any, tagged bool) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, item := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = s.items.append(dst, item, tagged); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (s *shape) appendMap(dst []byte, v map[string]any, tagged bool) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(v)) { // so that the same value makes the same JSON
		if i > 0 {
			dst = append(dst, ',')
		}
		if !utf8.ValidString(key) {
			return dst, errNotText
		}
		dst = append(appendText(dst, key), ':')
		if dst, err = s.items.append(dst, v[key], tagged); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (s *shape) appendRecord(dst []byte, v map[string]any, tagged bool) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, f := range s.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.name), ':')
		if dst, err = f.shape.append(dst, v[f.name], tagged); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendBranch takes the value of a union: a map of its type's name to it.
func (s *shape) appendBranch(dst []byte, v map[string]any, tagged bool) (_ []byte, err error) {
	for tag, value := range v {
		branch, ok := s.branches[tag]
		switch {
		case !ok:
			return dst, fmt.Errorf("a %s where the schema has a union without it", tag)
		case !tagged:
			return branch.append(dst, value, tagged)
		}
		dst = append(appendText(append(dst, '{'), tag), ':')
		if dst, err = branch.append(dst, value, tagged); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendDecimal writes a decimal's unscaled integer, which is in two's
// complement, with its point.
func (s *shape) appendDecimal(dst, unscaled []byte) ([]byte, error) {
	n := new(big.Int).SetBytes(unscaled)
	if len(unscaled) > 0 && unscaled[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(unscaled))))
	}
	// A digit has less than 10/3 bits. The bound keeps the work of counting
	// digits in proportion to the schema.
	if n.BitLen() > 4*s.precision+8 {
		return dst, fmt.Errorf("a decimal of %d bytes where the schema has %d digits", len(unscaled), s.precision)
	}
	digits := n.Append(nil, 10)
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	if len(digits) > s.precision {
		return dst, fmt.Errorf("a decimal of %d digits where the schema has %d", len(digits), s.precision)
	}
	point := len(digits) - s.scale
	if point <= 0 {
		dst = append(dst, '0')
	} else {
		dst, digits = append(dst, digits[:point]...), digits[point:]
	}
	if s.scale == 0 {
		return dst, nil
	}
	dst = append(dst, '.')
	for range -point {
		dst = append(dst, '0')
	}
	return append(dst, digits...), nil
}

// appendFloat writes a number in the form of encoding/json, and as text what
// is none.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	form := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, f, form, -1, bits)
}

const hexDigits = "0123456789abcdef"

// errNotText refuses what JSON cannot hold: put in its place, U+FFFD would
// change a value, and make one of two keys, without a word.
var errNotText = errors.New("text that is not UTF-8")

// appendText writes text, which is UTF-8.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = appendByte(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return append(dst, '"')
}

// appendBytes writes a character, U+0000 to U+00FF, for each byte.
func appendBytes(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, c := range b {
		dst = appendByte(dst, c)
	}
	return append(dst, '"')
}

// appendByte writes one character of a text, with an escape unless it is a
// plain one of ASCII.
func appendByte(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, `\n`...)
	case c == '\t':
		return append(dst, `\t`...)
	case c < ' ' || c >= 0x7f:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, c)
}
