// Package border is the guest's side of ABI 1: its layouts, the exports that
// the host calls, the host's functions, and linear memory.
//
// In a module an address is a pointer. Natively, for tests, addresses are
// offsets into one block, and the host's functions are those of Host.
package border

import "unsafe"

// The flags of an entry.
const (
	ValueNull uint32 = 1 << iota
	KeyNull
	Routed
	Stamped
)

// AnyPartition leaves the choice of the target partition to the partitioner.
const AnyPartition int32 = -1

// The kinds of context values.
const (
	KindNull uint32 = iota
	KindBool
	KindInt
	KindFloat
	KindText
	KindBytes
	KindJSON
)

// Span is where bytes or an array of pairs lie.
type Span struct{ Ptr, Len uint32 }

// NullValue is the value of a header that is a null.
var NullValue = Span{Len: 0xFFFFFFFF}

// Entry is one event of the table.
type Entry struct {
	Source, Flags           uint32
	Value, Key              Span
	Headers, Context        Span
	Topic, SourceTopic      Span
	Timestamp, Offset       int64
	SourcePartition, Target int32
}

// HeaderPair is one header.
type HeaderPair struct{ Name, Value Span }

// ContextPair is one pair of the context. The payload holds a number's bits, or
// a pointer in its low half and a length in its high half.
type ContextPair struct {
	Name           Span
	Kind, Reserved uint32
	Payload, Tail  uint64
}

// The sizes that the ABI gives; a compile error if the layouts have others.
var (
	_ [80]byte = [unsafe.Sizeof(Entry{})]byte{}
	_ [16]byte = [unsafe.Sizeof(HeaderPair{})]byte{}
	_ [32]byte = [unsafe.Sizeof(ContextPair{})]byte{}
)

// Guest is what the exports call. Package weir sets it.
var Guest struct {
	Buffer  func(size uint32) uint32
	Open    func(ptr, n uint32) int32
	Process func(table, count uint32) uint64
	Close   func()
}

// Address returns the address of memory that Alloc gave.
func Address[T any](p *T) uint32 {
	return uint32(uintptr(unsafe.Pointer(p)) - uintptr(base()))
}

// Slice returns the values at a span. They alias the memory.
func Slice[T any](s Span) []T {
	return unsafe.Slice((*T)(unsafe.Add(base(), s.Ptr)), s.Len)
}

// Bytes returns the bytes at a span, with no room behind them. They are never
// nil.
func Bytes(s Span) []byte {
	if s.Len == 0 {
		return []byte{}
	}
	return Slice[byte](s)
}

// Pack and Unpack turn a span into the payload of a pair and back.
func (s Span) Pack() uint64 { return uint64(s.Ptr) | uint64(s.Len)<<32 }

// Unpack is the inverse of Pack.
func Unpack(payload uint64) Span { return Span{uint32(payload), uint32(payload >> 32)} }
