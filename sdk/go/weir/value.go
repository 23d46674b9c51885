package weir

import (
	"math"
	"unsafe"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Kind says what a Value holds.
type Kind uint32

// The kinds of a context value.
const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindFloat
	KindText
	KindBytes
	KindJSON
)

// Value is one typed value of the context. Its bytes alias the batch.
type Value struct {
	kind Kind
	num  uint64
	data []byte
}

// JSON is a JSON document as a value of the context. It is not checked.
type JSON []byte

// Kind says what the value holds.
func (v Value) Kind() Kind { return v.kind }

// Bool is the truth value; false if it has none.
func (v Value) Bool() bool { return v.kind == KindBool && v.num != 0 }

// Int is the whole number; 0 if it has none.
func (v Value) Int() int64 {
	if v.kind != KindInt {
		return 0
	}
	return int64(v.num)
}

// Float is the number, whole or not; 0 if it has none.
func (v Value) Float() float64 {
	switch v.kind {
	case KindFloat:
		return math.Float64frombits(v.num)
	case KindInt:
		return float64(int64(v.num))
	}
	return 0
}

// Text is a copy of the text or bytes; empty if it has none.
func (v Value) Text() string { return string(v.data) }

// Bytes is the bytes of text, bytes or JSON; nil if it has none.
func (v Value) Bytes() []byte { return v.data }

func valueOf(pair *border.ContextPair) Value {
	v := Value{kind: Kind(pair.Kind)}
	if v.kind >= KindText {
		v.data = border.Bytes(border.Unpack(pair.Payload))
	} else {
		v.num = pair.Payload
	}
	return v
}

// valueFrom makes a value of a Go value, without allocating and without holding
// on to it.
func valueFrom(value any) (v Value, ok bool) {
	switch x := value.(type) {
	case nil:
		return Value{}, true
	case bool:
		if x {
			v.num = 1
		}
		v.kind = KindBool
	case int:
		v = whole(int64(x))
	case int8:
		v = whole(int64(x))
	case int16:
		v = whole(int64(x))
	case int32:
		v = whole(int64(x))
	case int64:
		v = whole(x)
	case uint8:
		v = whole(int64(x))
	case uint16:
		v = whole(int64(x))
	case uint32:
		v = whole(int64(x))
	case float32:
		v = Value{kind: KindFloat, num: math.Float64bits(float64(x))}
	case float64:
		v = Value{kind: KindFloat, num: math.Float64bits(x)}
	case string:
		v = Value{kind: KindText, data: unsafe.Slice(unsafe.StringData(x), len(x))}
	case []byte:
		v = Value{kind: KindBytes, data: x}
	case JSON:
		v = Value{kind: KindJSON, data: x}
	case Value:
		v = x
	default:
		return Value{}, false
	}
	return v, true
}

func whole(n int64) Value { return Value{kind: KindInt, num: uint64(n)} }
