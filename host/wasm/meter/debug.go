package meter

import (
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weirhq/weir/host/wasm/section"
)

const debugPrefix = ".debug_"

func hasDebug(file *section.Module) bool { return len(file.Customs(debugPrefix+"info")) > 0 }

// debugSections puts debug information in place of the module's own, which
// names places that have moved. It has what a stack is explained by: for each
// compilation unit its lines, and what was inlined where. Information that cannot
// be read is dropped.
func (m *module) debugSections(file *section.Module) {
	if !m.debug {
		return
	}
	info := &debugInfo{places: m.places}
	err := info.translate(file)
	file.RemoveCustom(func(name string) bool { return strings.HasPrefix(name, debugPrefix) })
	if err != nil {
		return
	}
	for _, s := range []struct {
		name string
		body []byte
	}{{"info", info.info}, {"abbrev", abbreviations}, {"line", info.lines}, {"ranges", info.ranges}, {"str", []byte{0}}} {
		file.SetCustom(debugPrefix+s.name, s.body)
	}
}

// abbreviations are the forms of the entries that are written: a unit, and what
// was inlined, with and without more inlined in it.
var abbreviations = []byte{
	1, 0x11, 1, 0x11, 0x01, 0x55, 0x17, 0x10, 0x17, 0, 0, // low_pc: addr, ranges, stmt_list: sec_offset
	2, 0x1d, 1, 0x55, 0x17, 0x58, 0x0f, 0x59, 0x0f, 0x57, 0x0f, 0, 0, // ranges, call_file, call_line, call_column: udata
	3, 0x1d, 0, 0x55, 0x17, 0x58, 0x0f, 0x59, 0x0f, 0x57, 0x0f, 0, 0,
	0,
}

// debugInfo is debug information in the making, of DWARF version 4.
type debugInfo struct {
	places places
	data   *dwarf.Data

	info, lines, ranges []byte

	unit  int    // where the unit at hand begins in info
	first int64  // what is added to the numbers of its files, which count from 1
	open  []bool // of the entries with children that are open: whether it was written
}

// translate reads the module's information. What it is made of may be hostile,
// so a panic of the reader is an error.
func (d *debugInfo) translate(file *section.Module) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read debug information: %v", p)
		}
	}()
	part := func(name string) []byte {
		for _, body := range file.Customs(debugPrefix + name) {
			return body
		}
		return nil
	}
	d.data, err = dwarf.New(part("abbrev"), nil, nil, part("info"), part("line"), nil, part("ranges"), part("str"))
	if err != nil {
		return err
	}
	r := d.data.Reader()
	for {
		entry, err := r.Next()
		if err != nil {
			return err
		}
		if entry == nil {
			d.endUnit()
			return nil
		}
		if err := d.entry(entry); err != nil {
			return err
		}
	}
}

func (d *debugInfo) entry(entry *dwarf.Entry) error {
	written := false
	switch entry.Tag {
	case 0: // the end of children
		if n := len(d.open) - 1; n >= 0 {
			if d.open[n] {
				d.info = append(d.info, 0)
			}
			d.open = d.open[:n]
		}
		return nil
	case dwarf.TagCompileUnit:
		d.endUnit()
		if err := d.beginUnit(entry); err != nil {
			return err
		}
		written = true
	case dwarf.TagInlinedSubroutine:
		written = d.inlined(entry)
	}
	if entry.Children {
		d.open = append(d.open, written)
	} else if entry.Tag == dwarf.TagCompileUnit {
		d.info = append(d.info, 0)
	}
	return nil
}

func (d *debugInfo) u32(out []byte, v int) []byte {
	return binary.LittleEndian.AppendUint32(out, uint32(v))
}

func (d *debugInfo) beginUnit(entry *dwarf.Entry) error {
	d.unit = len(d.info)
	d.info = append(d.info, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4) // length, version, abbreviations, size of an address
	d.info = append(d.info, 1, 0, 0, 0, 0)
	d.info = d.u32(d.info, len(d.ranges))
	d.info = d.u32(d.info, len(d.lines))
	d.addRanges(entry)
	return d.addLines(entry)
}

func (d *debugInfo) endUnit() {
	if len(d.info) > d.unit {
		binary.LittleEndian.PutUint32(d.info[d.unit:], uint32(len(d.info)-d.unit-4))
	}
	d.open, d.unit = d.open[:0], len(d.info)
}

func (d *debugInfo) inlined(entry *dwarf.Entry) bool {
	number := func(attr dwarf.Attr) uint32 {
		v, _ := entry.Val(attr).(int64)
		return uint32(v)
	}
	form := byte(3)
	if entry.Children {
		form = 2
	}
	d.info = d.u32(append(d.info, form), len(d.ranges))
	d.info = uleb(d.info, number(dwarf.AttrCallFile)+uint32(d.first))
	d.info = uleb(uleb(d.info, number(dwarf.AttrCallLine)), number(dwarf.AttrCallColumn))
	d.addRanges(entry)
	return true
}

// addRanges appends the code of an entry.
func (d *debugInfo) addRanges(entry *dwarf.Entry) {
	ranges, err := d.data.Ranges(entry)
	if err != nil {
		ranges = nil
	}
	for _, r := range ranges {
		if nowhere(r[0]) || nowhere(r[1]) {
			continue
		}
		from, to := d.places.moved(r[0]), d.places.moved(r[1])
		if from < to {
			d.ranges = d.u32(d.u32(d.ranges, int(from)), int(to))
		}
	}
	d.ranges = append(d.ranges, make([]byte, 8)...)
}

// nowhere tells of an address of what a linker left out.
func nowhere(address uint64) bool {
	a := int32(address)
	return a == 0 || a == -1 || a == -2
}

// addLines appends the lines of a unit.
func (d *debugInfo) addLines(unit *dwarf.Entry) error {
	lines, err := d.data.LineReader(unit)
	if err != nil {
		return err
	}
	var program []byte
	numbers := make(map[*dwarf.LineFile]uint32)
	var files []*dwarf.LineFile
	if lines != nil {
		files = lines.Files()
		d.first = 0
		if len(files) > 0 && files[0] != nil { // version 5 counts from 0
			d.first = 1
		}
		for i, f := range files {
			numbers[f] = uint32(i) + uint32(d.first)
		}
		if program, err = d.program(lines, numbers); err != nil {
			return err
		}
	}
	// Instructions of one byte, one operation each; is_stmt; the special
	// opcodes, which are not used; the operands of the standard ones.
	head := []byte{1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0}
	for _, f := range files {
		if f != nil {
			head = append(append(append(head, f.Name...), 0), 0, 0, 0)
		}
	}
	head = append(head, 0)
	d.lines = d.u32(d.lines, 2+4+len(head)+len(program))
	d.lines = d.u32(append(d.lines, 4, 0), len(head))
	d.lines = append(append(d.lines, head...), program...)
	return nil
}

func (d *debugInfo) program(lines *dwarf.LineReader, files map[*dwarf.LineFile]uint32) ([]byte, error) {
	var out []byte
	var row dwarf.LineEntry
	line := 1
	for {
		err := lines.Next(&row)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		address := row.Address
		if !nowhere(address) {
			address = d.places.moved(address)
		}
		out = d.u32(append(out, 0, 5, 2), int(address)) // set_address
		if row.EndSequence {
			out = append(out, 0, 1, 1)
			line = 1
			continue
		}
		out = uleb(append(out, 4), files[row.File])               // set_file
		out = sleb(append(out, 3), int64(row.Line-line))          // advance_line
		out = append(uleb(append(out, 5), uint32(row.Column)), 1) // set_column, copy
		line = row.Line
	}
}
