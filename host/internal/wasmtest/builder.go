// Package wasmtest makes small WebAssembly modules for tests: well-behaved
// guests, and hostile ones that no compiler would make. A Module gathers the
// parts of a module, in the order in which they are added, and Bytes writes
// them in the binary format.
package wasmtest

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// The kinds of imports and exports.
const (
	KindFunc   byte = 0
	KindMemory byte = 2
)

// Module is a module in the making. The zero value is an empty one.
type Module struct {
	types, imports, funcs, tables, memories [][]byte
	exports, bodies, data                   [][]byte
	start                                   []byte
	imported                                uint32
	custom                                  []byte
}

// Import adds an imported function, of a type written as one letter a value (i
// for i32, I for i64, F for f64) with results after a colon. Imports come
// before functions. It returns the function's index.
func (m *Module) Import(module, name, typ string) uint32 {
	m.imports = append(m.imports, join(text(module), text(name), []byte{KindFunc}, uleb(uint64(m.typ(typ)))))
	m.imported++
	return m.imported - 1
}

// ImportMemory adds an imported memory.
func (m *Module) ImportMemory(module, name string, pages uint32) {
	m.imports = append(m.imports, join(text(module), text(name), []byte{KindMemory, 0}, uleb(uint64(pages))))
}

// Func adds a function with i32 and i64 locals, written as in Import, and
// returns its index.
func (m *Module) Func(typ, locals string, code ...[]byte) uint32 {
	m.funcs = append(m.funcs, uleb(uint64(m.typ(typ))))
	groups := make([][]byte, 0, len(locals))
	for _, l := range locals {
		groups = append(groups, []byte{1, valueType(l)})
	}
	body := join(vec(groups), join(code...), []byte{opEnd})
	m.bodies = append(m.bodies, join(uleb(uint64(len(body))), body))
	return m.imported + uint32(len(m.funcs)) - 1
}

// Memory adds a memory of min pages that can grow.
func (m *Module) Memory(min uint32) *Module {
	m.memories = append(m.memories, join([]byte{0}, uleb(uint64(min))))
	return m
}

// MemoryFlags adds a memory with limits flags of its own.
func (m *Module) MemoryFlags(flags byte, limits ...uint64) *Module {
	b := []byte{flags}
	for _, l := range limits {
		b = append(b, uleb(l)...)
	}
	m.memories = append(m.memories, b)
	return m
}

// Table adds a table of function references with limits: a minimum and, if it
// is bounded, a maximum.
func (m *Module) Table(limits ...uint64) *Module {
	b := []byte{0x70, byte(len(limits) - 1)}
	for _, l := range limits {
		b = append(b, uleb(l)...)
	}
	m.tables = append(m.tables, b)
	return m
}

// Export adds an export of a function.
func (m *Module) Export(name string, fn uint32) *Module { return m.ExportKind(name, KindFunc, fn) }

// ExportKind adds an export of any kind.
func (m *Module) ExportKind(name string, kind byte, index uint32) *Module {
	m.exports = append(m.exports, join(text(name), []byte{kind}, uleb(uint64(index))))
	return m
}

// Start sets the start function.
func (m *Module) Start(fn uint32) *Module {
	m.start = uleb(uint64(fn))
	return m
}

// Data fills memory at an address.
func (m *Module) Data(at uint32, bytes string) *Module {
	m.data = append(m.data, join([]byte{0}, I32(int32(at)), []byte{opEnd}, text(bytes)))
	return m
}

// Custom adds a custom section.
func (m *Module) Custom(name, bytes string) *Module {
	m.custom = append(m.custom, section(0, join(text(name), []byte(bytes)))...)
	return m
}

// Bytes is the module in the binary format.
func (m *Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id    byte
		items [][]byte
	}{
		{1, m.types}, {2, m.imports}, {3, m.funcs}, {4, m.tables}, {5, m.memories}, {7, m.exports},
	} {
		if len(s.items) != 0 {
			out = append(out, section(s.id, vec(s.items))...)
		}
	}
	if m.start != nil {
		out = append(out, section(8, m.start)...)
	}
	if len(m.bodies) != 0 {
		out = append(out, section(10, vec(m.bodies))...)
	}
	if len(m.data) != 0 {
		out = append(out, section(11, vec(m.data))...)
	}
	return append(out, m.custom...)
}

func (m *Module) typ(letters string) int {
	params, results, _ := bytes.Cut([]byte(letters), []byte(":"))
	encoded := []byte{0x60}
	for _, list := range [][]byte{params, results} {
		encoded = append(encoded, uleb(uint64(len(list)))...)
		for _, l := range list {
			encoded = append(encoded, valueType(rune(l)))
		}
	}
	if i := slices.IndexFunc(m.types, func(t []byte) bool { return bytes.Equal(t, encoded) }); i >= 0 {
		return i
	}
	m.types = append(m.types, encoded)
	return len(m.types) - 1
}

func valueType(letter rune) byte {
	switch letter {
	case 'i':
		return 0x7f
	case 'I':
		return 0x7e
	case 'F':
		return 0x7c
	}
	panic("wasmtest: unknown type letter " + string(letter))
}

func section(id byte, content []byte) []byte {
	return join([]byte{id}, uleb(uint64(len(content))), content)
}

func vec(items [][]byte) []byte { return join(uleb(uint64(len(items))), join(items...)) }

func text(s string) []byte { return join(uleb(uint64(len(s))), []byte(s)) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func uleb(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func sleb(v int64) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
