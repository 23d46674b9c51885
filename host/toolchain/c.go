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
// a C library. What the linker strips as debug information are the names of
// functions too, so it strips nothing: that is done behind all toolchains.
func buildC(ctx context.Context, p *project) error {
	files := slices.Concat(sources(p.Dir, "*.c"), sources(p.Dir, "src/*.c"))
	files = slices.DeleteFunc(files, func(file string) bool { return !isC(file) })
	if len(files) == 0 {
		return fmt.Errorf("%w: there are no C files but tests", ErrBuild)
	}
	args, err := p.compiler()
	if err != nil {
		return err
	}
	args = append(args, "-std=c11", "-O2", "-Wall", "-Wextra", "-ffreestanding", "-nostdlib", "-mbulk-memory", "-fvisibility=hidden",
		"-Wl,--no-entry", "-I.", "-Iinclude")
	args = append(args, strings.Fields(p.env.get("CFLAGS"))...)
	args = append(args, files...)
	return p.run(ctx, command{args: append(args, "-o", p.out)})
}

// isC tells whether a file is part of a processor, and not a test.
func isC(file string) bool {
	name := strings.TrimSuffix(filepath.Base(file), ".c")
	return !strings.HasSuffix(name, "_test") && !strings.HasPrefix(name, "test_") && name != "test" && name != "tests"
}

// compiler is the beginning of a command that compiles C to WebAssembly: the
// one that CC names, clang with its linker, or zig.
func (p *project) compiler() ([]string, error) {
	if cc := strings.Fields(p.env.get("CC")); len(cc) > 0 && strings.Contains(cc[0], "clang") {
		return append(cc, "--target=wasm32"), nil
	}
	for _, clang := range clangs() {
		path := p.env.look(clang)
		linker := p.env.first(strings.Replace(clang, "clang", "wasm-ld", 1), "wasm-ld")
		if path != "" && linker != "" {
			return []string{path, "--target=wasm32", "-fuse-ld=" + linker}, nil
		}
	}
	if zig := p.zig(); zig != nil {
		return append(zig, "cc", "-target", "wasm32-freestanding", "-s"), nil
	}
	return nil, missing("there is no C compiler for WebAssembly in PATH",
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
