package meter

import (
	"fmt"
	"math"
)

// module is what the rewriting of one section needs to know of the others.
type module struct {
	limits   Limits
	types    []funcType
	funcs    []uint32 // the type of each function, imported ones first
	imported int      // functions that are
	globals  int
	memory   bool            // there is one
	taken    map[uint32]bool // functions that can be called by a reference
	outward  map[uint32]bool // functions that the host can call
	debug    bool            // there is debug information, so places are kept
	places   places
	leaves   []int64 // what each function of the code section costs its callers
	nested   []int64 // how much deeper each function of the code section nests
}

// maxPages are all that 32 bits can address.
const maxPages = 1 << 16

// notLeaf marks a function that counts for itself.
const notLeaf = -1

type funcType struct {
	params, results int
	block           []byte // the type of a block that takes nothing and leaves the results
	key             string // equal for equal types
}

const (
	kindFunc = iota
	kindTable
	kindMemory
	kindGlobal
)

const (
	typeI32       = 0x7f
	typeI64       = 0x7e
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
	typeFunc      = 0x60
)

// refill is the index of the import that was added.
func (m *module) refill() uint32 { return uint32(m.imported) }

// shifted is the index of a function behind the import that was added.
func (m *module) shifted(function uint32) uint32 {
	if int(function) >= m.imported {
		return function + 1
	}
	return function
}

func (m *module) typeSection(r *reader) []byte {
	n := r.count()
	from := r.at
	var added []byte
	more := 0
	for range n {
		if r.byte() != typeFunc {
			r.fail("a type that is no function's")
		}
		params, results := r.valueTypes(), r.valueTypes()
		t := funcType{params: len(params), results: len(results), key: fmt.Sprintf("%x:%x", params, results)}
		switch {
		case len(results) == 0:
			t.block = []byte{blockEmpty}
		case len(results) == 1:
			t.block = results
		default: // is a type of its own, behind those of Refill and of what is added for bulk
			t.block = sleb(nil, int64(n+2+more))
			added = sized(append(added, typeFunc, 0), results)
			more++
		}
		m.types = append(m.types, t)
	}
	out := append(uleb(nil, uint32(n+2+more)), r.buf[from:r.at]...)
	out = append(out, typeFunc, 1, typeI64, 1, typeI64)
	out = append(out, typeFunc, 3, typeI32, typeI32, typeI32, 0)
	return append(out, added...)
}

// The types that are added, behind the module's own.
func (m *module) refillType() uint32 { return uint32(len(m.types)) }
func (m *module) bulkType() uint32   { return uint32(len(m.types) + 1) }

func (m *module) importSection(r *reader) []byte {
	n := r.count()
	from := r.at
	for range n {
		if r.name() == Module {
			r.fail("an import from %s, which is the host's own", Module)
		}
		r.name()
		switch kind := r.byte(); kind {
		case kindFunc:
			m.funcs = append(m.funcs, r.index("type", len(m.types)))
		case kindTable:
			r.valueType()
			r.limits()
		case kindMemory:
			r.limits()
			m.memory = true
		case kindGlobal:
			r.valueType()
			r.byte()
			m.globals++
		default:
			r.fail("an import of unknown kind %d", kind)
		}
	}
	m.imported = len(m.funcs)
	out := append(uleb(nil, uint32(n)+1), r.buf[from:r.at]...)
	out = sized(sized(out, []byte(Module)), []byte(Refill))
	return uleb(append(out, kindFunc), m.refillType())
}

func (m *module) functionSection(r *reader) []byte {
	n := r.count()
	from := r.at
	for range n {
		m.funcs = append(m.funcs, r.index("type", len(m.types)))
	}
	own := r.buf[from:r.at]
	if n == 0 {
		return r.buf
	}
	out := append(uleb(nil, uint32(n+bulkFuncs)), own...)
	for range bulkFuncs {
		out = uleb(out, m.bulkType())
	}
	return out
}

type limits struct {
	flags    byte
	min, max uint32
}

func (r *reader) limits() limits {
	l := limits{flags: r.byte()}
	if l.flags > 1 {
		r.fail("limits of a shared or 64-bit kind")
		return l
	}
	l.min = r.u32()
	if l.flags == 1 {
		l.max = r.u32()
	}
	return l
}

// lower appends limits with a maximum of at most most; a maximum above highest
// is not valid.
func (r *reader) lower(out []byte, most, highest uint32) []byte {
	l := r.limits()
	if l.flags == 1 {
		if l.max > highest || l.max < l.min {
			r.fail("a maximum of %d", l.max)
		}
		most = min(most, l.max)
	}
	if l.min > most {
		r.fail("a minimum of %d, the limit is %d", l.min, most)
	}
	return uleb(uleb(append(out, 1), l.min), most)
}

func (m *module) tableSection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n))
	for range n {
		out = append(out, r.valueType())
		out = r.lower(out, m.limits.Elements, math.MaxUint32)
	}
	return out
}

func (m *module) memorySection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n))
	m.memory = m.memory || n > 0
	for range n {
		out = r.lower(out, m.limits.Pages, maxPages)
	}
	return out
}

func (m *module) globalSection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n)+2)
	total := m.globals + n
	for range n {
		out = append(out, r.valueType(), r.byte())
		out = m.constant(r, out, total)
	}
	m.globals = total
	out = append(out, typeI64, 1, opI64Const, 0, opEnd)
	out = sleb(append(out, typeI64, 1, opI64Const), int64(m.limits.Calls))
	return append(out, opEnd)
}

// The globals that are added, behind the module's own.
func (m *module) counter() uint32 { return uint32(m.globals) }
func (m *module) depth() uint32   { return uint32(m.globals + 1) }

// constant appends a constant expression.
func (m *module) constant(r *reader, out []byte, globals int) []byte {
	var in instruction
	for r.err == nil {
		r.next(&in)
		switch in.op {
		case opRefFunc:
			out = uleb(append(out, opRefFunc), m.shifted(in.index))
			m.checkFunction(r, in.index)
			m.taken[in.index] = true
			continue
		case opGlobalGet:
			if uint64(in.index) >= uint64(globals) {
				r.fail("global %d, but there are %d", in.index, globals)
			}
		}
		out = append(out, r.buf[in.from:in.to]...)
		if in.op == opEnd {
			break
		}
	}
	return out
}

func (m *module) checkFunction(r *reader, index uint32) {
	if uint64(index) >= uint64(len(m.funcs)) {
		r.fail("function %d, but there are %d", index, len(m.funcs))
	}
}

func (m *module) exportSection(r *reader) []byte {
	n := r.count()
	m.outward = make(map[uint32]bool, n)
	out := uleb(nil, uint32(n)+1)
	for range n {
		name := r.name()
		if name == Counter {
			r.fail("an export %s, which is the host's own", Counter)
		}
		kind := r.byte()
		i := r.u32()
		switch kind {
		case kindFunc:
			m.checkFunction(r, i)
			m.outward[i] = true
			i = m.shifted(i)
		case kindGlobal:
			if uint64(i) >= uint64(m.globals) {
				r.fail("global %d, but there are %d", i, m.globals)
			}
		}
		out = uleb(append(sized(out, []byte(name)), kind), i)
	}
	out = append(sized(out, []byte(Counter)), kindGlobal)
	return uleb(out, m.counter())
}

func (m *module) startSection(r *reader) []byte {
	i := r.index("function", len(m.funcs))
	m.outward[i] = true
	return uleb(nil, m.shifted(i))
}

// elementSection rewrites segments, whose flags say what is in them: bit 0 that
// they are not active, bit 1 a table or, when they are not active, that they are
// declared only, bit 2 expressions in place of functions.
func (m *module) elementSection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n))
	for range n {
		flags := r.u32()
		if flags > 7 {
			r.fail("a segment with unknown flags %d", flags)
		}
		out = uleb(out, flags)
		if flags&1 == 0 {
			if flags&2 != 0 {
				out = uleb(out, r.u32())
			}
			out = m.constant(r, out, m.globals)
		}
		switch {
		case flags&3 == 0:
		case flags&4 != 0:
			out = append(out, r.valueType())
		default:
			if kind := r.byte(); kind != 0 {
				r.fail("elements of unknown kind %d", kind)
			}
			out = append(out, 0)
		}
		count := r.count()
		out = uleb(out, uint32(count))
		for range count {
			if flags&4 != 0 {
				out = m.constant(r, out, m.globals)
				continue
			}
			i := r.index("function", len(m.funcs))
			m.taken[i] = true
			out = uleb(out, m.shifted(i))
		}
	}
	return out
}

// dataSection rewrites segments, of which bit 0 of the flags says that they are
// not active, and bit 1 that a memory is named. It holds their lengths against
// the file: the runtime makes room for them before it looks.
func (m *module) dataSection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n))
	for range n {
		flags := r.u32()
		if flags > 2 {
			r.fail("a segment with unknown flags %d", flags)
		}
		out = uleb(out, flags)
		if flags&2 != 0 {
			out = uleb(out, r.u32())
		}
		if flags&1 == 0 {
			out = m.constant(r, out, m.globals)
		}
		out = sized(out, r.bytes(r.u32()))
	}
	return out
}
