package wasm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/section"
)

const (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
	f64 = api.ValueTypeF64
)

// hostFunc is a function that modules may import. Its parameters and results
// are on the stack, as wazero encodes them. A violation of the ABI is a panic
// with an *abi.Error, which traps the guest.
type hostFunc struct {
	section.FuncType
	call func(in *Instance, stack []uint64)
}

// sig reads a signature written as one letter a value: i for i32, I for i64,
// F for f64; results follow a colon.
func sig(text string) section.FuncType {
	types := func(letters string) []api.ValueType {
		var list []api.ValueType
		for _, l := range letters {
			list = append(list, map[rune]api.ValueType{'i': i32, 'I': i64, 'F': f64}[l])
		}
		return list
	}
	params, results, _ := strings.Cut(text, ":")
	return section.FuncType{Params: types(params), Results: types(results)}
}

// moduleEnv is where AssemblyScript's own abort comes from.
const moduleEnv = "env"

// hostModules is all that modules may import.
var hostModules = map[string]map[string]hostFunc{
	abi.Module: {
		abi.ImportLog:    {sig("iii"), (*Instance).hostLog},
		abi.ImportError:  {sig("ii"), (*Instance).hostError},
		abi.ImportReject: {sig("iii"), (*Instance).hostReject},
		abi.ImportMetric: {sig("iiiF"), (*Instance).hostMetric},
		abi.ImportNow:    {sig(":I"), (*Instance).hostNow},
	},
	abi.WASI:  wasiFuncs(),
	moduleEnv: {"abort": {sig("iiii"), (*Instance).hostAbort}},
}

// instantiateHostModules gives a runtime the modules that guests import from.
func instantiateHostModules(ctx context.Context, r wazero.Runtime) error {
	for module, funcs := range hostModules {
		b := r.NewHostModuleBuilder(module)
		for name, f := range funcs {
			call := f.call
			b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(
				func(ctx context.Context, mod api.Module, stack []uint64) {
					in := instanceOf(ctx)
					in.mem = mod.Memory() // also while the module's start function runs, before there is an instance
					in.fuel.attach(mod)
					call(in, stack)
				},
			), f.Params, f.Results).Export(name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("instantiate the host functions of module %s: %w", module, err)
		}
	}
	return nil
}

func importNames(module string) []string {
	return slices.Sorted(maps.Keys(hostModules[module]))
}
