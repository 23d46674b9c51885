package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The wire format: a zero, the schema's id as four bytes, big endian, and for
// Protobuf the path to the message within its file: a count and as many
// indexes, all zigzag varints, where a lone zero stands for the path [0].
const (
	magic      = 0
	headerSize = 5
	// maxPath bounds how deep messages are nested in messages.
	maxPath = 32
)

var errNoHeader = errors.New("does not begin with a schema id: a zero and four bytes of id were expected")

// splitID takes the schema's id off a payload.
func splitID(b []byte) (id int, rest []byte, err error) {
	if len(b) < headerSize || b[0] != magic {
		return 0, nil, errNoHeader
	}
	n := binary.BigEndian.Uint32(b[1:])
	if n > math.MaxInt32 {
		return 0, nil, fmt.Errorf("begins with a zero and %#08x, which is no schema id: ids are positive", n)
	}
	return int(n), b[headerSize:], nil
}

// appendID appends the head of a payload.
func appendID(b []byte, id int) []byte {
	return binary.BigEndian.AppendUint32(append(b, magic), uint32(id))
}

// splitPath takes the path to the message off what follows the id, into
// path's room.
func splitPath(path []int, b []byte) ([]int, []byte, error) {
	count, n := binary.Varint(b)
	if n <= 0 || count < 0 || count > maxPath {
		return nil, nil, errors.New("has no message indexes behind its schema id")
	}
	b = b[n:]
	if count == 0 {
		return append(path, 0), b, nil
	}
	for range count {
		index, n := binary.Varint(b)
		if n <= 0 || index < 0 || index > math.MaxInt32 {
			return nil, nil, errors.New("has broken message indexes behind its schema id")
		}
		path, b = append(path, int(index)), b[n:]
	}
	return path, b, nil
}

// appendPath appends the path to a message.
func appendPath(b []byte, path []int) []byte {
	if len(path) == 1 && path[0] == 0 {
		return append(b, 0)
	}
	b = binary.AppendVarint(b, int64(len(path)))
	for _, index := range path {
		b = binary.AppendVarint(b, int64(index))
	}
	return b
}
