package wasm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
)

// A module is refused what it asks for and is not granted, all at once, and
// nothing else.
func TestCapabilities(t *testing.T) {
	const (
		clock  = "asks for the capability clock, to know the time of the batch, by importing weir.now; add clock to grant, which is [%], or build without it"
		log    = "asks for the capability log, to write lines to the log, by importing weir.log, wasi_snapshot_preview1.fd_write; add log to grant, which is [%], or build without it"
		random = "asks for the capability random, to have random numbers, which the batch determines, by importing wasi_snapshot_preview1.random_get; add random to grant, which is [%], or build without it"
	)
	m := new(wasmtest.Module)
	m.Import("weir", "now", ":I")
	m.Import("weir", "log", "iii")
	m.Import("weir", "reject", "iii")
	m.Import("wasi_snapshot_preview1", "fd_write", "iiii:i")
	m.Import("wasi_snapshot_preview1", "random_get", "ii:i")
	m.Import("wasi_snapshot_preview1", "path_open", "iiiiiIIii:i")
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(8)))
	m.Export("weir_process", m.Func("ii:I", "", wasmtest.I64(0)))
	for granted, want := range map[string][]string{
		"clock log random":         nil,
		"clock log metrics random": nil,
		"log random":               {clock},
		"metrics":                  {clock, log, random},
		"":                         {clock, log, random},
	} {
		t.Run(granted, func(t *testing.T) {
			bounds := wasm.Bounds{Withheld: wasm.AllBut(strings.Fields(granted))}
			_, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), m.Bytes(), bounds)
			var got []string
			var fault *wasm.ModuleError
			if errors.As(err, &fault) {
				got = fault.Faults
			}
			for i := range want {
				want[i] = strings.Replace(want[i], "%", strings.Join(strings.Fields(granted), ", "), 1)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// Every function that a capability stands for is one that can be imported.
func TestCapabilitiesAreOfTheHost(t *testing.T) {
	for _, c := range wasm.Capabilities {
		for _, f := range c.Functions {
			module, name, _ := strings.Cut(f, ".")
			fault := compileImport(t, module, name)
			if strings.Contains(fault, "unknown") || strings.Contains(fault, "only modules") {
				t.Errorf("capability %s: %s", c.Name, fault)
			}
			if asked := wasm.Asks([]section.Imported{{Module: module, Name: name}}); len(asked) != 1 || asked[0].Name != c.Name {
				t.Errorf("%s asks for %v", f, asked)
			}
		}
	}
}

// compileImport returns what is said to a module that imports a function, with
// whatever type.
func compileImport(t *testing.T, module, name string) string {
	_, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), importing(module, name, "").Bytes(), wasm.Bounds{})
	if err == nil {
		return ""
	}
	return err.Error()
}
