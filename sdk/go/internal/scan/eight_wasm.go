package scan

import "unsafe"

// eight returns the eight bytes at a place, the first of them the lowest. The
// compiler makes one load of this, and eight of package binary's.
func eight(text []byte, at int) uint64 {
	return *(*uint64)(unsafe.Pointer(unsafe.SliceData(text[at : at+8])))
}
