package meter

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// reader reads the binary format up to the end of buf and keeps its first
// error, after which it reads zeros.
type reader struct {
	buf []byte
	at  int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: "+format, append([]any{r.at}, args...)...)
	}
	r.at = len(r.buf)
}

func (r *reader) more() bool { return r.err == nil && r.at < len(r.buf) }

func (r *reader) byte() byte {
	if r.at >= len(r.buf) {
		r.fail("cut off")
		return 0
	}
	r.at++
	return r.buf[r.at-1]
}

// bytes returns the next n bytes; they alias buf.
func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.buf)-r.at) {
		r.fail("%d bytes are cut off", n)
		return nil
	}
	r.at += int(n)
	return r.buf[r.at-int(n) : r.at]
}

func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > 0xFFFFFFFF {
				r.fail("a number exceeds 32 bits")
				return 0
			}
			return uint32(v)
		}
	}
	r.fail("a number does not end")
	return 0
}

// s64 reads a signed number of up to 64 bits.
func (r *reader) s64() int64 {
	var v int64
	for shift := 0; shift < 70; shift += 7 {
		b := r.byte()
		v |= int64(b&0x7f) << shift
		if b < 0x80 {
			if shift < 63 && b&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.fail("a number does not end")
	return 0
}

// valueType reads a type of WebAssembly 2.0. The engine knows newer ones, of
// several bytes, without being asked to: what it would read as the rest of one, the
// meter would read as instructions, or the reverse.
func (r *reader) valueType() byte {
	b := r.byte()
	if r.err == nil && !isValueType(b) {
		r.fail("type %#x %w", b, ErrNewer)
	}
	return b
}

func isValueType(b byte) bool {
	return b >= typeV128 && b <= typeI32 || b == typeFuncref || b == typeExternref
}

// valueTypes reads a count and as many types.
func (r *reader) valueTypes() []byte {
	n := r.count()
	from := r.at
	for range n {
		r.valueType()
	}
	return r.buf[from:r.at]
}

// index reads a number that has to be below n.
func (r *reader) index(what string, n int) uint32 {
	i := r.u32()
	if r.err == nil && uint64(i) >= uint64(n) {
		r.fail("%s %d, but there are %d", what, i, n)
		return 0
	}
	return i
}

// count reads the number of elements that follow, which have a byte each at
// least.
func (r *reader) count() int {
	n := r.u32()
	if uint64(n) > uint64(len(r.buf)-r.at) {
		r.fail("%d elements are cut off", n)
		return 0
	}
	return int(n)
}

func (r *reader) name() string {
	name := r.bytes(r.u32())
	if !utf8.Valid(name) {
		r.fail("a name is not UTF-8")
		return ""
	}
	return string(name)
}

func uleb(out []byte, v uint32) []byte { return binary.AppendUvarint(out, uint64(v)) }

func sleb(out []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

// sized appends content with its length before it.
func sized(out, content []byte) []byte { return append(uleb(out, uint32(len(content))), content...) }
