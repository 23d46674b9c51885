package section

import "fmt"

// reader reads the binary format up to the end of buf and keeps its first
// error, after which it reads zeros. Errors count bytes from base on.
type reader struct {
	buf  []byte
	at   int
	base int
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: "+format, append([]any{r.base + r.at}, args...)...)
	}
	r.at = len(r.buf)
}

func (r *reader) byte() byte {
	if r.err != nil || r.at >= len(r.buf) {
		r.fail("cut off")
		return 0
	}
	r.at++
	return r.buf[r.at-1]
}

func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > 0xFFFFFFFF {
				r.fail("a number exceeds 32 bits")
			}
			return uint32(v)
		}
	}
	r.fail("a number does not end")
	return 0
}

// bytes reads a length and so many bytes.
func (r *reader) bytes(what string) []byte {
	n := r.u32()
	if uint64(n) > uint64(len(r.buf)-r.at) {
		r.fail("a %s of %d bytes is cut off", what, n)
		return nil
	}
	r.at += int(n)
	return r.buf[r.at-int(n) : r.at]
}

func (r *reader) name() string { return string(r.bytes("name")) }

// done fails when something is left over.
func (r *reader) done() {
	if r.err == nil && r.at != len(r.buf) {
		r.fail("%d bytes are left over", len(r.buf)-r.at)
	}
}

// counted reads the count of a section and passes over what it counts, which has
// a byte each at least: who reads it later makes room for what the count says.
func (r *reader) counted() {
	if n := r.u32(); uint64(n) > uint64(len(r.buf)-r.at) {
		r.fail("%d elements are cut off", n)
	}
	r.at = len(r.buf)
}

// vector reads a count and as many elements. It claims memory only as elements
// turn up, whatever the count says.
func vector[T any](r *reader, elem func(*reader) T) []T {
	n := r.u32()
	list := make([]T, 0, min(uint64(n), uint64(len(r.buf)-r.at), 1024))
	for range n {
		if r.err != nil {
			return nil
		}
		list = append(list, elem(r))
	}
	return list
}
