package wasm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/abi"
)

const (
	pageSize = 64 << 10
	// maxTable bounds what a table claims, when a module is instantiated and as
	// the table grows: 8 bytes an element.
	maxTable  = 1 << 20
	maxTables = 8
	// maxFuncs bounds the work of compiling.
	maxFuncs = 200_000
)

// exportSignatures are the functions of the ABI that a module exports.
var exportSignatures = map[string]struct {
	signature
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
	*outline
	exports    map[string]exported
	limitPages uint32
	faults     []string
}

// check holds a module's outward shape against the ABI. The error is a
// *ModuleError.
func check(module []byte, limitPages uint32) (*outline, error) {
	o, err := readOutline(module)
	if err != nil {
		return nil, err
	}
	c := &checker{outline: o, exports: make(map[string]exported), limitPages: limitPages}
	for _, e := range o.exports {
		c.exports[e.name] = e
	}
	c.start()
	c.version()
	c.functions()
	c.memory()
	c.sizes()
	c.importedOnes()
	if len(c.faults) != 0 {
		return nil, &ModuleError{Faults: c.faults}
	}
	return o, nil
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
		if e.kind != api.ExternTypeFunc {
			c.fault("exports %s as a %s; it must be a function of type %s", name, api.ExternTypeName(e.kind), want)
			continue
		}
		if got, ok := c.signature(e.index); !ok {
			c.fault("damaged: export %s is function %d, which the module does not have; build the module again", name, e.index)
		} else if !got.equal(want.signature) {
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
	case !ok && len(c.memories) == 0:
		c.fault("has no memory of its own; declare one and export it as %q", abi.ExportMemory)
	case !ok:
		c.fault("does not export its memory; export it as %q", abi.ExportMemory)
	case e.kind != api.ExternTypeMemory:
		c.fault("exports %q as a %s; it must be the memory", abi.ExportMemory, api.ExternTypeName(e.kind))
	}
	for _, m := range c.memories {
		switch {
		case m.flags > 3:
			c.fault("has a 64-bit memory; build for wasm32")
		case m.flags > 1:
			c.fault("has a shared memory; build without threads and atomics")
		case m.min > c.limitPages:
			c.fault("needs %d pages of memory (%d KiB) to begin with, the limit is %d pages (%d KiB); give the linker a smaller "+
				"stack or less static data", m.min, m.min*64, c.limitPages, c.limitPages*64)
		}
	}
}

func (c *checker) sizes() {
	for i, t := range c.tables {
		switch {
		case t.flags > 1:
			c.fault("table %d is shared or has 64-bit indexes; build for wasm32", i)
		case t.min > maxTable:
			c.fault("table %d begins with %d elements, at most %d are allowed; build without such a table", i, t.min, maxTable)
		}
	}
	if len(c.tables) > maxTables {
		c.fault("has %d tables, at most %d are allowed; build without such tables", len(c.tables), maxTables)
	}
	if len(c.funcs) > maxFuncs {
		c.fault("has %d functions, at most %d are allowed; strip what is not used", len(c.funcs), maxFuncs)
	}
}

func (c *checker) importedOnes() {
	for _, im := range c.imports {
		if im.kind != api.ExternTypeFunc {
			c.fault("imports the %s %q of module %q; only functions can be imported (a memory of its own: do not link with "+
				"--import-memory)", api.ExternTypeName(im.kind), im.name, im.module)
			continue
		}
		funcs, ok := hostModules[im.module]
		if !ok {
			c.fault("imports %s.%s; the only modules to import from are %s, %s and %s (abort)%s",
				im.module, im.name, abi.Module, abi.WASI, moduleEnv, foreignModule(im.module))
			continue
		}
		want, ok := funcs[im.name]
		if !ok {
			c.fault("imports the unknown function %s.%s%s; module %s has %s",
				im.module, im.name, nearImport(im.module, im.name), im.module, strings.Join(importNames(im.module), ", "))
			continue
		}
		if int(im.typ) >= len(c.types) {
			c.fault("damaged: import %s.%s has type %d, which the module does not have; build the module again", im.module, im.name, im.typ)
		} else if got := c.types[im.typ]; !got.equal(want.signature) {
			c.fault("imports %s.%s with type %s; it is %s", im.module, im.name, got, want)
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
