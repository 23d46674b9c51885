package wasm_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

// runaways are guests that do not end by themselves, or not within a life.
func runaways() map[string]*wasmtest.Module {
	endless := func(code ...[]byte) *wasmtest.Module {
		return wasmtest.Guest(func(wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.Forever(code...), wasmtest.I64(0))
		})
	}
	// The function after the imports and the ABI's three.
	const other = 8
	calling := func(add func(*wasmtest.Module)) *wasmtest.Module {
		return wasmtest.Guest(func(wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.I32(60), wasmtest.Call(other), wasmtest.I64(0))
		}, func(m *wasmtest.Module, _ wasmtest.Imports) { add(m) })
	}
	less := wasmtest.Code(wasmtest.Get(0), wasmtest.I32(1), wasmtest.Sub)
	fill := wasmtest.Code(wasmtest.I32(0), wasmtest.I32(0), wasmtest.MemorySize, wasmtest.I32(65536), wasmtest.Mul, wasmtest.MemoryFill)
	return map[string]*wasmtest.Module{
		"loop":      endless(),
		"loop that": endless(wasmtest.Get(wasmtest.I), wasmtest.I32(1), wasmtest.Add, wasmtest.Set(wasmtest.I)),
		"call tree": calling(func(m *wasmtest.Module) {
			m.Func("i", "", wasmtest.Get(0), wasmtest.If(less, wasmtest.Call(other), less, wasmtest.Call(other)))
		}),
		"mutual call tree": calling(func(m *wasmtest.Module) {
			m.Func("i", "", wasmtest.Get(0), wasmtest.If(less, wasmtest.Call(other+1), less, wasmtest.Call(other+1)))
			m.Func("i", "", wasmtest.Get(0), wasmtest.If(less, wasmtest.Call(other), less, wasmtest.Call(other)))
		}),
		"memory.fill": wasmtest.Guest(func(wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.I32(1000), wasmtest.MemoryGrow, wasmtest.Drop, wasmtest.Forever(fill), wasmtest.I64(0))
		}),
		"memory.copy": wasmtest.Guest(func(wasmtest.Imports) []byte {
			most := wasmtest.Code(wasmtest.MemorySize, wasmtest.I32(65536), wasmtest.Mul, wasmtest.I32(1), wasmtest.Sub)
			return wasmtest.Code(wasmtest.I32(1000), wasmtest.MemoryGrow, wasmtest.Drop,
				wasmtest.Forever(wasmtest.I32(1), wasmtest.I32(0), most, wasmtest.MemoryCopy), wasmtest.I64(0))
		}),
		"random numbers": ofWASI("random_get", "ii:i", wasmtest.I32(0), wasmtest.I32(1<<26)),
		"printing":       ofWASI("fd_write", "iiii:i", wasmtest.I32(1), wasmtest.I32(0), wasmtest.I32(1000), wasmtest.I32(0)),
		"waiting":        ofWASI("poll_oneoff", "iiii:i", wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(1<<20), wasmtest.I32(0)),
		"memory.grow":    endless(wasmtest.I32(0), wasmtest.MemoryGrow, wasmtest.Drop),
		"table.grow": wasmtest.Guest(func(wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.Forever(wasmtest.NullFunc, wasmtest.I32(100), wasmtest.TableGrow, wasmtest.Drop), wasmtest.I64(0))
		}, func(m *wasmtest.Module, _ wasmtest.Imports) { m.Table(1) }),
		"host calls": wasmtest.Guest(func(f wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.Forever(wasmtest.Call(f.Now), wasmtest.Drop), wasmtest.I64(0))
		}),
		"costly host calls": wasmtest.Guest(func(f wasmtest.Imports) []byte {
			return wasmtest.Code(wasmtest.Forever(wasmtest.I32(0), wasmtest.I32(65536), wasmtest.Call(f.Error)), wasmtest.I64(0))
		}),
	}
}

// ofWASI calls a function of WASI again and again, with all the memory there is.
func ofWASI(name, typ string, args ...[]byte) *wasmtest.Module {
	m := new(wasmtest.Module)
	f := m.Import("wasi_snapshot_preview1", name, typ)
	m.Memory(1024).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(8)))
	call := wasmtest.Code(wasmtest.Code(args...), wasmtest.Call(f), wasmtest.Drop)
	return m.Export("weir_process", m.Func("ii:I", "", wasmtest.Forever(call), wasmtest.I64(0)))
}

func limited(t testing.TB, m *wasmtest.Module, limits wasm.Limits) *wasm.Instance {
	t.Helper()
	in, err := compile(t, m).Instantiate(t.Context(), new(host), limits)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// generous bounds what takes milliseconds on a machine that is busy otherwise.
const generous = 10 * time.Second

func TestRunawaysRunOutOfFuel(t *testing.T) {
	for name, guest := range runaways() {
		t.Run(name, func(t *testing.T) {
			in := limited(t, guest, wasm.Limits{FuelPerEvent: 30_000_000, Timeout: time.Hour})
			in.TakeFuel()
			_, _, err := in.Process(t.Context(), wasm.Batch{}, 0, 1)
			var exhausted *wasm.Exhausted
			if !errors.As(err, &exhausted) || exhausted.Limit != wasm.FuelPerEvent {
				t.Fatalf("ends with %v", err)
			}
			const want = "uses more fuel than limits.fuel_per_event allows, which is 30000000; the module loops, or needs a higher fuel_per_event"
			if !strings.Contains(err.Error(), want) {
				t.Errorf("says\n%v\nwant\n%s", err, want)
			}
			if got := in.TakeFuel(); got != 30_000_000 {
				t.Errorf("%d fuel was used", got)
			}
		})
	}
}

// A garbage collection waits for every goroutine to come to a place where it can
// be stopped: without such places it, and all else, would wait for the guest.
func TestRunawaysRunOutOfTime(t *testing.T) {
	for name, guest := range runaways() {
		t.Run(name, func(t *testing.T) {
			in := limited(t, guest, wasm.Limits{FuelPerEvent: math.MaxInt64, FuelPerBatch: math.MaxInt64, Timeout: 50 * time.Millisecond})
			collected := make(chan time.Duration)
			go func() {
				began := time.Now()
				runtime.GC()
				collected <- time.Since(began)
			}()
			began := time.Now()
			_, _, err := process(t, in, wasm.Batch{})
			took := time.Since(began)
			var exhausted *wasm.Exhausted
			if !errors.As(err, &exhausted) || exhausted.Limit != wasm.Timeout {
				t.Fatalf("ends with %v", err)
			}
			if gc := <-collected; took > generous || gc > generous {
				t.Errorf("ended after %v, a garbage collection took %v", took, gc)
			}
		})
	}
}

func TestRunawayEndsWithContext(t *testing.T) {
	in := limited(t, runaways()["loop"], wasm.Limits{FuelPerEvent: math.MaxInt64, FuelPerBatch: math.MaxInt64, Timeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, _, err := in.Process(ctx, wasm.Batch{}, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ends with %v", err)
	}
}

func TestRunawayStart(t *testing.T) {
	guest := wasmtest.Passthrough()
	loop := guest.Func("", "", wasmtest.Forever())
	for name, guest := range map[string]*wasmtest.Module{
		"start":       wasmtest.Passthrough().Start(loop),
		"_initialize": wasmtest.Passthrough().Export("_initialize", loop),
	} {
		guest.Func("", "", wasmtest.Forever())
		_, err := compile(t, guest).Instantiate(t.Context(), new(host), wasm.Limits{FuelPerBatch: 5_000_000})
		var exhausted *wasm.Exhausted
		if !errors.As(err, &exhausted) || exhausted.Limit != wasm.FuelPerBatch {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFuelIsDeterministic: what a batch costs depends on nothing but the module
// and the batch.
func TestFuelIsDeterministic(t *testing.T) {
	module := compile(t, wasmtest.Upper(1000))
	events := []event.Event{{Value: []byte("Aa Zz 09 and so on")}, {Value: []byte("x")}}
	layout := abi.Measure(events)
	var first uint64
	for i := range 3 {
		in, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for range i { // also after other batches
			if _, _, err := process(t, in, wasm.Batch{Offset: 1}); err != nil {
				t.Fatal(err)
			}
		}
		table, err := in.Buffer(t.Context(), layout.Size())
		if err != nil {
			t.Fatal(err)
		}
		layout.Encode(in.Memory()[table:], table, events)
		in.TakeFuel()
		if _, _, err := in.Process(t.Context(), wasm.Batch{}, table, 2); err != nil {
			t.Fatal(err)
		}
		switch used := in.TakeFuel(); {
		case used < 100:
			t.Errorf("a batch of 19 letters used %d fuel", used)
		case i == 0:
			first = used
		case used != first:
			t.Errorf("the batch used %d fuel, %d before", used, first)
		}
	}
}
