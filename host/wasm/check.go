package wasm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/section"
)

const (
	maxTables = 8
	// The rest bounds the work of compiling, and the memory that it takes.
	maxFuncs     = 200_000
	maxExports   = 10_000
	maxCode      = 16 << 20
	maxBody      = 1 << 20
	maxLocals    = 50_000
	maxAllLocals = 5_000_000
)

// exportSignatures are the functions of the ABI that a module exports.
var exportSignatures = map[string]struct {
	section.FuncType
	required bool
}{
	abi.ExportInitialize: {sig(""), false},
	abi.ExportMark:       {sig(""), true},
	abi.ExportBuffer:     {sig("i:i"), true},
	abi.ExportOpen:       {sig("ii:i"), false},
	abi.ExportProcess:    {sig("ii:I"), true},
	abi.ExportClose:      {sig(""), false},
}

// checker gathers every fault of a module.
type checker struct {
	*section.Outline
	exports map[string]section.Exported
	bounds  Bounds
	faults  []string
}

// check holds a module's outward shape against the ABI. The error is a
// *ModuleError.
func check(file []byte, bounds Bounds) (*section.Module, error) {
	if len(file) > bounds.Size {
		return nil, faultf("has %d bytes, limits.module_size allows %d; raise it, or strip what is not used", len(file), bounds.Size)
	}
	module, err := section.Parse(file)
	if err != nil {
		return nil, &ModuleError{Faults: []string{err.Error()}}
	}
	o, err := module.Outline()
	if err != nil {
		return nil, &ModuleError{Faults: []string{err.Error()}}
	}
	c := &checker{Outline: o, exports: make(map[string]section.Exported), bounds: bounds}
	for _, e := range o.Exports {
		c.exports[e.Name] = e
	}
	c.start()
	c.version()
	c.functions()
	c.memory()
	c.sizes()
	c.importedOnes()
	c.capabilities()
	if len(c.faults) != 0 {
		return nil, &ModuleError{Faults: c.faults}
	}
	return module, nil
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *checker) start() {
	if _, ok := c.exports[abi.ExportStart]; ok {
		c.fault("exports %s: it is a command, which runs once and ends; build a reactor, which stays (Go: -buildmode=c-shared, "+
			"Rust: crate-type = [\"cdylib\"], C: -mexec-model=reactor)", abi.ExportStart)
	}
}

// version looks for the mark. Without it, but with functions of the ABI, or
// with the mark of another version, it says so.
func (c *checker) version() {
	if _, ok := c.exports[abi.ExportMark]; ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.exports)) {
		number, ok := strings.CutPrefix(name, abi.ExportMarkPrefix)
		if _, err := strconv.ParseUint(number, 10, 32); ok && err == nil {
			c.fault("is built for version %s of the ABI (export %s), this host speaks version %d; use a host that speaks it or "+
				"build with an SDK of version %d", number, name, abi.Version, abi.Version)
			return
		}
	}
	if _, ok := c.exports[abi.ExportProcess]; ok {
		c.fault("does not export the mark %s, so its ABI version is unknown; export a function of that name and of type %s",
			abi.ExportMark, exportSignatures[abi.ExportMark])
		return
	}
	c.fault("is not a weir processor: it exports none of %s, %s; build it with an SDK of weir",
		abi.ExportMark, abi.ExportProcess)
}

func (c *checker) functions() {
	_, marked := c.exports[abi.ExportMark]
	for _, name := range slices.Sorted(maps.Keys(exportSignatures)) {
		want := exportSignatures[name]
		e, ok := c.exports[name]
		if !ok {
			if want.required && marked {
				c.fault("does not export the function %s of type %s%s", name, want, c.near(name))
			}
			continue
		}
		if e.Kind != section.FuncKind {
			c.fault("exports %s as a %s; it must be a function of type %s", name, e.Kind, want)
			continue
		}
		if got, ok := c.FuncType(e.Index); !ok {
			c.fault("damaged: export %s is function %d, which the module does not have; build the module again", name, e.Index)
		} else if !got.Equal(want.FuncType) {
			c.fault("exports %s with type %s; it must be %s", name, got, want)
		}
	}
}

// near names the export that name may be a misspelling of.
func (c *checker) near(name string) string {
	for _, other := range slices.Sorted(maps.Keys(c.exports)) {
		if _, known := exportSignatures[other]; !known && similar(name, other) {
			return fmt.Sprintf(" (is %q meant to be it?)", other)
		}
	}
	return ""
}

func (c *checker) memory() {
	e, ok := c.exports[abi.ExportMemory]
	switch {
	case !ok && len(c.Memories) == 0:
		c.fault("has no memory of its own; declare one and export it as %q", abi.ExportMemory)
	case !ok:
		c.fault("does not export its memory; export it as %q", abi.ExportMemory)
	case e.Kind != section.MemoryKind:
		c.fault("exports %q as a %s; it must be the memory", abi.ExportMemory, e.Kind)
	}
	for _, m := range c.Memories {
		switch {
		case m.Wide():
			c.fault("has a 64-bit memory; build for wasm32")
		case m.Shared():
			c.fault("has a shared memory; build without threads and atomics")
		case m.Min > c.bounds.Pages:
			c.fault("needs %d KiB of memory to begin with, limits.memory allows %d KiB; raise it, or give the linker a smaller stack or "+
				"less static data", m.Min*64, c.bounds.Pages*64)
		}
	}
}

func (c *checker) sizes() {
	for i, t := range c.Tables {
		switch {
		case t.Wide() || t.Shared():
			c.fault("table %d is shared or has 64-bit indexes; build for wasm32", i)
		case t.Min > c.bounds.TableElements:
			c.fault("table %d begins with %d elements, limits.table_elements allows %d; raise it, or build without such a table",
				i, t.Min, c.bounds.TableElements)
		}
	}
	if len(c.Tables) > maxTables {
		c.fault("has %d tables, at most %d are allowed; build without such tables", len(c.Tables), maxTables)
	}
	if len(c.Funcs) > maxFuncs {
		c.fault("has %d functions, at most %d are allowed; strip what is not used", len(c.Funcs), maxFuncs)
	}
	if len(c.Exports) > maxExports {
		c.fault("has %d exports, at most %d are allowed; export only what the ABI asks for", len(c.Exports), maxExports)
	}
	c.bodies()
}

func (c *checker) bodies() {
	var size, locals uint64
	for i, b := range c.Bodies {
		size += b.Size
		locals += b.Locals
		index := c.ImportedFuncs() + i
		switch {
		case b.Size > maxBody:
			c.fault("function %d has %d bytes of code, at most %d are allowed; split it", index, b.Size, maxBody)
		case b.Locals > maxLocals:
			c.fault("function %d has %d locals, at most %d are allowed; split it", index, b.Locals, maxLocals)
		default:
			continue
		}
		return // one will do
	}
	switch {
	case size > maxCode:
		c.fault("has %d bytes of code, at most %d are allowed; strip what is not used", size, maxCode)
	case locals > maxAllLocals:
		c.fault("has %d locals in all functions, at most %d are allowed; split the module", locals, maxAllLocals)
	}
}

func (c *checker) importedOnes() {
	for _, im := range c.Imports {
		if im.Kind != section.FuncKind {
			c.fault("imports the %s %q of module %q; only functions can be imported (a memory of its own: do not link with "+
				"--import-memory)", im.Kind, im.Name, im.Module)
			continue
		}
		funcs, ok := hostModules[im.Module]
		if !ok {
			c.fault("imports %s.%s; the only modules to import from are %s, %s and %s (abort)%s",
				im.Module, im.Name, abi.Module, abi.WASI, moduleEnv, foreignModule(im.Module))
			continue
		}
		want, ok := funcs[im.Name]
		if !ok {
			c.fault("imports the unknown function %s.%s%s; module %s has %s",
				im.Module, im.Name, nearImport(im.Module, im.Name), im.Module, strings.Join(importNames(im.Module), ", "))
			continue
		}
		if got, ok := c.TypeAt(im.Type); !ok {
			c.fault("damaged: import %s.%s has type %d, which the module does not have; build the module again", im.Module, im.Name, im.Type)
		} else if !got.Equal(want.FuncType) {
			c.fault("imports %s.%s with type %s; it is %s", im.Module, im.Name, got, want)
		}
	}
}

// foreignModule says where modules that cannot run here come from.
func foreignModule(module string) string {
	switch {
	case module == "wasi_unstable":
		return "; build with a toolchain for WASI preview 1"
	case strings.HasPrefix(module, "wasi:"):
		return "; build for WASI preview 1 (wasm32-wasip1), not for components"
	case module == "gojs" || module == "go":
		return "; build with GOOS=wasip1, not GOOS=js"
	case module == "wbg" || strings.HasPrefix(module, "__wbindgen"):
		return "; build without wasm-bindgen"
	}
	return ""
}

func nearImport(module, name string) string {
	for _, other := range importNames(module) {
		if similar(name, other) {
			return fmt.Sprintf(" (did you mean %q?)", other)
		}
	}
	return ""
}

// similar tells whether b looks like a slip for a: letter case and separators
// aside they are equal, or a third of the letters differ at most.
func similar(a, b string) bool {
	fold := strings.NewReplacer("_", "", "-", "", ".", "")
	a, b = fold.Replace(strings.ToLower(a)), fold.Replace(strings.ToLower(b))
	return distance(a, b) <= max(len(a), len(b))/3
}

// distance is the number of bytes to insert, delete or replace between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
