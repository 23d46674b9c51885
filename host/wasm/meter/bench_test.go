package meter_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/meter"
	"github.com/weirhq/weir/plugins"
)

// BenchmarkGuest runs processors on a batch of 64 events of 200 bytes, and
// small loops and call trees, in three ways: as they are, metered, and with the
// runtime's own switch, which looks at a context's end.
func BenchmarkGuest(b *testing.B) {
	selector, _ := plugins.Lookup("topic-selector")
	fields, _ := plugins.Lookup("json-fields")
	for _, bench := range []struct {
		name   string
		module []byte
		config string
	}{
		{"topic-selector", selector, `{}`},
		{"json-fields-drop", fields, `{"drop": ["note"]}`},
		{"json-fields-set", fields, `{"set": {"region": "eu"}}`},
		{"pass-through", wasmtest.Passthrough().Bytes(), ""},
		{"route", wasmtest.Route("heavy").Bytes(), ""},
		{"upper", wasmtest.Upper(200).Bytes(), ""},
		{"empty-loop", loops(1_000_000), ""},
		{"call-tree", tree(17), ""},
	} {
		b.Run(bench.name, func(b *testing.B) { runGuest(b, bench.module, bench.config) })
	}
}

// loops counts to n.
func loops(n int32) []byte {
	return wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.Code(wasmtest.I32(n), wasmtest.Set(wasmtest.End), wasmtest.Each(wasmtest.I, wasmtest.End),
			wasmtest.Result(wasmtest.Table, wasmtest.Count))
	}).Bytes()
}

// tree makes 2<<depth calls.
func tree(depth int32) []byte {
	var self uint32
	return wasmtest.Guest(func(wasmtest.Imports) []byte {
		const next = 8 // five imports and three functions of the ABI come before
		self = next
		return wasmtest.Code(wasmtest.I32(depth), wasmtest.Call(self), wasmtest.Result(wasmtest.Table, wasmtest.Count))
	}, func(m *wasmtest.Module, _ wasmtest.Imports) {
		branch := wasmtest.Code(wasmtest.Get(0), wasmtest.I32(1), wasmtest.Sub, wasmtest.Call(self))
		if got := m.Func("i", "", wasmtest.Get(0), wasmtest.If(branch, branch)); got != self {
			panic(fmt.Sprintf("the tree is function %d, not %d", got, self))
		}
	}).Bytes()
}

// ways are how a guest is run.
var ways = [...]string{"plain", "metered", "on-done"}

func runGuest(b *testing.B, module []byte, config string) {
	var guests [len(ways)]func()
	var times [len(ways)][]float64
	for i, way := range ways {
		guests[i] = newGuest(b, module, config, way)
	}
	const burst = 16
	for b.Loop() {
		for i, run := range guests { // in turn, so that a busy moment meets all of them
			run()
			for range burst {
				begin := time.Now()
				run()
				times[i] = append(times[i], float64(time.Since(begin)))
			}
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	quick := func(i int) float64 { return times[i][len(times[i])/4] }
	b.ReportMetric(quick(0), "plain-ns")
	for i, way := range ways[1:] {
		b.ReportMetric(quick(i+1)/quick(0), way+"/plain")
	}
}

// newGuest returns a function that hands a guest one batch.
func newGuest(b *testing.B, module []byte, config, way string) func() {
	ctx, cancel := context.WithCancel(context.Background())
	rc := wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(way == "on-done")
	r := wazero.NewRuntimeWithConfig(ctx, rc)
	b.Cleanup(func() {
		cancel()
		if err := r.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	offerRefill(b, r, func(int64) int64 { return 1_000_000 })
	if way == "metered" {
		var err error
		if module, err = rewrite(module, meter.Limits{Pages: 1024, Elements: 1 << 20, Calls: 10_000}); err != nil {
			b.Fatal(err)
		}
	}
	compiled, err := r.CompileModule(ctx, module)
	if err != nil {
		b.Fatal(err)
	}
	offerImports(b, r, compiled)
	mod, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		b.Fatal(err)
	}
	call := func(name string, args ...uint64) uint64 {
		results, err := mod.ExportedFunction(name).Call(ctx, args...)
		if err != nil {
			b.Fatal(err)
		}
		return results[0]
	}
	events := orders(64, 200)
	layout := abi.Measure(events)
	table := uint32(call(abi.ExportBuffer, layout.Size()))
	if config != "" {
		opening := `{"pipeline": "p", "processor": "s", "config": ` + config + `}`
		mod.Memory().WriteString(table, opening)
		if code := call(abi.ExportOpen, uint64(table), uint64(len(opening))); code != 0 {
			b.Fatalf("the config is refused with code %d", code)
		}
	}
	batch := make([]byte, layout.Size())
	layout.Encode(batch, table, events)
	process := mod.ExportedFunction(abi.ExportProcess)
	var stack [2]uint64
	return func() {
		mod.Memory().Write(table, batch)
		stack = [2]uint64{uint64(table), uint64(len(events))}
		if err := process.CallWithStack(ctx, stack[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// offerImports gives a module functions that do nothing for what it imports.
func offerImports(b *testing.B, r wazero.Runtime, compiled wazero.CompiledModule) {
	hosts := map[string]wazero.HostModuleBuilder{}
	for _, f := range compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		if module == meter.Module {
			continue
		}
		if hosts[module] == nil {
			hosts[module] = r.NewHostModuleBuilder(module)
		}
		hosts[module].NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}),
			f.ParamTypes(), f.ResultTypes()).Export(name)
	}
	for _, h := range hosts {
		if _, err := h.Instantiate(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func orders(n, size int) []event.Event {
	from := &event.Partition{Topic: "orders"}
	events := make([]event.Event, n)
	for i := range events {
		head := fmt.Sprintf(`{"id":%d,"name":"order","weight":%d,"note":"`, i, i%20)
		value := slices.Concat([]byte(head), bytes.Repeat([]byte{'.'}, size-len(head)-2), []byte(`"}`))
		events[i] = event.Event{Value: value, Key: fmt.Appendf(nil, "key-%d", i), From: from, Partition: event.AnyPartition}
	}
	return events
}
