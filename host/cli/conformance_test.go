package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
	"github.com/weirhq/weir/sdk/conformance/conformancetest"
)

func writeModule(t *testing.T, m *wasmtest.Module) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(file, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestConformanceOfAnyModule shows that the cases for any module ask nothing of one but that
// it keeps to the ABI.
func TestConformanceOfAnyModule(t *testing.T) {
	for name, m := range map[string]*wasmtest.Module{
		"pass": wasmtest.Passthrough(), "drop": wasmtest.DropAll(), "route": wasmtest.Route("heavy"), "fan out": wasmtest.FanOut(),
	} {
		t.Run(name, func(t *testing.T) {
			conformancetest.Sets(t, writeModule(t, m), plugin.Options{}, conformance.AnyModule)
		})
	}
}

// TestConformanceBites shows which case finds a module that does not.
func TestConformanceBites(t *testing.T) {
	everyEvent := func(code ...[]byte) *wasmtest.Module {
		return wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.PerEvent(code...) })
	}
	// A counter in the guest's memory gets into the values.
	counter := wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.Code(
			wasmtest.I32(64), wasmtest.I32(64), wasmtest.Load(0), wasmtest.I32(1), wasmtest.Add, wasmtest.Store(0),
			wasmtest.PerEvent(wasmtest.Get(wasmtest.At), wasmtest.I32(64), wasmtest.Store(wasmtest.ValuePtr),
				wasmtest.Get(wasmtest.At), wasmtest.I32(4), wasmtest.Store(wasmtest.ValueLen)),
		)
	})
	for _, tt := range []struct {
		name   string
		module *wasmtest.Module
		in     string // the case that finds it
		want   string
	}{
		{"traps on a byte", wasmtest.TrapOn('['), "shapes", "trap: "},
		{"traps on many bytes", wasmtest.TrapOn('x'), "memory", "trap: "},
		{"unknown flags", everyEvent(wasmtest.Get(wasmtest.At), wasmtest.I32(64), wasmtest.Store(wasmtest.Flags)), "shapes", "abi: output 0: flags"},
		{"a value beyond the memory", everyEvent(wasmtest.Get(wasmtest.At), wasmtest.I32(1<<30), wasmtest.Store(wasmtest.ValueLen)), "large", "value: pointer"},
		{"counts batches", counter, "batches", "note: what becomes of an event depends on the batch"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := findings(t, writeModule(t, tt.module), tt.in); !strings.Contains(got, tt.want) {
				t.Errorf("case %s found %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// findings runs one case for any module and returns what it found.
func findings(t *testing.T, wasm, name string) string {
	t.Helper()
	module, err := conformance.Load(t.Context(), wasm, plugin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer module.Close(t.Context())
	if guest, err := module.IsGuest(t.Context()); guest || err != nil {
		t.Errorf("taken for a conformance guest: %t, error %v", guest, err)
	}
	cases, err := conformance.Cases(conformance.AnyModule)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range cases {
		if c.Name != name {
			continue
		}
		r, err := module.Run(t.Context(), c, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range r.Faults {
			b.WriteString(strings.Join(fault.Lines(), "\n") + "\n")
		}
		for _, note := range r.Notes {
			b.WriteString("note: " + note + "\n")
		}
	}
	return b.String()
}
