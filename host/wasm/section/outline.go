package section

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the kind of an import or export.
type Kind byte

// The kinds of imports and exports.
const (
	FuncKind Kind = iota
	TableKind
	MemoryKind
	GlobalKind
)

func (k Kind) String() string {
	if k > GlobalKind {
		return fmt.Sprintf("kind %d", byte(k))
	}
	return [...]string{"func", "table", "memory", "global"}[k]
}

// ValueType is the type of a parameter or a result.
type ValueType = byte

// FuncType is the type of a function.
type FuncType struct {
	Params, Results []ValueType
}

// Equal tells whether two types are the same.
func (t FuncType) Equal(u FuncType) bool {
	return slices.Equal(t.Params, u.Params) && slices.Equal(t.Results, u.Results)
}

// String writes a type as "(i32, i32) -> (i64)".
func (t FuncType) String() string { return values(t.Params) + " -> " + values(t.Results) }

func values(types []ValueType) string {
	names := make([]string, len(types))
	for i, t := range types {
		switch t {
		case 0x7f:
			names[i] = "i32"
		case 0x7e:
			names[i] = "i64"
		case 0x7d:
			names[i] = "f32"
		case 0x7c:
			names[i] = "f64"
		case 0x7b:
			names[i] = "v128"
		case 0x70:
			names[i] = "funcref"
		case 0x6f:
			names[i] = "externref"
		default:
			names[i] = "unknown"
		}
	}
	return "(" + strings.Join(names, ", ") + ")"
}

// Imported is an import.
type Imported struct {
	Module, Name string
	Kind         Kind
	// Type is the index in Types of a function's type.
	Type uint32
}

// Exported is an export; Index counts the things of its kind, imported ones
// first.
type Exported struct {
	Name  string
	Kind  Kind
	Index uint32
}

// Limits are those of a memory, in pages of 64 KiB, or of a table, in elements.
// With Flags over 3 the numbers are of 64 bits and were not read.
type Limits struct {
	Min, Max uint32
	Bounded  bool
	Flags    byte
}

// Shared tells whether the memory is one of several threads.
func (l Limits) Shared() bool { return l.Flags&2 != 0 }

// Wide tells whether addresses or indexes have 64 bits.
func (l Limits) Wide() bool { return l.Flags > 3 }

// TableType is a table with the type of its elements.
type TableType struct {
	Elem ValueType
	Limits
}

// Body is the code of a function.
type Body struct {
	// Size is its bytes, Locals how many locals it has besides its parameters.
	Size, Locals uint64
}

// Outline is what a module looks like from outside. What is in Funcs, Tables
// and Memories is the module's own, but that Funcs begins with imported ones.
type Outline struct {
	Types    []FuncType
	Imports  []Imported
	Funcs    []uint32 // indexes in Types
	Tables   []TableType
	Memories []Limits
	Exports  []Exported
	Bodies   []Body
	// Start tells whether the module has a start section.
	Start bool
}

// Outline reads the outline.
func (m *Module) Outline() (*Outline, error) {
	o := new(Outline)
	for _, s := range m.Sections {
		read := o.reader(s.ID)
		if read == nil {
			continue
		}
		r := &reader{buf: s.Body, base: s.at}
		read(r)
		r.done()
		if r.err != nil {
			return nil, fmt.Errorf("damaged: %s section at byte %d: %w; copy or build the module again", s.ID, s.Offset, r.err)
		}
	}
	return o, nil
}

// reader returns what reads a section into the outline, nil for one that the
// outline does not need.
func (o *Outline) reader(id ID) func(*reader) {
	switch id {
	case Type:
		return func(r *reader) { o.Types = vector(r, (*reader).funcType) }
	case Import:
		return func(r *reader) {
			o.Imports = vector(r, (*reader).imported)
			for _, im := range o.Imports {
				if im.Kind == FuncKind {
					o.Funcs = append(o.Funcs, im.Type)
				}
			}
		}
	case Function:
		return func(r *reader) { o.Funcs = append(o.Funcs, vector(r, (*reader).u32)...) }
	case Table:
		return func(r *reader) {
			o.Tables = vector(r, func(r *reader) TableType { return TableType{r.valueType(), r.limits()} })
		}
	case Memory:
		return func(r *reader) { o.Memories = vector(r, (*reader).limits) }
	case Export:
		return func(r *reader) { o.Exports = vector(r, (*reader).exported) }
	case Code:
		return func(r *reader) { o.Bodies = vector(r, (*reader).body) }
	case Start:
		return func(r *reader) { r.u32(); o.Start = true }
	case Global, Element, Data:
		return (*reader).counted
	}
	return nil
}

// FuncType returns the type of function index, or false when the module does
// not say.
func (o *Outline) FuncType(index uint32) (FuncType, bool) {
	if uint64(index) >= uint64(len(o.Funcs)) {
		return FuncType{}, false
	}
	return o.TypeAt(o.Funcs[index])
}

// TypeAt returns a type by its index, or false when there is none.
func (o *Outline) TypeAt(index uint32) (FuncType, bool) {
	if uint64(index) >= uint64(len(o.Types)) {
		return FuncType{}, false
	}
	return o.Types[index], true
}

// ImportedFuncs is how many of Funcs are imported.
func (o *Outline) ImportedFuncs() int {
	n := 0
	for _, im := range o.Imports {
		if im.Kind == FuncKind {
			n++
		}
	}
	return n
}

func (r *reader) funcType() FuncType {
	if form := r.byte(); form != 0x60 {
		r.fail("type form %#x is not a function", form)
	}
	return FuncType{vector(r, (*reader).valueType), vector(r, (*reader).valueType)}
}

// valueType reads a type of WebAssembly 2.0. Newer ones have several bytes.
func (r *reader) valueType() ValueType {
	b := r.byte()
	if known := b >= 0x7b && b <= 0x7f || b == 0x70 || b == 0x6f; r.err == nil && !known {
		r.fail("type %#x is not of WebAssembly 2.0", b)
	}
	return b
}

func (r *reader) limits() Limits {
	l := Limits{Flags: r.byte()}
	if l.Wide() {
		r.at = len(r.buf) // 64-bit numbers follow, which nobody needs: such a module is refused
		return l
	}
	l.Min = r.u32()
	if l.Bounded = l.Flags&1 != 0; l.Bounded {
		l.Max = r.u32()
	}
	return l
}

func (r *reader) imported() Imported {
	im := Imported{Module: r.name(), Name: r.name(), Kind: Kind(r.byte())}
	switch im.Kind {
	case FuncKind:
		im.Type = r.u32()
	case TableKind:
		r.valueType()
		r.limits()
	case MemoryKind:
		r.limits()
	case GlobalKind:
		r.valueType()
		r.byte()
	default:
		r.fail("import %q.%q has the unknown kind %d", im.Module, im.Name, byte(im.Kind))
	}
	return im
}

func (r *reader) exported() Exported {
	return Exported{r.name(), Kind(r.byte()), r.u32()}
}

func (r *reader) body() Body {
	buf := r.bytes("function")
	code := &reader{buf: buf, base: r.base + r.at - len(buf)}
	b := Body{Size: uint64(len(buf))}
	for n := code.u32(); n > 0 && code.err == nil; n-- {
		b.Locals += uint64(code.u32())
		code.byte()
	}
	if r.err == nil && code.err != nil {
		r.err, r.at = code.err, len(r.buf)
	}
	return b
}
