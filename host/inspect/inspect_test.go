package inspect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/inspect"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm"
)

const about = `{"name":"a","version":"1.0.0","description":"d"}`

func module(t *testing.T, file []byte) *inspect.Report {
	t.Helper()
	r, err := inspect.Module(t.Context(), file, wasm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReport(t *testing.T) {
	m := new(wasmtest.Module)
	m.Import("weir", "log", "iii")
	m.Import("wasi_snapshot_preview1", "fd_write", "iiii:i")
	m.Import("wasi_snapshot_preview1", "fd_close", "i:i")
	m.MemoryFlags(1, 2, 16).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Table(3)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(8)))
	m.Export("weir_process", m.Func("ii:I", "", wasmtest.I64(0)))
	m.Export("helper", m.Func("", ""))
	m.Custom(manifest.Section, about).Custom(manifest.TestsSection, "cases: []").Custom("name", "\x01\x04\x01\x00\x01f").
		Custom("producers", "\x01\x08language\x01\x04Rust\x00")
	got := module(t, m.Bytes())
	if got.Manifest == nil || got.Manifest.Name != "a" {
		t.Errorf("manifest is %+v", got.Manifest)
	}
	last := got.Sections[len(got.Sections)-1]
	if end := last.Offset + last.Size; end != got.Size || last.Name != "producers" || !last.Custom {
		t.Errorf("the last section is %+v, of %d bytes", last, got.Size)
	}
	got.Manifest, got.Sections, got.Digest = nil, nil, ""
	want := &inspect.Report{
		Size: got.Size, Usable: true, ABI: 1, Tests: 9, Functions: 4, Tables: 1,
		Memory: &inspect.Memory{Start: 128 << 10, Max: 1 << 20, Limit: 64 << 20},
		Asks: []inspect.Capability{
			{Name: "log", Meaning: "write lines to the log", Functions: []string{"weir.log", "wasi_snapshot_preview1.fd_write"}},
		},
		Imports: []inspect.Import{
			{Module: "weir", Name: "log", Kind: "func", Type: "(i32, i32, i32) -> ()"},
			{Module: "wasi_snapshot_preview1", Name: "fd_write", Kind: "func", Type: "(i32, i32, i32, i32) -> (i32)", WASI: true},
			{Module: "wasi_snapshot_preview1", Name: "fd_close", Kind: "func", Type: "(i32) -> (i32)", WASI: true, Refused: true},
		},
		Exports: []inspect.Export{
			{Name: "memory", Kind: "memory", ABI: true},
			{Name: "weir_abi_1", Kind: "func", Type: "() -> ()", ABI: true},
			{Name: "weir_buffer", Kind: "func", Type: "(i32) -> (i32)", ABI: true},
			{Name: "weir_process", Kind: "func", Type: "(i32, i32) -> (i64)", ABI: true},
			{Name: "helper", Kind: "func", Type: "() -> ()"},
		},
		Producers: []inspect.Producer{{Field: "language", Name: "Rust"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestWarnings(t *testing.T) {
	const names = "\x01\x04\x01\x00\x01f"
	withSchema := strings.Replace(about, "}", `,"config":{"type":"object"}}`, 1)
	heavy := wasmtest.Passthrough().Custom(manifest.Section, about).Custom("name", names)
	for name, test := range map[string]struct {
		module *wasmtest.Module
		want   []string
	}{
		"none":       {heavy, nil},
		"bare":       {wasmtest.Passthrough(), []string{"carries no manifest", "carries no names of functions"}},
		"debug":      {wasmtest.Passthrough().Custom(manifest.Section, about).Custom("name", names).Custom(".debug_line", "0123"), []string{"carries 18 bytes of debug information"}},
		"takes none": {wasmtest.Passthrough().Custom(manifest.Section, withSchema).Custom("name", names), []string{"takes none; export weir_open, or say config: false"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := module(t, test.module.Bytes())
			matches := func(warning, want string) bool { return strings.Contains(warning, want) }
			if !got.Usable || !slices.EqualFunc(got.Warnings, test.want, matches) {
				t.Errorf("usable %v, warnings %q, want %q", got.Usable, got.Warnings, test.want)
			}
		})
	}
}

// What is refused is described as far as it goes, with every reason.
func TestRefused(t *testing.T) {
	m := wasmtest.Passthrough()
	m.Export("_start", m.Func("", ""))
	m.Custom(manifest.Section, "{}")
	got := module(t, m.Bytes())
	if got.Usable || !got.Command || len(got.Exports) == 0 || len(got.Warnings) > 0 ||
		!strings.Contains(strings.Join(got.Faults, "\n"), "exports _start: it is a command") ||
		!strings.Contains(strings.Join(got.Faults, "\n"), "section weir.plugin: name: is missing") {
		t.Errorf("report is %+v", got)
	}
	text := module(t, []byte("package main"))
	if text.Usable || len(text.Faults) != 1 || text.Size != 12 || text.Sections == nil {
		t.Errorf("report on a text file is %+v", text)
	}
}
