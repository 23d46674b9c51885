package abi

import "fmt"

// Error is a violation of the ABI by a module. It is handled like a trap.
type Error struct {
	// Entry is the index of the output entry at fault, or NoEntry.
	Entry int
	// Field names what is wrong, such as "value" or "headers[2].name".
	Field string
	// Message says what is wrong with it, with the values.
	Message string
}

// NoEntry marks an Error that is not about one output entry.
const NoEntry = -1

func (e *Error) Error() string {
	if e.Entry == NoEntry {
		return fmt.Sprintf("abi: %s: %s", e.Field, e.Message)
	}
	return fmt.Sprintf("abi: output %d: %s: %s", e.Entry, e.Field, e.Message)
}

// Errorf makes an Error that is not about one output entry.
func Errorf(field, format string, args ...any) *Error {
	return &Error{Entry: NoEntry, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Slice returns n bytes of mem at ptr, or an Error that names field when they
// are not all inside. The slice aliases mem.
func Slice(mem []byte, field string, ptr, n uint32) ([]byte, error) {
	end := uint64(ptr) + uint64(n)
	if end > uint64(len(mem)) {
		return nil, outside(field, uint64(ptr), uint64(n), mem)
	}
	return mem[ptr:end:end], nil
}

func outside(field string, ptr, n uint64, mem []byte) *Error {
	return Errorf(field, "pointer %d with length %d ends beyond the memory of %d bytes", ptr, n, len(mem))
}
