package wasm_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

// wasiCall makes a guest that calls a function of WASI with params, has data
// at 64, and returns from weir_process the error number.
func wasiCall(name, typ string, data string, params ...[]byte) *wasmtest.Module {
	m := new(wasmtest.Module)
	f := m.Import("wasi_snapshot_preview1", name, typ)
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0).Data(64, data)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(wasmtest.Base)))
	return m.Export("weir_process", m.Func("ii:I", "", wasmtest.Code(params...), wasmtest.Call(f), wasmtest.Extend))
}

func words(numbers ...uint32) string {
	var b []byte
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return string(b)
}

const (
	success = 0
	badf    = 8
	fault   = 21
	inval   = 28
	nosys   = 52
	outside = -1 // as an address
)

func TestWASI(t *testing.T) {
	i32, i64 := wasmtest.I32, wasmtest.I64
	for name, test := range map[string]struct {
		guest *wasmtest.Module
		errno uint32
		at    uint32 // what the call wrote
		wrote string
	}{
		"args":             {wasiCall("args_sizes_get", "ii:i", "\xff\xff\xff\xff\xff", i32(64), i32(68)), success, 64, words(0, 0)},
		"args outside":     {wasiCall("args_sizes_get", "ii:i", "", i32(64), i32(outside)), fault, 0, ""},
		"environ":          {wasiCall("environ_get", "ii:i", "", i32(0), i32(0)), success, 0, ""},
		"time":             {wasiCall("clock_time_get", "iIi:i", "", i32(0), i64(0), i32(64)), success, 64, words(1000, 0)},
		"monotonic":        {wasiCall("clock_time_get", "iIi:i", "", i32(1), i64(0), i32(64)), success, 64, words(1000, 0)},
		"time outside":     {wasiCall("clock_time_get", "iIi:i", "", i32(0), i64(0), i32(65529)), fault, 0, ""},
		"unknown clock":    {wasiCall("clock_time_get", "iIi:i", "", i32(4), i64(0), i32(64)), inval, 0, ""},
		"clock step":       {wasiCall("clock_res_get", "ii:i", "", i32(1), i32(64)), success, 64, words(1, 0)},
		"preopens":         {wasiCall("fd_prestat_get", "ii:i", "", i32(3), i32(64)), badf, 0, ""},
		"files":            {wasiCall("path_open", "iiiiiIIii:i", "", i32(3), i32(0), i32(64), i32(1), i32(0), i64(0), i64(0), i32(0), i32(64)), nosys, 0, ""},
		"sockets":          {wasiCall("sock_send", "iiiii:i", "", i32(3), i32(0), i32(0), i32(0), i32(0)), nosys, 0, ""},
		"input":            {wasiCall("fd_read", "iiii:i", "", i32(0), i32(64), i32(1), i32(72)), nosys, 0, ""},
		"output's kind":    {wasiCall("fd_fdstat_get", "ii:i", "", i32(1), i32(64)), success, 64, "\x02" + strings.Repeat("\x00", 7) + words(64, 0, 0, 0)},
		"file's kind":      {wasiCall("fd_fdstat_get", "ii:i", "", i32(3), i32(64)), badf, 0, ""},
		"yield":            {wasiCall("sched_yield", ":i", ""), success, 0, ""},
		"random outside":   {wasiCall("random_get", "ii:i", "", i32(65530), i32(7)), fault, 0, ""},
		"write to a file":  {wasiCall("fd_write", "iiii:i", "", i32(3), i32(64), i32(0), i32(72)), badf, 0, ""},
		"vectors outside":  {wasiCall("fd_write", "iiii:i", "", i32(1), i32(65532), i32(1), i32(72)), fault, 0, ""},
		"text outside":     {wasiCall("fd_write", "iiii:i", words(65535, 2), i32(1), i32(64), i32(1), i32(72)), fault, 0, ""},
		"far vectors":      {wasiCall("fd_write", "iiii:i", "", i32(1), i32(-8), i32(-1), i32(72)), fault, 0, ""},
		"poll for nothing": {wasiCall("poll_oneoff", "iiii:i", "", i32(64), i32(128), i32(0), i32(160)), inval, 0, ""},
		"poll outside":     {wasiCall("poll_oneoff", "iiii:i", "", i32(65500), i32(128), i32(1), i32(160)), fault, 0, ""},
		"poll": {wasiCall("poll_oneoff", "iiii:i", "userdata", i32(64), i32(128), i32(1), i32(160)), success,
			128, "userdata" + strings.Repeat("\x00", 24) + words(1)},
	} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, test.guest, &host{now: 1000})
			_, errno, err := in.Process(t.Context(), wasm.Batch{}, wasmtest.Base, 1)
			if err != nil {
				t.Fatal(err)
			}
			if errno != test.errno {
				t.Errorf("errno is %d, want %d", errno, test.errno)
			}
			if diff := cmp.Diff(test.wrote, string(in.Memory()[test.at:][:len(test.wrote)])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a guest prints becomes log lines, however it is cut into writes.
func TestPrint(t *testing.T) {
	m := new(wasmtest.Module)
	f := m.Import("wasi_snapshot_preview1", "fd_write", "iiii:i")
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Data(64, words(128, 4, 132, 9)).Data(128, "one\ntwo and\n\nthree")
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(wasmtest.Base)))
	print := wasmtest.Code(i32s(1, 64, 2, 96), wasmtest.Call(f), wasmtest.Drop)
	m.Export("weir_process", m.Func("ii:I", "", print, print, i32s(2, 64, 1, 96), wasmtest.Call(f), wasmtest.Drop, wasmtest.I64(0)))

	h := new(host)
	in := instantiate(t, m, h)
	if _, _, err := in.Process(t.Context(), wasm.Batch{}, wasmtest.Base, 1); err != nil {
		t.Fatal(err)
	}
	want := []string{"1 one", "1 two and", "1 one", "1 two and", "2 one"}
	if diff := cmp.Diff(want, h.lines); diff != "" {
		t.Error(diff)
	}
	if written := binary.LittleEndian.Uint32(in.Memory()[96:]); written != 4 {
		t.Errorf("the last write tells %d bytes, want 4", written)
	}
}

// A write that repeats a large text without end writes a bounded part of it.
func TestPrintIsBounded(t *testing.T) {
	vecs := strings.Repeat(words(0, 60000), 300)
	in := instantiate(t, wasiCall("fd_write", "iiii:i", vecs, wasmtest.I32(1), wasmtest.I32(64), wasmtest.I32(300), wasmtest.I32(16)), new(host))
	if _, errno, err := in.Process(t.Context(), wasm.Batch{}, wasmtest.Base, 1); err != nil || errno != success {
		t.Fatal(errno, err)
	}
	if written := binary.LittleEndian.Uint32(in.Memory()[16:]); written != 64<<10 {
		t.Errorf("%d bytes written", written)
	}
}

// Random numbers are a function of the batch: its topic, partition and offset.
func TestRandomRepeats(t *testing.T) {
	module := compile(t, wasiCall("random_get", "ii:i", "", wasmtest.I32(64), wasmtest.I32(16)))
	draw := func(in *wasm.Instance, b wasm.Batch) string {
		if _, _, err := in.Process(t.Context(), b, wasmtest.Base, 1); err != nil {
			t.Fatal(err)
		}
		return string(in.Memory()[64:80])
	}
	seen := make(map[string]wasm.Batch)
	for _, b := range []wasm.Batch{
		{}, {Topic: "a"}, {Topic: "a", Partition: 1}, {Topic: "a", Offset: 1}, {Topic: "b", Partition: -1, Offset: math.MaxInt64},
	} {
		one, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		other, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		draw(other, wasm.Batch{Offset: 99}) // what went before does not matter
		bytes := draw(one, b)
		if again := draw(other, b); again != bytes {
			t.Errorf("%+v gives %x and %x", b, bytes, again)
		}
		if twin, ok := seen[bytes]; ok {
			t.Errorf("%+v and %+v give the same", b, twin)
		}
		seen[bytes] = b
	}
}

// A wait ends at once, with the clock moved on, so that loops around it end.
func TestWaitMovesTheClock(t *testing.T) {
	const second = 1_000_000_000
	subscription := make([]byte, 48)
	binary.LittleEndian.PutUint32(subscription[16:], 1)
	binary.LittleEndian.PutUint64(subscription[24:], 3*second)

	m := new(wasmtest.Module)
	poll := m.Import("wasi_snapshot_preview1", "poll_oneoff", "iiii:i")
	clock := m.Import("wasi_snapshot_preview1", "clock_time_get", "iIi:i")
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0).Data(64, string(subscription))
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", wasmtest.I32(wasmtest.Base)))
	m.Export("weir_process", m.Func("ii:I", "",
		i32s(64, 128, 1, 200), wasmtest.Call(poll), wasmtest.Drop,
		wasmtest.I32(1), wasmtest.I64(0), wasmtest.I32(208), wasmtest.Call(clock), wasmtest.Drop,
		wasmtest.I32(0), wasmtest.I64(0), wasmtest.I32(216), wasmtest.Call(clock), wasmtest.Drop, wasmtest.I64(0)))
	h := &host{now: 10 * second}
	in := instantiate(t, m, h)
	for i, want := range []struct{ monotonic, real uint64 }{{13 * second, 10 * second}, {16 * second, 11 * second}} {
		if _, _, err := in.Process(t.Context(), wasm.Batch{}, wasmtest.Base, 1); err != nil {
			t.Fatal(err)
		}
		monotonic, real := binary.LittleEndian.Uint64(in.Memory()[208:]), binary.LittleEndian.Uint64(in.Memory()[216:])
		if monotonic != want.monotonic || real != want.real {
			t.Errorf("batch %d: the clocks are at %d and %d, want %d and %d", i, monotonic, real, want.monotonic, want.real)
		}
		h.now += second
	}
}

func TestExitTraps(t *testing.T) {
	m := new(wasmtest.Module)
	exit := m.Import("wasi_snapshot_preview1", "proc_exit", "i")
	abort := m.Import("env", "abort", "iiii")
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Data(64, words(8)+"o\x00h\x00 \x00!\x01").Data(96, words(8)+"a\x00.\x00t\x00s\x00")
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "", i32s(68, 100, 7, 9), wasmtest.Call(abort), wasmtest.I32(0)))
	m.Export("weir_process", m.Func("ii:I", "", wasmtest.I32(0), wasmtest.Call(exit), wasmtest.I64(0)))
	module := compile(t, m)
	in, err := module.Instantiate(t.Context(), new(host), wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := in.Process(t.Context(), wasm.Batch{}, 0, 1); err == nil || !strings.Contains(err.Error(), "weir_process: the module ended itself with proc_exit(0)") {
		t.Errorf("proc_exit: error is %v", err)
	}
	if in, err = module.Instantiate(t.Context(), new(host), wasm.Limits{}); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Buffer(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "weir_buffer: abort: oh \u0121 (a.ts:7:9)") {
		t.Errorf("abort: error is %v", err)
	}
}
