// Package section reads and writes the outer form of WebAssembly modules: the
// sections of a file, what a module imports and exports, and custom sections. It
// neither validates code nor runs it, and imports nothing.
//
// Parse parts a file; Outline reads what a module looks like from outside;
// SetCustom, RemoveCustom and StripDebug change a parsed module, Bytes writes it.
package section

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ID says what a section holds.
type ID byte

// The sections of a core module. A DataCount stands before the Code.
const (
	Custom ID = iota
	Type
	Import
	Function
	Table
	Memory
	Global
	Export
	Start
	Element
	Code
	Data
	DataCount

	last = DataCount
)

func (id ID) String() string {
	if id > last {
		return fmt.Sprintf("section %d", byte(id))
	}
	return [...]string{"custom", "type", "import", "function", "table", "memory", "global", "export", "start",
		"element", "code", "data", "data count"}[id]
}

// Section is one section of a module.
type Section struct {
	ID ID
	// Name is that of a custom section.
	Name string
	// Body is the content, without the head and, in a custom section, without
	// the name. It shares the memory of the parsed file.
	Body []byte
	// Offset is where the section's head stands in the parsed file, and Size how
	// many bytes it takes there, head included. Both are 0 in one that was added.
	Offset, Size int

	at  int    // where Body begins in the file
	raw []byte // head and all, as parsed; nil in one that was added
}

// Module is a core module, parted into its sections.
type Module struct {
	Sections []Section
}

// Parse parts a file into sections. The error says what is wrong with the file
// and how to mend it.
func Parse(file []byte) (*Module, error) {
	if err := checkMagic(file); err != nil {
		return nil, err
	}
	m := new(Module)
	var seen [last + 1]bool
	r := &reader{buf: file, at: len(magic)}
	for r.at < len(file) {
		start := r.at
		id := ID(r.byte())
		size := r.u32()
		if r.err != nil {
			return nil, fmt.Errorf("truncated: the head of a section at byte %d is cut off after %d bytes; copy or build the module again",
				start, len(file)-start)
		}
		if id > last {
			return nil, fmt.Errorf("damaged: unknown section %d at byte %d; copy or build the module again", byte(id), start)
		}
		if seen[id] && id != Custom {
			return nil, fmt.Errorf("damaged: a second %s section at byte %d; build the module again", id, start)
		}
		seen[id] = true
		if left := len(file) - r.at; uint64(size) > uint64(left) {
			return nil, fmt.Errorf("truncated: the %s section at byte %d needs %d bytes, %d are there; copy or build the module again",
				id, start, size, left)
		}
		s := Section{ID: id, Offset: start, at: r.at}
		r.at += int(size)
		s.Size, s.raw = r.at-start, file[start:r.at]
		if id == Custom {
			body := &reader{buf: file[:r.at], at: s.at}
			s.Name = body.name()
			if body.err != nil || !utf8.ValidString(s.Name) {
				return nil, fmt.Errorf("damaged: the custom section at byte %d has no readable name; copy or build the module again", start)
			}
			s.at = body.at
		}
		s.Body = file[s.at:r.at]
		m.Sections = append(m.Sections, s)
	}
	return m, nil
}

// Bytes is the module as a file. Sections that were not changed keep their
// bytes.
func (m *Module) Bytes() []byte {
	out := slices.Clone(magic)
	for _, s := range m.Sections {
		out = append(out, s.bytes()...)
	}
	return out
}

func (s *Section) bytes() []byte {
	if s.raw != nil {
		return s.raw
	}
	var name []byte
	if s.ID == Custom {
		name = append(binary.AppendUvarint(nil, uint64(len(s.Name))), s.Name...)
	}
	head := binary.AppendUvarint([]byte{byte(s.ID)}, uint64(len(name)+len(s.Body)))
	return slices.Concat(head, name, s.Body)
}

// Find returns the section of an id that is not Custom, or nil.
func (m *Module) Find(id ID) *Section {
	for i := range m.Sections {
		if m.Sections[i].ID == id {
			return &m.Sections[i]
		}
	}
	return nil
}

// Customs returns the bodies of the custom sections of a name, of which a
// module may have several, in order.
func (m *Module) Customs(name string) [][]byte {
	var bodies [][]byte
	for _, s := range m.Sections {
		if s.ID == Custom && s.Name == name {
			bodies = append(bodies, s.Body)
		}
	}
	return bodies
}

// Replace puts another content into the section of an id that is there and not
// Custom.
func (m *Module) Replace(id ID, body []byte) {
	if s := m.Find(id); s != nil {
		*s = Section{ID: id, Body: body}
	}
}

// SetCustom makes body the only custom section of its name, at the end.
func (m *Module) SetCustom(name string, body []byte) {
	m.RemoveCustom(func(other string) bool { return other == name })
	m.Sections = append(m.Sections, Section{ID: Custom, Name: name, Body: body})
}

// RemoveCustom removes the custom sections whose name is chosen.
func (m *Module) RemoveCustom(choose func(name string) bool) {
	m.Sections = slices.DeleteFunc(m.Sections, func(s Section) bool { return s.ID == Custom && choose(s.Name) })
}

// StripDebug removes what debuggers and linkers read. It keeps the names of
// functions, by which a trap is explained.
func (m *Module) StripDebug() {
	m.RemoveCustom(func(name string) bool {
		switch name {
		case "sourceMappingURL", "external_debug_info", "linking", "dylink.0":
			return true
		}
		return strings.HasPrefix(name, ".debug_") || strings.HasPrefix(name, "reloc.")
	})
}

// Digest is the identity of a file: its sha256, as "sha256:" and hexadecimal
// digits.
func Digest(file []byte) string {
	sum := sha256.Sum256(file)
	return "sha256:" + hex.EncodeToString(sum[:])
}
