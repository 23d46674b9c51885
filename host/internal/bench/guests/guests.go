package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
)

//go:embed rust/rust.wasm c/c.wasm zig/zig.wasm assemblyscript/assemblyscript.wasm
var committed embed.FS

// transform turns a batch into what comes of it, appended to out.
type transform func(in, out []event.Event) ([]event.Event, error)

// job is a transform of a contender.
type job struct {
	run  transform
	fuel func() uint64 // how much it has used so far; nil natively
}

// contender is a column of the table.
type contender struct {
	name string
	// job returns what does the work; it is empty if the contender has none for
	// it.
	job func(ctx context.Context, w work) (job, error)
}

// natives run in the host itself, without a sandbox.
var natives = []contender{
	native("Go, encoding/json", map[work]transform{pass: nativePass, upper: jsonUpper, pick: jsonPick}),
	native("Go, by hand", map[work]transform{pass: nativePass, upper: handUpper, pick: handPick}),
}

func native(name string, jobs map[work]transform) contender {
	return contender{name, func(_ context.Context, w work) (job, error) { return job{run: jobs[w]}, nil }}
}

// guests loads the guests: one without any code, those that are committed, and
// that of Go, which is too large to be and is built here.
func guests(ctx context.Context, loader *plugin.Loader, dir string) ([]contender, error) {
	bare := filepath.Join(dir, "bare.wasm")
	if err := os.WriteFile(bare, wasmtest.Passthrough().Bytes(), 0o600); err != nil {
		return nil, err
	}
	all := []contender{guest("bare module", loader, bare, pass)}
	for _, g := range []struct{ name, file string }{
		{"Rust", "rust/rust.wasm"}, {"C", "c/c.wasm"}, {"Zig", "zig/zig.wasm"},
		{"AssemblyScript", "assemblyscript/assemblyscript.wasm"},
	} {
		wasm, err := committed.ReadFile(g.file)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, filepath.Base(g.file))
		if err := os.WriteFile(file, wasm, 0o600); err != nil {
			return nil, err
		}
		all = append(all, guest(g.name, loader, file, pass, upper, pick))
	}
	file := filepath.Join(dir, "go.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", file,
		"github.com/weirhq/weir/host/internal/bench/guests/go")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", build, err, out)
	}
	return append(all, guest("Go", loader, file, pass, upper, pick)), nil
}

// guest is a module as a contender. The config tells it what to do.
func guest(name string, loader *plugin.Loader, file string, can ...work) contender {
	return contender{name, func(ctx context.Context, w work) (job, error) {
		for _, c := range can {
			if c == w {
				return open(ctx, loader, file, w)
			}
		}
		return job{}, nil
	}}
}

func open(ctx context.Context, loader *plugin.Loader, file string, w work) (job, error) {
	p, err := loader.Load(ctx, file)
	if err != nil {
		return job{}, err
	}
	counters := new(plugin.Counters)
	proc, err := p.Open(ctx, plugin.Config{
		Pipeline: "bench", Processor: "guest", Config: fmt.Appendf(nil, `{"do":%q}`, w), Counters: counters,
	})
	if err != nil {
		return job{}, err
	}
	var failed error
	fail := func(i int, f *event.Failure) { failed = fmt.Errorf("event %d: %s: %s", i, f.Class, f.Message) }
	run := func(in, out []event.Event) ([]event.Event, error) {
		out, err := proc.Process(ctx, in, out, fail)
		if err == nil {
			err = failed
		}
		return out, err
	}
	return job{run, counters.Fuel.Load}, nil
}
