package meter

import (
	"encoding/binary"
	"math"
	"slices"
)

// codeSection rewrites the functions. First it finds the leaves, for which
// their callers pay, and those that can nest without end.
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
	if m.nested = m.findNested(r, bodies); r.err != nil {
		return nil
	}
	added := m.bulkBodies(n)
	out := uleb(make([]byte, 0, len(r.buf)*5/4), uint32(n+len(added)))
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
	for _, body := range added {
		out = sized(out, body)
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
	e.locals, e.counter, e.above, e.size = locals, uint32(locals), uint32(locals), uint32(locals)
	var more []byte
	if kept {
		more = append(more, 1, typeI64)
		groups++
		e.above++
		e.size++
	}
	if m.nested[i] > 0 {
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
	e.emit(r, typ, m.leaves[i] == notLeaf, m.nested[i])
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
	if locals > math.MaxUint32-3 {
		r.fail("%d locals", locals)
	}
	return groups, locals
}
