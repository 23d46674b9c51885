package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseINI reads a file as Python's configparser does: sections, "key = value"
// or "key: value", comments of whole lines after # or ;, values that go on in
// lines indented deeper, keys without case. A section or a key given twice is
// a fault. The tree is a map of sections, each a map of text.
func ParseINI(file string, data []byte, faults *Faults) *Node {
	p := iniReader{file: file, faults: faults, root: NewMap(Pos{File: file}), sections: map[string]bool{}}
	if !utf8.Valid(data) {
		faults.Add(Fault{Pos: Pos{File: file}, Message: "is not UTF-8", Hint: "save it as UTF-8"})
		return p.root
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	for line := range strings.SplitAfterSeq(text, "\n") {
		p.number++
		p.line(line)
	}
	p.end()
	return p.root
}

func bracket(section string) string {
	if section == "" {
		return ""
	}
	return "[" + section + "]"
}

type iniReader struct {
	file    string
	faults  *Faults
	root    *Node
	number  int
	section *Node // nil before the first header and inside a refused section
	name    string
	// sections and keys are what was given so far, keys in this section.
	sections, keys map[string]bool

	skip   bool     // inside a refused section
	value  *Node    // what a continuation line adds to
	lines  []string // of value
	indent int      // of the line that value began in
}

func (p *iniReader) fault(col int, path, message, hint string) {
	p.faults.Add(Fault{Pos: p.pos(col), Path: path, Message: message, Hint: hint})
}

func (p *iniReader) pos(col int) Pos { return Pos{File: p.file, Line: p.number, Col: col} }

func (p *iniReader) line(line string) {
	text := strings.TrimSpace(line)
	if text == "" {
		if p.value != nil {
			p.lines = append(p.lines, "")
		}
		return
	}
	if text[0] == '#' || text[0] == ';' {
		return
	}
	indent := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
	if p.value != nil && indent > p.indent {
		p.lines = append(p.lines, text)
		return
	}
	p.end()
	p.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end > 1 {
		p.header(text[1:end], indent+1)
		return
	}
	p.option(text, indent+1)
}

// end closes the value that was open.
func (p *iniReader) end() {
	if p.value != nil {
		p.value.Value = strings.TrimRightFunc(strings.Join(p.lines, "\n"), unicode.IsSpace)
	}
	p.value, p.lines = nil, nil
}

func (p *iniReader) header(name string, col int) {
	p.section, p.name, p.skip = nil, name, true
	switch {
	case name == "DEFAULT":
		p.fault(col, bracket(name), "a [DEFAULT] section is not supported", "write what connections share into [kafka]")
	case strings.ContainsFunc(name, control):
		p.fault(col, bracket(name), "a section's name must be plain text", "")
	case p.sections[name]:
		p.fault(col, bracket(name), "the section is there twice", "put its keys into one")
	default:
		p.section, p.skip = NewMap(p.pos(col)), false
		p.sections[name], p.keys = true, map[string]bool{}
		p.root.Put(name, p.section.Pos, p.section)
	}
}

func (p *iniReader) option(text string, col int) {
	i := strings.IndexAny(text, "=:")
	if i <= 0 {
		p.fault(col, bracket(p.name), fmt.Sprintf("%q is neither a [section] nor key = value", text), "")
		return
	}
	if p.skip {
		return
	}
	key := strings.ToLower(strings.TrimSpace(text[:i]))
	if p.section == nil {
		p.fault(col, key, "stands before the first [section]", "begin with a section such as [connection:KafkaConnection]")
		return
	}
	if strings.ContainsFunc(key, control) {
		p.fault(col, bracket(p.name), "a key must be plain text", "")
		return
	}
	if p.keys[key] {
		p.fault(col, bracket(p.name)+" "+key, "is given twice in the same section", "remove one")
		return
	}
	p.keys[key] = true
	rest := text[i+1:]
	value := strings.TrimSpace(rest)
	start := i + 1 + len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	p.value = &Node{Pos: p.pos(col + start), Value: value}
	p.lines = []string{value}
	p.section.Put(key, p.pos(col), p.value)
}
