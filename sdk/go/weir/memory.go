package weir

import (
	"unsafe"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// arena is memory for one batch: handed out from the front, given back all at
// once.
type arena struct {
	chunks [][]byte
	free   []byte // what is left of the last chunk
}

// chunkSize is the size of the first chunk, and the least of any other.
const chunkSize = 32 << 10

// room returns n bytes, 8-aligned, with what an earlier batch left in them.
func (a *arena) room(n int) []byte {
	size := (n + 7) &^ 7
	if size > len(a.free) {
		a.free = border.Alloc(max(size, chunkSize))
		a.chunks = append(a.chunks, a.free)
	}
	room := a.free[:n:n]
	a.free = a.free[size:]
	return room
}

// array returns room for n values, and its address.
func array[T any](a *arena, n int) ([]T, uint32) {
	var zero T
	room := a.room(n * int(unsafe.Sizeof(zero)))
	first := (*T)(unsafe.Pointer(unsafe.SliceData(room)))
	return unsafe.Slice(first, n), border.Address(first)
}

// reset gives back what the last batch used. Of several chunks one is kept that
// could have held it all, so that a steady load stops allocating.
func (a *arena) reset() {
	if len(a.chunks) > 1 {
		size := 0
		for _, chunk := range a.chunks {
			size += len(chunk)
		}
		clear(a.chunks)
		a.chunks = append(a.chunks[:0], border.Alloc(size))
	}
	if len(a.chunks) == 1 {
		a.free = a.chunks[0]
	}
}

// keep returns where the bytes can be found for the rest of the batch: where
// they are if that is in the batch, else in a copy.
func keep(data []byte) border.Span {
	if len(data) == 0 {
		return border.Span{}
	}
	if inInput(data) {
		return border.Span{Ptr: border.Address(&data[0]), Len: uint32(len(data))}
	}
	room := guest.arena.room(len(data))
	copy(room, data)
	return border.Span{Ptr: border.Address(&room[0]), Len: uint32(len(room))}
}

func keepText(text string) border.Span {
	return keep(unsafe.Slice(unsafe.StringData(text), len(text)))
}

func inInput(s []byte) bool {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	start := uintptr(unsafe.Pointer(unsafe.SliceData(guest.input)))
	return at >= start && at-start < uintptr(len(guest.input))
}

// names are strings that were made of bytes of the host: header names, context
// names and topics come again and again.
var names = make(map[string]string)

// intern returns the bytes as a string that outlives the batch.
func intern(b []byte) string {
	if s, ok := names[string(b)]; ok {
		return s
	}
	if len(names) == 1024 {
		clear(names)
	}
	s := string(b)
	names[s] = s
	return s
}
