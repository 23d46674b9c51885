// Package meter rewrites WebAssembly modules so that they count what they
// execute, and stop where they are told to.
//
// A rewritten module has one global more, the counter, and one import more, a
// function that it calls when the counter is below zero. Every function and
// every round of a loop first takes off the counter what its dearest way costs;
// instructions that work on a range, such as memory.fill, also take off what
// its size costs. So the counter depends on the module and its input alone: the
// same batch costs the same on every machine.
//
// A second global counts how deep calls nest, where they can nest without end.
//
// The function is where the host decides: it gets what is left, below zero by
// what was taken too much, and returns the new count, or traps. It is also
// where Go can stop the goroutine, which it cannot do in compiled code: a guest
// that runs on without such calls stops the garbage collector, and with it the
// process. So a memory.fill or memory.copy of much is done in pieces, with such
// a call between them where it is due.
//
// Everything else stays as it is: names, custom sections, the order of
// functions. Of debug information there is again what explains a stack.
package meter

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/weirhq/weir/host/wasm/section"
)

// What a rewritten module has more. No other module may offer or import under
// the name of Module.
const (
	// Module and Refill name the imported function, (i64) -> (i64).
	Module = "weir_meter"
	Refill = "refill"
	// TooDeep is what Refill is called with where calls nest too deep, so that it
	// traps. No count is so low.
	TooDeep = math.MinInt64
	// Counter is the name by which the counter, an i64, is exported.
	Counter = "weir_meter_counter"
)

// ErrNewer marks what is not of WebAssembly 2.0, or not written as its tools do. The
// engine takes some of it, in ways of its own; what the meter cannot read to the
// letter it does not let through.
var ErrNewer = errors.New("is not of WebAssembly 2.0")

// Limits are the maxima that memories and tables are lowered to, or get when
// they have none.
type Limits struct {
	// Pages is the most memory, in pages of 64 KiB.
	Pages uint32
	// Elements is the most elements of each table.
	Elements uint32
	// Calls is how deep calls may nest, of functions that can be reached from
	// themselves. One with much code or many locals counts for several, about one
	// for each half KiB of stack. Others, of which there are not many on top of
	// each other, are not counted.
	Calls uint32
}

// order is the place of a section in a module, by its id.
var order = [...]int{section.DataCount: 10, section.Code: 11, section.Data: 12,
	section.Type: 1, section.Import: 2, section.Function: 3, section.Table: 4, section.Memory: 5,
	section.Global: 6, section.Export: 7, section.Start: 8, section.Element: 9}

// Rewrite makes the metered form of a module. It does not validate the module:
// what was not valid fails here or stays so. After an error the module cannot
// be used.
func Rewrite(file *section.Module, limits Limits) error {
	m := &module{limits: limits, debug: hasDebug(file), taken: make(map[uint32]bool)}
	for _, step := range []struct {
		id      section.ID
		needed  bool
		rewrite func(*module, *reader) []byte
	}{
		{section.Type, true, (*module).typeSection},
		{section.Import, true, (*module).importSection},
		{section.Function, false, (*module).functionSection},
		{section.Table, false, (*module).tableSection},
		{section.Memory, false, (*module).memorySection},
		{section.Global, true, (*module).globalSection},
		{section.Export, true, (*module).exportSection},
		{section.Start, false, (*module).startSection},
		{section.Element, false, (*module).elementSection},
		{section.Code, false, (*module).codeSection},
		{section.Data, false, (*module).dataSection},
	} {
		r := &reader{buf: []byte{0}}
		switch s := file.Find(step.id); {
		case s != nil:
			r.buf = s.Body
		case step.needed:
			insert(file, step.id)
		default:
			continue
		}
		body := step.rewrite(m, r)
		if r.err == nil && r.at != len(r.buf) {
			r.fail("%d bytes are left over", len(r.buf)-r.at)
		}
		if r.err != nil {
			return fmt.Errorf("%s section: %w", step.id, r.err)
		}
		file.Replace(step.id, body)
	}
	m.nameSection(file)
	m.debugSections(file)
	// The engine cannot read an empty custom section at the end of a file.
	file.Sections = slices.DeleteFunc(file.Sections, func(s section.Section) bool { return s.ID == section.Custom && len(s.Body) == 0 })
	return nil
}

// insert puts in a section that is missing, where it belongs.
func insert(file *section.Module, id section.ID) {
	at := slices.IndexFunc(file.Sections, func(s section.Section) bool {
		return s.ID != section.Custom && order[s.ID] > order[id]
	})
	if at < 0 {
		at = len(file.Sections)
	}
	file.Sections = slices.Insert(file.Sections, at, section.Section{ID: id})
}
