package meter_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/meter"
)

// TestNestingIsGivenBack: whichever way a function is left, calls may nest as
// deep after it as before.
func TestNestingIsGivenBack(t *testing.T) {
	self := wasmtest.Code(wasmtest.Get(0), wasmtest.I32(1), wasmtest.Sub, wasmtest.Call(0))
	deeper := wasmtest.Code(wasmtest.Get(0), wasmtest.If(self, []byte{0x1a}))
	for name, leave := range map[string][]byte{
		"the end":      wasmtest.I32(1),
		"return":       wasmtest.Code(wasmtest.I32(1), wasmtest.Return),
		"br":           wasmtest.Code(wasmtest.I32(1), []byte{0x0c, 0}),
		"br_if":        wasmtest.Code(wasmtest.I32(1), wasmtest.I32(1), []byte{0x0d, 0}),
		"br_table":     wasmtest.Code(wasmtest.I32(1), wasmtest.I32(0), []byte{0x0e, 1, 0, 0}),
		"from a block": wasmtest.Code([]byte{0x02, 0x40}, wasmtest.I32(1), []byte{0x0c, 1, 0x0b}, wasmtest.I32(2)),
		"from a loop":  wasmtest.Code([]byte{0x03, 0x40}, wasmtest.I32(1), wasmtest.Return, []byte{0x0b}, wasmtest.I32(2)),
	} {
		t.Run(name, func(t *testing.T) {
			m := new(wasmtest.Module)
			m.Export("run", m.Func("i:i", "", deeper, leave))
			limits := widest
			limits.Calls = 11
			module, err := rewrite(m.Bytes(), limits)
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			r := wazero.NewRuntime(ctx)
			defer r.Close(ctx)
			tooDeep := 0
			offerRefill(t, r, func(left int64) int64 {
				if left == meter.TooDeep {
					tooDeep++
				}
				return 1000
			})
			mod, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig())
			if err != nil {
				t.Fatal(err)
			}
			for calls, want := range map[uint64]int{10: 0, 11: 1} {
				tooDeep = 0
				for range 3 {
					if got, err := mod.ExportedFunction("run").Call(ctx, calls); err != nil || fmt.Sprint(got) != "[1]" {
						t.Fatalf("answers %v, %v", got, err)
					}
				}
				if tooDeep != 3*want {
					t.Errorf("with %d calls within one, three calls nested too deep %d times, want %d", calls, tooDeep, 3*want)
				}
			}
		})
	}
}
