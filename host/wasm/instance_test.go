package wasm_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

func TestBuffer(t *testing.T) {
	// A guest that answers weir_buffer with a number of its own.
	answering := func(ptr int32) *wasmtest.Module {
		m := new(wasmtest.Module).Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
		m.Export("weir_abi_1", m.Func("", ""))
		m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(ptr)))
		return m.Export("weir_process", m.Func("ii:I", "", wasmtest.I64(0)))
	}
	for name, test := range map[string]struct {
		guest *wasmtest.Module
		size  uint64
		want  string // of the error; empty: a buffer
	}{
		"small":        {wasmtest.Passthrough(), 1, ""},
		"grows":        {wasmtest.Passthrough(), 10 << 20, ""},
		"nearly all":   {wasmtest.Passthrough(), 64<<20 - wasmtest.Base, ""},
		"over memory":  {wasmtest.Passthrough(), 64 << 20, "the module has no memory for it"},
		"over 32 bits": {wasmtest.Passthrough(), 1 << 32, "the module has no memory for it"},
		"none":         {answering(0), 1, "the module has no memory for it"},
		"unaligned":    {answering(1001), 1, "abi: weir_buffer: pointer 1001 is not a multiple of 8"},
		"outside":      {answering(65528), 9, "abi: weir_buffer: pointer 65528 with size 16384 ends beyond the memory of 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, test.guest, new(host))
			ptr, err := in.Buffer(t.Context(), test.size)
			switch {
			case test.want != "":
				if err == nil || err.Error() != test.want {
					t.Errorf("error is %v, want %s", err, test.want)
				}
			case err != nil:
				t.Error(err)
			case uint64(len(in.Memory())) < uint64(ptr)+test.size:
				t.Errorf("buffer at %d does not lie in a memory of %d bytes", ptr, len(in.Memory()))
			}
		})
	}
}

func TestOpen(t *testing.T) {
	in := instantiate(t, wasmtest.Refuse("field is missing"), new(host))
	err := in.Open(t.Context(), []byte("{}"))
	var refusal *wasm.Refusal
	if !errors.As(err, &refusal) || err.Error() != "the module refuses its config: field is missing" {
		t.Errorf("error is %v", err)
	}

	silent := wasmtest.Passthrough()
	silent.Export("weir_open", silent.Func("ii:i", "", wasmtest.I32(-7)))
	err = instantiate(t, silent, new(host)).Open(t.Context(), []byte("{}"))
	if !errors.As(err, &refusal) || refusal.Code != -7 || !strings.Contains(err.Error(), "code -7 and gives no reason") {
		t.Errorf("error is %v", err)
	}

	if err := instantiate(t, wasmtest.Passthrough(), new(host)).Open(t.Context(), []byte("{}")); err != nil {
		t.Errorf("a module without weir_open: %v", err)
	}
}

func TestStartTraps(t *testing.T) {
	start := wasmtest.Passthrough()
	start.Start(start.Func("", "", wasmtest.Unreachable))
	initialize := wasmtest.Passthrough()
	initialize.Export("_initialize", initialize.Func("", "", wasmtest.Unreachable))
	for call, guest := range map[string]*wasmtest.Module{"start": start, "_initialize": initialize} {
		_, err := compile(t, guest).Instantiate(t.Context(), new(host), wasm.Limits{})
		var trap *wasm.Trap
		if !errors.As(err, &trap) || trap.Call != call || !strings.Contains(err.Error(), "unreachable") {
			t.Errorf("%s: error is %v", call, err)
		}
	}
}

// The start function of a module, which AssemblyScript makes, may already call
// the host.
func TestStartLogs(t *testing.T) {
	m := wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.I64(0) }, func(m *wasmtest.Module, f wasmtest.Imports) {
		m.Data(64, "hello")
		m.Start(m.Func("", "", wasmtest.I32(1), wasmtest.I32(64), wasmtest.I32(5), wasmtest.Call(f.Log)))
	})
	h := new(host)
	instantiate(t, m, h)
	if diff := cmp.Diff([]string{"1 hello"}, h.lines); diff != "" {
		t.Error(diff)
	}
}

// calling makes a guest that calls host functions in its process function.
func calling(code func(wasmtest.Imports) []byte) *wasmtest.Module {
	return wasmtest.Guest(func(f wasmtest.Imports) []byte { return wasmtest.Code(code(f), wasmtest.I64(0)) },
		func(m *wasmtest.Module, _ wasmtest.Imports) { m.Data(64, "text\xff") })
}

func i32s(numbers ...int32) []byte {
	var code []byte
	for _, n := range numbers {
		code = append(code, wasmtest.I32(n)...)
	}
	return code
}

func TestHostFunctions(t *testing.T) {
	f64 := append([]byte{0x44}, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f) // 1.5
	for name, test := range map[string]struct {
		code func(wasmtest.Imports) []byte
		want string // of the error
	}{
		"log": {func(f wasmtest.Imports) []byte { return append(i32s(3, 64, 4), wasmtest.Call(f.Log)...) }, ""},
		"log level": {func(f wasmtest.Imports) []byte { return append(i32s(4, 64, 4), wasmtest.Call(f.Log)...) },
			"abi: log level: 4, the highest is 3"},
		"log outside": {func(f wasmtest.Imports) []byte { return append(i32s(3, -1, 4), wasmtest.Call(f.Log)...) },
			"abi: log text: pointer 4294967295 with length 4 ends beyond the memory of 65536 bytes"},
		"reject": {func(f wasmtest.Imports) []byte {
			return append(append(i32s(0, 64, 4), wasmtest.Call(f.Reject)...), append(i32s(0, 64, 1), wasmtest.Call(f.Reject)...)...)
		}, ""},
		"reject nobody": {func(f wasmtest.Imports) []byte { return append(i32s(1, 64, 4), wasmtest.Call(f.Reject)...) },
			"abi: reject index: 1, but the batch has 1 events"},
		"metric": {func(f wasmtest.Imports) []byte {
			return append(append(i32s(2, 64, 4), f64...), wasmtest.Call(f.Metric)...)
		}, ""},
		"metric kind": {func(f wasmtest.Imports) []byte {
			return append(append(i32s(3, 64, 4), f64...), wasmtest.Call(f.Metric)...)
		}, "abi: metric kind: 3 is unknown"},
		"metric name": {func(f wasmtest.Imports) []byte {
			return append(append(i32s(0, 64, 5), f64...), wasmtest.Call(f.Metric)...)
		}, `abi: metric name: "text\xff" is not 1 to 128 bytes of UTF-8`},
	} {
		t.Run(name, func(t *testing.T) {
			h := new(host)
			in := instantiate(t, calling(test.code), h)
			_, _, err := process(t, in, wasm.Batch{})
			if test.want != "" {
				var violation *abi.Error
				if !errors.As(err, &violation) || violation.Error() != test.want {
					t.Fatalf("error is %v, want %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := append(h.lines, h.metrics...)
			for _, r := range in.Rejects() {
				got = append(got, r.Message)
			}
			want := map[string]string{"log": "3 text", "reject": "text", "metric": "2 text 1.5"}[name]
			if diff := cmp.Diff([]string{want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRejectOutsideOfABatch(t *testing.T) {
	m := wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.I64(0) }, func(m *wasmtest.Module, f wasmtest.Imports) {
		m.Export("weir_open", m.Func("ii:i", "", i32s(0, 64, 1), wasmtest.Call(f.Reject), wasmtest.I32(0)))
	})
	err := instantiate(t, m, new(host)).Open(t.Context(), nil)
	var violation *abi.Error
	if !errors.As(err, &violation) || violation.Error() != "abi: reject index: 0, but the batch has 0 events" {
		t.Errorf("error is %v", err)
	}
}

// A guest that calls itself without end is stopped before its stack has taken
// much memory.
func TestDeepRecursion(t *testing.T) {
	m := wasmtest.Passthrough()
	m.Export("weir_open", m.Func("ii:i", "", wasmtest.Get(0), wasmtest.Get(1), wasmtest.Call(8)))
	in := instantiate(t, m, new(host))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := in.Open(t.Context(), nil)
	runtime.ReadMemStats(&after)
	var exhausted *wasm.Exhausted
	if !errors.As(err, &exhausted) || exhausted.Limit != wasm.CallDepth {
		t.Errorf("error is %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("%d KiB were allocated", used>>10)
	}
}

// Calls nest as deep as the limit says and no deeper, time and again, whichever
// way functions are left.
func TestCallDepth(t *testing.T) {
	nest := wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.Code(wasmtest.Get(wasmtest.Count), wasmtest.Call(8), wasmtest.Extend)
	}, func(m *wasmtest.Module, _ wasmtest.Imports) {
		deeper := wasmtest.Code(wasmtest.Get(0), wasmtest.I32(1), wasmtest.Sub, wasmtest.Call(8))
		m.Func("i:i", "", wasmtest.Get(0), wasmtest.If(deeper, wasmtest.Return), wasmtest.I32(7))
	})
	module, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), nest.Bytes(), wasm.Bounds{CallDepth: 1000})
	if err != nil {
		t.Fatal(err)
	}
	in, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, n, err := in.Process(t.Context(), wasm.Batch{}, 0, 999); err != nil || n != 7 {
			t.Fatalf("999 calls: %d, %v", n, err)
		}
	}
	_, _, err = in.Process(t.Context(), wasm.Batch{}, 0, 1000)
	const want = "nests more calls than limits.call_depth allows, which is 1000; the module calls itself without end, or needs a higher call_depth"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	guest := wasmtest.Passthrough().Bytes()
	compile := func() {
		t.Helper()
		if _, err := newRuntime(t, wasm.Config{CacheDir: dir}).Compile(t.Context(), guest, wasm.Bounds{}); err != nil {
			t.Fatal(err)
		}
	}
	compile()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the cache has mode %v, error %v", info.Mode(), err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the cache has the files %v, error %v", files, err)
	}
	compile()

	sound, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{{}, sound[:10], sound[:len(sound)/2], append([]byte("DAMAGE"), sound[6:]...)} {
		if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		compile()
	}

	if err := os.Chmod(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	_, err = wasm.NewRuntime(t.Context(), wasm.Config{CacheDir: dir})
	if err == nil || !strings.Contains(err.Error(), "chmod 700 it") {
		t.Errorf("a cache that others can write to: error is %v", err)
	}
}

// TestCacheCannotBeWritten takes the folder of the cache away, as a full disk takes
// the room: modules are compiled all the same.
func TestCacheCannotBeWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	r := newRuntime(t, wasm.Config{CacheDir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, guest := range []*wasmtest.Module{wasmtest.Passthrough(), wasmtest.DropAll()} {
		if _, err := r.Compile(t.Context(), guest.Bytes(), wasm.Bounds{}); err != nil {
			t.Error(err)
		}
	}
}

func TestCompileStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := newRuntime(t, wasm.Config{})
	cancel()
	_, err := r.Compile(ctx, wasmtest.Passthrough().Bytes(), wasm.Bounds{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// Instances that are closed leave nothing behind.
func TestInstancesDoNotLeak(t *testing.T) {
	guest := wasmtest.TrapOn('x')
	module := compile(t, guest)
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	const instances, each = 200, 1 << 20
	for range instances {
		in, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Buffer(t.Context(), each); err != nil {
			t.Fatal(err)
		}
		if err := in.Close(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	if after := live(); after > before+instances*each/4 {
		t.Errorf("%d instances left %d bytes behind", instances, after-before)
	}
}

func TestProcessResult(t *testing.T) {
	in := instantiate(t, wasmtest.Answer(math.MaxUint32, 7), new(host))
	at, n, err := process(t, in, wasm.Batch{})
	if err != nil || at != math.MaxUint32 || n != 7 {
		t.Errorf("got %d, %d, %v", at, n, err)
	}
}
