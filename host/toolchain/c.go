package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// buildC compiles all C files of the folder and of src, but for tests, without
// a C library. Compiling and linking are commands of their own, and the linker
// strips nothing: told to optimize, clang would have wasm-opt go over the module
// where that is there, and not elsewhere, and both take the names of functions away.
func buildC(ctx context.Context, p *project) error {
	files := slices.Concat(sources(p.Dir, "*.c"), sources(p.Dir, "src/*.c"))
	files = slices.DeleteFunc(files, func(file string) bool { return !isC(file) })
	if len(files) == 0 {
		return fmt.Errorf("%w: there are no C files but tests", ErrBuild)
	}
	cc, linker, err := p.compiler()
	if err != nil {
		return err
	}
	compile := append(slices.Clone(cc), "-c", "-std=c11", "-O2", "-Wall", "-Wextra", "-ffreestanding", "-mbulk-memory", "-fvisibility=hidden", "-I.", "-Iinclude")
	compile = append(compile, strings.Fields(p.env.get("CFLAGS"))...)
	link := append(slices.Concat(cc, linker), "-nostdlib", "-Wl,--no-entry")
	for i, file := range files {
		object := filepath.Join(filepath.Dir(p.out), fmt.Sprintf("%d.o", i))
		if err := p.run(ctx, command{args: append(slices.Clone(compile), file, "-o", object)}); err != nil {
			return err
		}
		link = append(link, object)
	}
	return p.run(ctx, command{args: append(link, "-o", p.out)})
}

// isC tells whether a file is part of a processor, and not a test.
func isC(file string) bool {
	name := strings.TrimSuffix(filepath.Base(file), ".c")
	return !strings.HasSuffix(name, "_test") && !strings.HasPrefix(name, "test_") && name != "test" && name != "tests"
}

// compiler is the beginning of commands that make WebAssembly of C: the one that
// CC names, clang, or zig; and what it takes besides to link. With the stack
// first in memory one that runs over traps; it would else write over data.
func (p *project) compiler() (cc, linker []string, err error) {
	if cc := strings.Fields(p.env.get("CC")); len(cc) > 0 && strings.Contains(cc[0], "clang") {
		return append(cc, "--target=wasm32"), nil, nil
	}
	for _, clang := range clangs() {
		path := p.env.look(clang)
		linker := p.env.first(strings.Replace(clang, "clang", "wasm-ld", 1), "wasm-ld")
		if path != "" && linker != "" {
			return []string{path, "--target=wasm32"}, []string{"-fuse-ld=" + linker, "-Wl,--stack-first"}, nil
		}
	}
	if zig := p.zig(); zig != nil {
		return append(zig, "cc", "-target", "wasm32-freestanding"), nil, nil
	}
	return nil, nil, missing("there is no C compiler for WebAssembly in PATH",
		"install clang and its linker wasm-ld (Debian: apt-get install clang-19 lld-19, macOS: brew install llvm lld), or Zig from https://ziglang.org/download")
}

// clangs are the names that clang goes by, the newest first.
func clangs() []string {
	names := []string{"clang"}
	for version := 23; version >= 14; version-- {
		names = append(names, "clang-"+strconv.Itoa(version))
	}
	return names
}
