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

// Reserved tells whether a name belongs to the kafka_* family: kafka_topic,
// _kafka_offset and so on. Those are fields of the event and its From, which
// the SDKs show with the pairs as one map, and never stand among the pairs. A
// kafka_* name that no processor wrote reads as the source's fact; the facts
// stay readable under the names that begin with an underscore.
func Reserved(name string) bool {
	return strings.HasPrefix(name, "kafka_") || strings.HasPrefix(name, "_kafka_")
}
