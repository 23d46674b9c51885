//go:build !wasm

package scan

import "encoding/binary"

// eight returns the eight bytes at a place, the first of them the lowest.
func eight(text []byte, at int) uint64 { return binary.LittleEndian.Uint64(text[at:]) }
