package wasm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tetratelabs/wazero/api"
)

// outline is what the quick check reads of a module: its outward shape. The
// compiler validates the rest.
type outline struct {
	types    []signature
	imports  []imported
	funcs    []uint32 // type indexes, imported functions first
	memories []bounds
	tables   []table
	exports  []exported

	tableSection span
}

// span is a section's place in the file, its head included.
type span struct{ from, to int }

type imported struct {
	module, name string
	kind         api.ExternType
	typ          uint32 // of a function
}

type exported struct {
	name  string
	kind  api.ExternType
	index uint32
}

// bounds are the limits of a memory, in pages, or of a table, in elements.
type bounds struct {
	min, max uint32
	bounded  bool
	flags    byte
}

type table struct {
	elem byte // the type of its elements
	bounds
}

// The ids of the sections that the outline is read from, and the highest one.
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionTable    = 4
	sectionMemory   = 5
	sectionExport   = 7
	sectionLast     = 12
)

var sectionNames = [...]string{"custom", "type", "import", "function", "table", "memory", "global", "export", "start",
	"element", "code", "data", "data count"}

var magic = []byte("\x00asm\x01\x00\x00\x00")

// readOutline walks the sections of a module.
func readOutline(module []byte) (*outline, error) {
	if err := checkMagic(module); err != nil {
		return nil, err
	}
	var o outline
	var seen [sectionLast + 1]bool
	r := &reader{buf: module, at: len(magic)}
	for r.at < len(module) {
		start := r.at
		id := r.byte()
		size := r.u32()
		if r.err != nil {
			return nil, faultf("truncated: the head of a section at byte %d is cut off after %d bytes; copy or build the module again",
				start, len(module)-start)
		}
		if id > sectionLast {
			return nil, faultf("damaged: unknown section %d at byte %d; copy or build the module again", id, start)
		}
		if seen[id] && id != 0 {
			return nil, faultf("damaged: a second %s section at byte %d; build the module again", sectionNames[id], start)
		}
		seen[id] = true
		if left := len(module) - r.at; uint64(size) > uint64(left) {
			return nil, faultf("truncated: the %s section at byte %d needs %d bytes, %d are there; copy or build the module again",
				sectionNames[id], start, size, left)
		}
		section := &reader{buf: module[:r.at+int(size)], at: r.at}
		r.at += int(size)
		if id == sectionTable {
			o.tableSection = span{start, r.at}
		}
		if o.section(id, section); section.err != nil {
			return nil, faultf("damaged: %s section at byte %d: %v; copy or build the module again",
				sectionNames[id], start, section.err)
		}
	}
	return &o, nil
}

// checkMagic tells a core module from what people give instead.
func checkMagic(file []byte) error {
	if bytes.HasPrefix(file, magic) {
		return nil
	}
	const build = "build a core WebAssembly module (Go: GOOS=wasip1 GOARCH=wasm -buildmode=c-shared, Rust: a cdylib)"
	switch {
	case len(file) == 0:
		return faultf("the file is empty; copy or build the module again")
	case bytes.HasPrefix(magic, file):
		return faultf("truncated: the file ends after %d bytes, within the module's head; copy or build the module again", len(file))
	case bytes.HasPrefix(file, []byte("\x00asm\x0d\x00\x01\x00")):
		return faultf("a WebAssembly component, not a core module; %s", build)
	case bytes.HasPrefix(file, magic[:4]) && len(file) >= len(magic):
		return faultf("WebAssembly binary version %d, only version 1 can be run; %s", binary.LittleEndian.Uint32(file[4:]), build)
	case bytes.HasPrefix(file, []byte("\x7fELF")), bytes.HasPrefix(file, []byte("MZ")),
		bytes.HasPrefix(file, []byte("\xcf\xfa\xed\xfe")):
		return faultf("a native executable or library, not WebAssembly; %s", build)
	case bytes.HasPrefix(file, []byte("\x1f\x8b")), bytes.HasPrefix(file, []byte("PK\x03\x04")),
		bytes.HasPrefix(file, []byte("\x28\xb5\x2f\xfd")):
		return faultf("a compressed file, not WebAssembly; unpack it and name the .wasm file inside")
	case bytes.HasPrefix(file, []byte("version https://git-lfs")):
		return faultf("a Git LFS pointer, not the module; run git lfs pull")
	case bytes.HasPrefix(bytes.TrimSpace(file), []byte("(module")), bytes.HasPrefix(bytes.TrimSpace(file), []byte("(component")):
		return faultf("WebAssembly text, not a binary; translate it with wat2wasm or wasm-tools parse")
	}
	begin := file[:min(len(file), 16)]
	if utf8.Valid(begin) && !bytes.ContainsRune(begin, 0) {
		return faultf("a text file, not WebAssembly: it begins %q; %s", strings.TrimSpace(string(begin)), build)
	}
	return faultf("not WebAssembly: it begins %x, not %x; %s", begin, magic, build)
}

func (o *outline) section(id byte, r *reader) {
	switch id {
	case sectionType:
		o.types = vector(r, (*reader).signature)
	case sectionImport:
		o.imports = vector(r, (*reader).imported)
		for _, im := range o.imports {
			if im.kind == api.ExternTypeFunc {
				o.funcs = append(o.funcs, im.typ)
			}
		}
	case sectionFunction:
		o.funcs = append(o.funcs, vector(r, (*reader).u32)...)
	case sectionTable:
		o.tables = vector(r, func(r *reader) table { return table{elem: r.byte(), bounds: r.bounds()} })
	case sectionMemory:
		o.memories = vector(r, (*reader).bounds)
	case sectionExport:
		o.exports = vector(r, (*reader).exported)
	default:
		return
	}
	if r.err == nil && r.at != len(r.buf) {
		r.fail("%d bytes are left over", len(r.buf)-r.at)
	}
}

// capTables returns the module with the maxima of its tables lowered to most,
// or set to it where there is none: the runtime bounds memory, but not tables.
func (o *outline) capTables(module []byte, most uint32) []byte {
	if len(o.tables) == 0 {
		return module
	}
	content := binary.AppendUvarint(nil, uint64(len(o.tables)))
	for _, t := range o.tables {
		limit := most
		if t.bounded {
			limit = min(most, t.max)
		}
		content = append(content, t.elem, 1)
		content = binary.AppendUvarint(content, uint64(t.min))
		content = binary.AppendUvarint(content, uint64(limit))
	}
	head := binary.AppendUvarint([]byte{sectionTable}, uint64(len(content)))
	return slices.Concat(module[:o.tableSection.from], head, content, module[o.tableSection.to:])
}

// signature returns the type of function index, or false when the module does
// not say.
func (o *outline) signature(index uint32) (signature, bool) {
	if int(index) >= len(o.funcs) || int(o.funcs[index]) >= len(o.types) {
		return signature{}, false
	}
	return o.types[o.funcs[index]], true
}

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

func (r *reader) name() string {
	n := r.u32()
	if uint64(n) > uint64(len(r.buf)-r.at) {
		r.fail("a name of %d bytes is cut off", n)
		return ""
	}
	s := string(r.buf[r.at : r.at+int(n)])
	r.at += int(n)
	return s
}

func (r *reader) valueType() api.ValueType { return r.byte() }

func (r *reader) signature() signature {
	if form := r.byte(); form != 0x60 {
		r.fail("type form %#x is not a function", form)
	}
	return signature{params: vector(r, (*reader).valueType), results: vector(r, (*reader).valueType)}
}

func (r *reader) bounds() bounds {
	b := bounds{flags: r.byte()}
	if b.flags > 3 {
		r.at = len(r.buf) // 64-bit numbers follow, which no check needs: it is refused
		return b
	}
	b.min = r.u32()
	if b.bounded = b.flags&1 != 0; b.bounded {
		b.max = r.u32()
	}
	return b
}

func (r *reader) imported() imported {
	im := imported{module: r.name(), name: r.name(), kind: r.byte()}
	switch im.kind {
	case api.ExternTypeFunc:
		im.typ = r.u32()
	case api.ExternTypeTable:
		r.byte()
		r.bounds()
	case api.ExternTypeMemory:
		r.bounds()
	case api.ExternTypeGlobal:
		r.valueType()
		r.byte()
	default:
		r.fail("import %q.%q has the unknown kind %d", im.module, im.name, im.kind)
	}
	return im
}

func (r *reader) exported() exported {
	return exported{name: r.name(), kind: r.byte(), index: r.u32()}
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
