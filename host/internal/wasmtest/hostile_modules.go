package wasmtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// magic is how modules begin.
const magic = "\x00asm\x01\x00\x00\x00"

// hostile makes the modules of the corpus by name.
var hostile = map[string]func() []byte{
	// Files that are no modules.
	"truncated":          func() []byte { return Passthrough().Bytes()[:150] },
	"truncated-head":     func() []byte { return []byte(magic + "\x01\x85") },
	"random":             func() []byte { return noise("") },
	"random-after-magic": func() []byte { return noise(magic + "\x01\x04") },
	"elf":                func() []byte { return noise("\x7fELF\x02\x01\x01") },
	"gzip":               func() []byte { return noise("\x1f\x8b\x08\x00") },

	// Modules that are no processors.
	"other-abi":        func() []byte { return processor("weir_abi_2", "weir_process").Bytes() },
	"no-mark":          func() []byte { return processor("hello", "weir_process").Bytes() },
	"missing-export":   func() []byte { return processor("weir_abi_1", "weirProcess").Bytes() },
	"wrong-signature":  exporting("weir_open", "i:i", I32(0)),
	"unknown-function": importing("weir", "logg", "iii"),
	"unknown-module":   importing("wasi_http", "get", "ii"),
	"imported-memory":  func() []byte { m := new(Module); m.ImportMemory("env", "memory", 1); return m.Bytes() },

	// Modules that take too much.
	"memory-4GiB":    func() []byte { return processor("weir_abi_1", "weir_process").Memory(1 << 16).Bytes() },
	"table-huge":     func() []byte { return Passthrough().Table(1<<27, 1<<27).Bytes() },
	"tables-many":    func() []byte { return many(20, func(m *Module, _ int) { m.Table(1) }) },
	"functions-many": func() []byte { return many(200_000, func(m *Module, _ int) { m.Func("", "") }) },
	"function-huge":  func() []byte { return many(1, func(m *Module, _ int) { m.Func("", "", make([]byte, 1<<20)) }) },
	"locals-many":    func() []byte { return many(1, func(m *Module, _ int) { m.Func("", strings.Repeat("i", 50_001)) }) },
	"loops-many": func() []byte {
		return many(1, func(m *Module, _ int) { m.Func("", "", bytes.Repeat(Forever(Unreachable), 10_000)) })
	},
	"blocks-deep":   func() []byte { return many(1, func(m *Module, _ int) { m.Func("", "", nested(100_000)) }) },
	"branches-many": func() []byte { return many(1, func(m *Module, _ int) { m.Func("", "", branches(500_000)) }) },
	"work-in-all":   func() []byte { return many(200, func(m *Module, _ int) { m.Func("", "", nested(5_000)) }) },
	"exports-many":  func() []byte { return many(10_000, func(m *Module, i int) { m.Export(fmt.Sprint(i), 0) }) },
	"file-huge":     func() []byte { return Passthrough().Custom("name", strings.Repeat("x", 32<<20)).Bytes() },

	// Modules that do not start.
	"start-loops":      func() []byte { m := Passthrough(); return m.Start(m.Func("", "", Forever())).Bytes() },
	"start-recurses":   func() []byte { m := Passthrough(); return m.Start(m.Func("", "", Call(firstFree))).Bytes() },
	"initialize-loops": exporting("_initialize", "", Forever()),
	"initialize-traps": exporting("_initialize", "", Unreachable),
	"open-loops":       exporting("weir_open", "ii:i", Forever(), I32(0)),
	"open-refuses":     func() []byte { return Refuse("not with me").Bytes() },

	// Modules that run on.
	"loop":             onX(Forever()),
	"recursion":        onXWith(func(m *Module, _ Imports) { m.Func("", "", Call(firstFree)) }, Call(firstFree)),
	"mutual-recursion": onXWith(pingPong, Call(firstFree)),
	"call-tree":        onXWith(callTree, I32(60), Call(firstFree)),
	"grow-memory":      onX(Forever(I32(1), MemoryGrow, I32(-1), Eq, If(Unreachable))),
	"grow-table":       onXWith(func(m *Module, _ Imports) { m.Table(1) }, Forever(NullFunc, I32(1), TableGrow, Drop)),
	"fill-memory":      onX(allMemory, Forever(I32(0), I32(1), memorySize, MemoryFill)),
	"copy-memory":      onX(allMemory, Forever(I32(1), I32(0), memorySize, I32(1), Sub, MemoryCopy)),
	"log-flood":        onXHost(func(f Imports) []byte { return Forever(I32(3), I32(0), I32(100), Call(f.Log)) }),
	"metric-flood":     onXHost(metricFlood),

	// Modules that lie.
	"log-outside":      onXHost(func(f Imports) []byte { return Code(I32(1), I32(-1), I32(9), Call(f.Log)) }),
	"reject-outside":   onXHost(func(f Imports) []byte { return Code(I32(1000), I32(0), I32(0), Call(f.Reject)) }),
	"value-outside":    func() []byte { return LieOn('x', ValuePtr, -1).Bytes() },
	"value-endless":    func() []byte { return LieOn('x', ValueLen, -1).Bytes() },
	"source-forged":    func() []byte { return LieOn('x', Source, 1000).Bytes() },
	"partition-forged": func() []byte { return LieOn('x', TargetPartition, -7).Bytes() },
	"topic-not-text":   onX(Get(At), I32(64), Store(TopicPtr), Get(At), I32(1), Store(TopicLen), I32(64), I32(0xff), Store8(0), Get(At), I32(4), Store(Flags)),
	"table-outside":    onX(I64(-8<<32|1), Return),
	"outputs-endless":  onX(I64(0xFFFFFFFF), Return),
	"divides-by-zero":  onX(I32(1), I32(0), DivU, Drop),
	"damaged-debug":    func() []byte { return damagedDebug(TrapOn('x')).Bytes() },
}

// firstFree is the index of the first function that is added to a guest.
const firstFree = 8

var (
	memorySize = Code(MemorySize, I32(1<<16), Mul)
	// allMemory grows the memory as far as it goes.
	allMemory = Code(Forever(I32(16), MemoryGrow, I32(-1), Eq, BreakIf()))
)

// onX makes a guest that runs code at a value that begins with x.
func onX(code ...[]byte) func() []byte {
	return onXHost(func(Imports) []byte { return Code(code...) })
}

func onXHost(code func(Imports) []byte) func() []byte {
	return func() []byte { return Guest(func(f Imports) []byte { return PerEvent(On('x', code(f))) }).Bytes() }
}

func onXWith(add func(*Module, Imports), code ...[]byte) func() []byte {
	return func() []byte {
		return Guest(func(Imports) []byte { return PerEvent(On('x', code...)) }, add).Bytes()
	}
}

func exporting(name, typ string, code ...[]byte) func() []byte {
	return func() []byte { m := Passthrough(); return m.Export(name, m.Func(typ, "", code...)).Bytes() }
}

func importing(module, name, typ string) func() []byte {
	return func() []byte {
		m := new(Module)
		m.Import(module, name, typ)
		return fill(m, "weir_abi_1", "weir_process").Bytes()
	}
}

// processor makes a processor with a mark and a process function of names that
// may be wrong, and without a memory of its own.
func processor(mark, process string) *Module { return fill(new(Module), mark, process) }

func fill(m *Module, mark, process string) *Module {
	m.ExportKind("memory", KindMemory, 0)
	m.Export(mark, m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", I32(Base)))
	return m.Export(process, m.Func("ii:I", "", I64(0)))
}

// many adds to a pass-through n times.
func many(n int, add func(m *Module, i int)) []byte {
	m := Passthrough()
	for i := range n {
		add(m, i)
	}
	return m.Bytes()
}

// noise is random bytes, always the same, behind a head.
func noise(head string) []byte {
	b := make([]byte, 4096)
	rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return append([]byte(head), b...)
}

// pingPong adds two functions that call each other.
func pingPong(m *Module, _ Imports) {
	m.Func("", "", Call(firstFree+1))
	m.Func("", "", Call(firstFree))
}

// callTree adds a function that calls itself twice, as deep as it is told.
func callTree(m *Module, _ Imports) {
	branch := Code(Get(0), I32(1), Sub, Call(firstFree))
	m.Func("i", "", Get(0), If(branch, branch))
}

// metricFlood measures under as many names as it can make.
func metricFlood(f Imports) []byte {
	return Forever(
		I32(64), I32(64), Load(0), I32(1), Add, I32(0x7f7f7f7f), []byte{0x71}, Store(0),
		I32(0), I32(64), I32(4), []byte{0x44, 0, 0, 0, 0, 0, 0, 0, 0}, Call(f.Metric))
}

// nested is n blocks within each other, branches a jump table with n targets.
func nested(n int) []byte {
	return Code(bytes.Repeat([]byte{opBlock, opVoid}, n), bytes.Repeat([]byte{opEnd}, n))
}

func branches(n uint64) []byte {
	return Code(I32(0), []byte{0x0e}, uleb(n), make([]byte, n+1))
}

// damagedDebug adds debug information that nobody can read.
func damagedDebug(m *Module) *Module {
	for _, name := range []string{".debug_info", ".debug_abbrev", ".debug_line", ".debug_ranges", ".debug_str"} {
		m.Custom(name, strings.Repeat("\xff\x00\x7f\x80", 64))
	}
	return m
}
