package event

import (
	"fmt"
	"strings"
)

// Kind says what a Value holds. The numbers are those of the ABI.
type Kind uint32

// The kinds of a context value.
const (
	Null Kind = iota
	Bool
	Int
	Float
	Text
	Bytes
	JSON
)

var kindNames = [...]string{"null", "bool", "int", "float", "text", "bytes", "json"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint32(k))
}

// Value is one typed value of the context. Num holds the bits of a bool (0 or
// 1), an int or a float; Data holds text (UTF-8), bytes or JSON.
type Value struct {
	Kind Kind
	Num  uint64
	Data []byte
}

// Pair is one key of the context with its value.
type Pair struct {
	Name  string
	Value Value
}

// The context's reserved names. Reads of a kafka_* name that no processor
// wrote fall through to the facts of the source; writes never change the
// facts, which stay readable under the names that begin with an underscore.
const (
	NameTopic           = "kafka_topic"
	NamePartition       = "kafka_partition"
	NameOffset          = "kafka_offset"
	NameKey             = "kafka_key"
	NameTimestamp       = "kafka_timestamp"
	NameHeaders         = "kafka_headers"
	NameSourceTopic     = "_kafka_topic"
	NameSourcePartition = "_kafka_partition"
	NameSourceOffset    = "_kafka_offset"
)

// Reserved tells whether a name belongs to the kafka_* family, which is never
// kept among the user's pairs.
func Reserved(name string) bool {
	return strings.HasPrefix(name, "kafka_") || strings.HasPrefix(name, "_kafka_")
}

// Lookup reads one name of the event's context, reserved ones included. Its
// data aliases the event. kafka_headers is not a single value and is not
// found; read Headers.
func (e *Event) Lookup(name string) (Value, bool) {
	switch name {
	case NameTopic:
		if e.Topic != "" {
			return text(e.Topic), true
		}
		return e.Lookup(NameSourceTopic)
	case NameSourceTopic:
		if e.From == nil {
			return Value{}, false
		}
		return text(e.From.Topic), true
	case NamePartition:
		if e.Partition >= 0 {
			return number(int64(e.Partition)), true
		}
		return e.Lookup(NameSourcePartition)
	case NameSourcePartition:
		if e.From == nil {
			return Value{}, false
		}
		return number(int64(e.From.Number)), true
	case NameOffset, NameSourceOffset:
		return number(e.Offset), e.From != nil
	case NameTimestamp:
		return number(e.Timestamp), true
	case NameKey:
		if e.Key == nil {
			return Value{}, true
		}
		return Value{Kind: Bytes, Data: e.Key}, true
	}
	for i := range e.Context {
		if e.Context[i].Name == name {
			return e.Context[i].Value, true
		}
	}
	return Value{}, false
}

func text(s string) Value { return Value{Kind: Text, Data: []byte(s)} }

func number(n int64) Value { return Value{Kind: Int, Num: uint64(n)} }
