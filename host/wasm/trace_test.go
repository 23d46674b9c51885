package wasm

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/wasm/section"
)

func TestReport(t *testing.T) {
	for _, tc := range []struct {
		name, module, err, want string
	}{
		{"no stack", "", "abi: log level: 9, the highest is 3 (recovered by wazero)", "abi: log level: 9, the highest is 3"},
		{"no names", "", "wasm error: unreachable\nwasm stack trace:\n\t.$12()\n\t.$3(i32,i32) i64",
			"wasm error: unreachable\n    at function 12\n    at function 3"},
		{"names", "m.wasm", "wasm error: unreachable\nwasm stack trace:\n\tm.wasm.main.check(i32)\n\tm.wasm.weir_process(i32,i32) (i64,i32)",
			"wasm error: unreachable\n    at main.check\n    at weir_process"},
		{"Rust, with lines", "c.wasm", "wasm error: unreachable\nwasm stack trace:\n\tc.wasm._RNvCsfLfy6EI15iL_7___rustc12___rust_abort()\n" +
			"\t\t0x35ec9: /rustc/59807616e1/library/std/src/process.rs:2533:5 (inlined)\n\t\t         /rustc/59807616e1/library/std/src/rt.rs:33:5\n" +
			"\tc.wasm._ZN11conformance5Guest4obey17hc52f62dddcd81853E(i32,i32)\n\t\t0xe02f: /src/text.rs:5:1 (inlined)\n\t\t        /src/lib.rs:110:23\n" +
			"\tc.wasm._ZN4core6result19Result$LT$T$C$E$GT$8and_then17h3d6fe29c94253f67E(i32)\n\t\t0x9d15: /rustc/59807616e1/library/core/src/result.rs:1493:22\n" +
			"\tc.wasm.weir_process(i32,i32) i64",
			"wasm error: unreachable\n    at conformance::Guest::obey (/src/text.rs:5:1, in /src/lib.rs:110:23)\n" +
				"    at core::result::Result<T,E>::and_then (library/core/src/result.rs:1493:22)\n    at weir_process"},
		{"Go", "", "ended (recovered by wazero)\nwasm stack trace:\n\t.wasi_snapshot_preview1.proc_exit(i32)\n\t.runtime.exit(i32) i32\n\t.os.Exit(i32) i32\n" +
			"\t.github.com_weirhq_weir_sdk_go_weir.report(i32) i32\n\t.runtime.gopanic(i32) i32\n\t.main.check(i32) i32\n\t.runtime.call()",
			"ended\n    at main.check\n    at runtime.call"},
		{"nothing but the runtime", "", "wasm error: unreachable\nwasm stack trace:\n\t.runtime.fatal()\n\t.runtime.throw(i32)",
			"wasm error: unreachable\n    at runtime.fatal\n    at runtime.throw"},
		{"a fault of the host", "", "index out of range (recovered by wazero)\nwasm stack trace:\n\t.f()\n\nGo runtime stack trace:\ngoroutine 1",
			"index out of range\n    at f"},
		{"deep", "", "wasm error: stack overflow\nwasm stack trace:\n\t" + strings.Repeat(".f()\n\t", 20) + "... maybe followed by omitted frames",
			"wasm error: stack overflow" + strings.Repeat("\n    at f", 16) + "\n    and 4 more"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, report(errors.New(tc.err), tc.module)); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzReport reads stacks of hostile names.
func FuzzReport(f *testing.F) {
	f.Add("m", "cause", ".f(i32)\n\t\t0x1: a.rs:1:1\n\t._RNvC1a1b()")
	f.Fuzz(func(t *testing.T, module, cause, trace string) {
		if got := report(fmt.Errorf("%s%s%s", cause, traceBegins, trace), module); len(got) > 10*(len(cause)+len(trace))+maxFrames*5<<10 {
			t.Errorf("%d bytes of a trace became %d", len(trace), len(got))
		}
	})
}

// TestDebugSize counts debug information and nothing else.
func TestDebugSize(t *testing.T) {
	m := new(section.Module)
	m.SetCustom("name", make([]byte, 1000))
	m.SetCustom(".debug_info", make([]byte, 20))
	m.SetCustom(".debug_line", make([]byte, 3))
	if got := debugSize(m); got != 23 {
		t.Errorf("%d bytes of debug information, want 23", got)
	}
}
