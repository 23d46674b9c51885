package meter

import (
	"encoding/binary"
	"math"
	"slices"
)

// module is what the rewriting of one section needs to know of the others.
type module struct {
	limits   Limits
	types    []funcType
	funcs    []uint32 // the type of each function, imported ones first
	imported int      // functions that are
	globals  int
	outward  map[uint32]bool // functions that the host can call
	debug    bool            // there is debug information, so places are kept
	places   places
	leaves   []int64 // what each function of the code section costs its callers
}

// maxPages are all that 32 bits can address.
const maxPages = 1 << 16

// notLeaf marks a function that counts for itself.
const notLeaf = -1

type funcType struct{ params, results int }

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
	for range n {
		if r.byte() != typeFunc {
			r.fail("a type that is no function's")
		}
		m.types = append(m.types, funcType{params: r.valueTypes(), results: r.valueTypes()})
	}
	out := append(uleb(nil, uint32(n)+1), r.buf[from:r.at]...)
	return append(out, typeFunc, 1, typeI64, 1, typeI64)
}

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
	return uleb(append(out, kindFunc), uint32(len(m.types)))
}

func (m *module) functionSection(r *reader) []byte {
	for range r.count() {
		m.funcs = append(m.funcs, r.index("type", len(m.types)))
	}
	return r.buf
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
	for range n {
		out = r.lower(out, m.limits.Pages, maxPages)
	}
	return out
}

func (m *module) globalSection(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n)+1)
	total := m.globals + n
	for range n {
		out = append(out, r.valueType(), r.byte())
		out = m.constant(r, out, total)
	}
	m.globals = total
	return append(out, typeI64, 1, opI64Const, 0, opEnd)
}

// constant appends a constant expression.
func (m *module) constant(r *reader, out []byte, globals int) []byte {
	var in instruction
	for r.err == nil {
		r.next(&in)
		switch in.op {
		case opRefFunc:
			out = uleb(append(out, opRefFunc), m.shifted(in.index))
			m.checkFunction(r, in.index)
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
	return uleb(out, uint32(m.globals))
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

// codeSection rewrites the functions. First it finds the leaves, for which
// their callers pay.
func (m *module) codeSection(r *reader) []byte {
	n := r.count()
	if n != len(m.funcs)-m.imported {
		r.fail("%d bodies, but there are %d functions", n, len(m.funcs)-m.imported)
		return nil
	}
	bodies, starts := make([]reader, n), make([]int, n)
	for i := range bodies {
		body := r.bytes(r.u32())
		bodies[i], starts[i] = reader{buf: body}, r.at-len(body)
	}
	if r.err != nil {
		return nil
	}
	s := &scanner{module: m}
	m.leaves = m.findLeaves(bodies, s)
	out := uleb(make([]byte, 0, len(r.buf)*5/4), uint32(n))
	e := &emitter{module: m}
	var body []byte
	for i := range bodies {
		known := len(m.places)
		body = m.body(body[:0], i, &bodies[i], s, e)
		if err := bodies[i].err; err != nil {
			r.fail("function %d: %w", m.imported+i, err)
			return nil
		}
		out = sized(out, body)
		m.places.shift(known, starts[i], len(out)-len(body))
	}
	return out
}

// findLeaves returns what functions cost that do not count themselves, and
// notLeaf for the others. While it runs no function is known as a leaf, so none
// that calls is one.
func (m *module) findLeaves(bodies []reader, s *scanner) []int64 {
	leaves := make([]int64, len(bodies))
	for i, body := range bodies {
		leaves[i] = notLeaf
		if m.outward[uint32(m.imported+i)] {
			continue
		}
		body.localsOf(0)
		if cost, ok := s.leaf(&body); ok {
			leaves[i] = cost
		}
	}
	return leaves
}

// body appends function i of the code section.
func (m *module) body(out []byte, i int, r *reader, s *scanner, e *emitter) []byte {
	typ := m.types[m.funcs[m.imported+i]]
	groups, locals := r.localsOf(typ.params)
	from := r.at
	if s.scan(r); r.err != nil {
		return nil
	}
	kept := slices.ContainsFunc(s.regions[1:], region.keeps)
	declared := r.buf[:from]
	e.locals, e.counter, e.size = locals, uint32(locals), uint32(locals)
	var more []byte
	if kept {
		more = append(more, 1, typeI64)
		groups++
		e.size++
	}
	if s.sizes {
		more = append(more, 1, typeI32)
		groups++
	}
	_, skip := binary.Uvarint(declared)
	out = append(uleb(out, uint32(groups)), declared[skip:]...)
	e.out, e.regions = append(out, more...), s.regions
	r.at = from
	m.place(0, 0)
	e.emit(r, typ.results, m.leaves[i] == notLeaf)
	m.place(len(r.buf), len(e.out))
	if r.err == nil && r.at != len(r.buf) {
		r.fail("%d bytes follow its end", len(r.buf)-r.at)
	}
	return e.out
}

// place keeps where an instruction went, by offsets in its body.
func (m *module) place(from, to int) {
	if m.debug {
		m.places.add(from, to)
	}
}

// localsOf reads the groups of locals of a function, and returns how many
// groups and how many locals with its parameters there are.
func (r *reader) localsOf(params int) (groups int, locals uint64) {
	groups, locals = r.count(), uint64(params)
	for range groups {
		locals += uint64(r.u32())
		r.valueType()
	}
	if locals > math.MaxUint32-2 {
		r.fail("%d locals", locals)
	}
	return groups, locals
}
