package wasm_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

// exporting makes a passthrough guest with more exports.
func exporting(name, typ string) *wasmtest.Module {
	m := wasmtest.Passthrough()
	var code []byte
	if strings.HasSuffix(typ, ":i") {
		code = wasmtest.I32(0)
	}
	return m.Export(name, m.Func(typ, "", code))
}

// importing makes a passthrough guest with one more import.
func importing(module, name, typ string) *wasmtest.Module {
	m := new(wasmtest.Module)
	m.Import(module, name, typ)
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(8)))
	m.Export("weir_process", m.Func("ii:I", "", wasmtest.I64(0)))
	return m
}

func TestUnusableModules(t *testing.T) {
	empty := func() *wasmtest.Module { return new(wasmtest.Module) }
	for name, test := range map[string]struct {
		module []byte
		want   string // every line is part of the error
	}{
		"empty":      {nil, "the file is empty"},
		"text":       {[]byte("package main\n\nfunc main() {}"), `a text file, not WebAssembly: it begins "package main`},
		"wat":        {[]byte("\n(module\n  (func))"), "WebAssembly text, not a binary; translate it with wat2wasm"},
		"lfs":        {[]byte("version https://git-lfs.github.com/spec/v1\n"), "a Git LFS pointer, not the module; run git lfs pull"},
		"ELF":        {[]byte("\x7fELF\x02\x01\x01"), "a native executable or library, not WebAssembly; build a core WebAssembly module"},
		"gzip":       {[]byte("\x1f\x8b\x08\x00"), "a compressed file, not WebAssembly; unpack it"},
		"component":  {[]byte("\x00asm\x0d\x00\x01\x00\x00"), "a WebAssembly component, not a core module"},
		"version 2":  {[]byte("\x00asm\x02\x00\x00\x00"), "WebAssembly binary version 2, only version 1 can be run"},
		"bytes":      {[]byte{0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, 0}, "not WebAssembly: it begins deadbeef"},
		"no section": {empty().Bytes(), "is not a weir processor: it exports none of weir_abi_1, weir_process; build it with an SDK\nhas no memory of its own"},
		"section 13": {append(empty().Bytes(), 13, 0), "damaged: unknown section 13 at byte 8"},
		"truncated":  {append(empty().Bytes(), 10, 100, 1, 2), "truncated: the code section at byte 8 needs 100 bytes, 2 are there; copy or build the module again"},
		"twice":      {append(empty().Memory(1).Bytes(), 5, 1, 0), "damaged: a second memory section at byte 13"},
		"left over":  {append(empty().Bytes(), 5, 4, 1, 0, 1, 9), "damaged: memory section at byte 8: byte 13: 1 bytes are left over"},
		"huge count": {append(empty().Bytes(), 7, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), "damaged: export section at byte 8"},
		"many segments": {append(wasmtest.Passthrough().Bytes(), 11, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0),
			"damaged: data section at byte 267: byte 274: 4294967295 elements are cut off; copy or build the module again"},
		"many bodies": {append(empty().Bytes(), 10, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), "damaged: code section at byte 8: byte 16: cut off"},
		"huge segment": {append(wasmtest.Passthrough().Bytes(), 11, 7, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f),
			"data section: byte 7: 4294967295 bytes are cut off"},
		"command": {exporting("_start", "").Bytes(), "exports _start: it is a command, which runs once and ends; build a reactor"},
		"other ABI": {empty().Memory(1).ExportKind("memory", wasmtest.KindMemory, 0).ExportKind("weir_abi_2", wasmtest.KindMemory, 0).Bytes(),
			"is built for version 2 of the ABI (export weir_abi_2), this host speaks version 1"},
		"no mark": {func() []byte {
			m := empty().Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
			return m.Export("weir_process", m.Func("ii:I", "", wasmtest.I64(0))).Bytes()
		}(), "does not export the mark weir_abi_1, so its ABI version is unknown; export a function of that name and of type () -> ()"},
		"misspelt": {func() []byte {
			m := empty().Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
			m.Export("weir_abi_1", m.Func("", ""))
			return m.Export("weirProcess", m.Func("ii:I", "", wasmtest.I64(0))).Bytes()
		}(), `does not export the function weir_buffer of type (i32) -> (i32)
does not export the function weir_process of type (i32, i32) -> (i64) (is "weirProcess" meant to be it?)`},
		"wrong type":           {exporting("weir_open", "i:i").Bytes(), "exports weir_open with type (i32) -> (i32); it must be (i32, i32) -> (i32)"},
		"wrong kind":           {wasmtest.Passthrough().ExportKind("weir_close", wasmtest.KindMemory, 0).Bytes(), "exports weir_close as a memory; it must be a function of type () -> ()"},
		"missing function":     {wasmtest.Passthrough().Export("weir_close", 99).Bytes(), "damaged: export weir_close is function 99, which the module does not have"},
		"memory not exported":  {empty().Memory(1).Bytes(), `does not export its memory; export it as "memory"`},
		"memory is a function": {func() []byte { m := empty().Memory(1); return m.Export("memory", m.Func("", "")).Bytes() }(), `exports "memory" as a func; it must be the memory`},
		"memory imported": {func() []byte { m := empty(); m.ImportMemory("env", "memory", 1); return m.Bytes() }(),
			`imports the memory "memory" of module "env"; only functions can be imported (a memory of its own: do not link with --import-memory)`},
		"big memory":    {empty().Memory(2000).Bytes(), "needs 128000 KiB of memory to begin with, limits.memory allows 65536 KiB; raise it, or give the linker a smaller stack"},
		"shared memory": {empty().MemoryFlags(3, 1, 2).Bytes(), "has a shared memory; build without threads and atomics"},
		"64-bit memory": {empty().MemoryFlags(4, 1<<40).Bytes(), "has a 64-bit memory; build for wasm32"},
		"huge table":    {wasmtest.Passthrough().Table(1<<27, 1<<27).Bytes(), "table 0 begins with 134217728 elements, limits.table_elements allows 1048576; raise it, or build without such a table"},
		"many tables": {func() []byte {
			m := wasmtest.Passthrough()
			for range 9 {
				m.Table(1)
			}
			return m.Bytes()
		}(), "has 9 tables, at most 8 are allowed"},
		"foreign module": {importing("wasi:io/streams", "write", "i").Bytes(), "imports wasi:io/streams.write; the only modules to import from are weir, wasi_snapshot_preview1 and env (abort); build for WASI preview 1"},
		"unknown import": {importing("weir", "logg", "iii").Bytes(), `imports the unknown function weir.logg (did you mean "log"?); module weir has error, log, metric, now, reject`},
		"import's type":  {importing("weir", "log", "ii").Bytes(), "imports weir.log with type (i32, i32) -> (); it is (i32, i32, i32) -> ()"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), test.module, wasm.Bounds{})
			var fault *wasm.ModuleError
			if !errors.As(err, &fault) {
				t.Fatalf("error is %v, want a *wasm.ModuleError", err)
			}
			for want := range strings.SplitSeq(test.want, "\n") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error is\n\t%v\nwithout\n\t%s", err, want)
				}
			}
		})
	}
}

// A module that was cut off anywhere is refused, and it is the cut that is
// named wherever it is within a section.
func TestTruncatedAnywhere(t *testing.T) {
	r := newRuntime(t, wasm.Config{})
	module := wasmtest.FanOut().Bytes() // without data, which a module can do without
	if _, err := r.Compile(t.Context(), module, wasm.Bounds{}); err != nil {
		t.Fatal(err)
	}
	var cuts int
	for n := range len(module) {
		_, err := r.Compile(t.Context(), module[:n], wasm.Bounds{})
		var fault *wasm.ModuleError
		if !errors.As(err, &fault) {
			t.Fatalf("cut after %d of %d bytes: error is %v", n, len(module), err)
		}
		if strings.HasPrefix(err.Error(), "truncated: ") {
			cuts++
		}
	}
	if sections := 6; cuts < len(module)-1-sections {
		t.Errorf("only %d of %d cuts are named as such", cuts, len(module))
	}
}

// No single wrong byte of a module makes the host panic.
func TestDamagedAnywhere(t *testing.T) {
	r := newRuntime(t, wasm.Config{})
	module := wasmtest.RejectOn('x', "reason").Bytes()
	for i := range module {
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff, module[i] + 1} {
			damaged := append([]byte(nil), module...)
			damaged[i] = b
			m, err := r.Compile(t.Context(), damaged, wasm.Bounds{})
			if err == nil {
				if err := m.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
				continue
			}
			var fault *wasm.ModuleError
			if !errors.As(err, &fault) {
				t.Fatalf("byte %d = %#x: error is %v", i, b, err)
			}
		}
	}
}

func TestKnownImports(t *testing.T) {
	for _, im := range [][3]string{
		{"env", "abort", "iiii"}, {"wasi_snapshot_preview1", "path_open", "iiiiiIIii:i"}, {"wasi_snapshot_preview1", "proc_exit", "i"},
	} {
		if _, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), importing(im[0], im[1], im[2]).Bytes(), wasm.Bounds{}); err != nil {
			t.Errorf("%s.%s: %v", im[0], im[1], err)
		}
	}
}

// A declared maximum of the memory beyond the limit does no harm: the limit
// holds.
func TestMemoryMaximumIsCapped(t *testing.T) {
	m := new(wasmtest.Module).MemoryFlags(1, 1, 65536).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "i", wasmtest.Buffer(0, 1)))
	m.Export("weir_process", m.Func("ii:I", "", wasmtest.I32(1023), wasmtest.MemoryGrow, wasmtest.Extend))
	in := instantiate(t, m, new(host))
	for _, want := range []uint32{1, math.MaxUint32} {
		if _, n, err := in.Process(t.Context(), wasm.Batch{}, 0, 1); err != nil || n != want {
			t.Errorf("memory.grow answers %d, error %v, want %d", n, err, want)
		}
	}
}

// So it is with tables, which the runtime does not bound.
func TestTableMaximumIsCapped(t *testing.T) {
	const most = 1 << 20
	for name, test := range map[string]struct {
		limits []uint64
		grow   int32
		want   uint32
	}{
		"endless":         {[]uint64{5}, most - 5, 5},
		"endless, over":   {[]uint64{5}, most - 4, math.MaxUint32},
		"too high":        {[]uint64{5, 1 << 27}, most - 5, 5},
		"too high, over":  {[]uint64{5, 1 << 27}, most - 4, math.MaxUint32},
		"bounded":         {[]uint64{5, 7}, 2, 5},
		"bounded, over":   {[]uint64{5, 7}, 3, math.MaxUint32},
		"begins at most":  {[]uint64{most}, 0, most},
		"begins, and one": {[]uint64{most}, 1, math.MaxUint32},
	} {
		t.Run(name, func(t *testing.T) {
			m := wasmtest.Guest(func(wasmtest.Imports) []byte {
				null, grow := []byte{0xd0, 0x70}, []byte{0xfc, 0x0f, 0} // ref.null func, table.grow 0
				return wasmtest.Code(null, wasmtest.I32(test.grow), grow, wasmtest.Extend)
			}).Table(test.limits...)
			if _, n, err := process(t, instantiate(t, m, new(host)), wasm.Batch{}); err != nil || n != test.want {
				t.Errorf("table.grow answers %d, error %v, want %d", n, err, test.want)
			}
		})
	}
}

// FuzzOutline lets anything be a module's file.
func FuzzOutline(f *testing.F) {
	f.Add(wasmtest.Passthrough().Bytes())
	f.Add(wasmtest.Passthrough().Table(3, 4).Custom("name", "x").Bytes())
	f.Add([]byte("(module)"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0d\x00"))
	r := newRuntime(f, wasm.Config{})
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := r.Compile(t.Context(), file, wasm.Bounds{})
		var fault *wasm.ModuleError
		switch {
		case err == nil:
			if err := m.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		case !errors.As(err, &fault):
			t.Fatalf("error is %v, want a *wasm.ModuleError", err)
		}
	})
}
