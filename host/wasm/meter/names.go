package meter

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir/host/wasm/section"
)

// The parts of the name section that have to be read: those that go by functions,
// and the one before them.
const (
	nameOfModule     = 0
	namesOfFunctions = 1
	namesOfLocals    = 2
	namesOfLabels    = 3
)

// nameSection rewrites the names of functions and of what is in them. Functions
// without a name get one that tells their index, as a stack shows them that
// have none: it is another one now. A section that cannot be read to the letter
// counts as none, as the standard has it: the runtime reads some of those by
// rules of its own, and would read other things once indexes have moved. Of
// several, the first counts.
func (m *module) nameSection(file *section.Module) {
	for i, s := range file.Sections {
		if s.ID != section.Custom || s.Name != "name" {
			continue
		}
		body, ok := m.names(s.Body)
		if !ok {
			body, _ = m.names(nil)
		}
		file.RemoveCustom(func(name string) bool { return name == "name" })
		file.Sections = slices.Insert(file.Sections, i, section.Section{ID: section.Custom, Name: s.Name, Body: body})
		return
	}
	body, _ := m.names(nil)
	file.SetCustom("name", body)
}

func (m *module) names(body []byte) (out []byte, ok bool) {
	r := &reader{buf: body}
	functions := make(map[uint32]string)
	var rest []byte
	for r.more() {
		id := r.byte()
		part := &reader{buf: r.bytes(r.u32())}
		switch id {
		case nameOfModule:
			out = sized(append(out, id), sized(nil, []byte(part.name()))) // which comes first
		case namesOfFunctions:
			for range part.count() {
				i := part.u32()
				functions[i] = part.name()
			}
		case namesOfLocals, namesOfLabels:
			rest = sized(append(rest, id), m.namesWithin(part))
		default:
			rest = sized(append(rest, id), part.bytes(uint32(len(part.buf))))
		}
		if part.err != nil || part.more() {
			return nil, false
		}
	}
	out = sized(append(out, namesOfFunctions), m.functionNames(functions))
	return append(out, rest...), r.err == nil
}

func (m *module) functionNames(names map[uint32]string) []byte {
	var list []byte
	n := 0
	for i := range uint32(len(m.funcs)) {
		name, ok := names[i]
		if !ok && int(i) < m.imported {
			continue
		}
		if !ok {
			name = fmt.Sprintf("$%d", i)
		}
		list = sized(uleb(list, m.shifted(i)), []byte(name))
		n++
	}
	if len(m.funcs) > m.imported {
		for i, name := range bulkNames {
			list = sized(uleb(list, m.bulkFunc(i)), []byte(Module+"."+name))
			n++
		}
	}
	return append(uleb(nil, uint32(n)), list...)
}

// namesWithin rewrites, for each function, the names of its locals or labels.
func (m *module) namesWithin(r *reader) []byte {
	n := r.count()
	out := uleb(nil, uint32(n))
	for range n {
		i := r.u32()
		from := r.at
		for range r.count() {
			r.u32()
			r.name()
		}
		out = append(uleb(out, m.shifted(i)), r.buf[from:r.at]...)
	}
	return out
}
