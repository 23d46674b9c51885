package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// zig is the beginning of a command that runs Zig: what ZIG names, the program,
// or that of the Python package which holds it. nil when there is none.
func (p *project) zig() []string {
	if zig := strings.Fields(p.env.get("ZIG")); len(zig) > 0 {
		return zig
	}
	if zig := p.env.first("zig", "python-zig"); zig != "" {
		return []string{zig}
	}
	return nil
}

// buildZig runs the project's own build.zig, or compiles its main file with the
// C files of the SDK in its folder weir.
func buildZig(ctx context.Context, p *project) error {
	zig := p.zig()
	if zig == nil {
		return missing("zig is not in PATH", "install Zig from https://ziglang.org/download, or with pip install ziglang")
	}
	if len(sources(p.Dir, "build.zig")) > 0 {
		return p.zigBuild(ctx, zig)
	}
	main, err := mainFile(slices.Concat(sources(p.Dir, "src/main.zig"), sources(p.Dir, "main.zig"), sources(p.Dir, "*.zig"), sources(p.Dir, "src/*.zig")), "src/main.zig")
	if err != nil {
		return err
	}
	files := append([]string{main}, slices.DeleteFunc(sources(p.Dir, "weir/*.c"), func(file string) bool { return !isC(file) })...)
	args := append(append(zig, "build-exe"), files...)
	return p.run(ctx, command{args: append(args, "-target", "wasm32-freestanding", "-fno-entry", "-rdynamic",
		"-O", "ReleaseSmall", "-fno-strip", "-I.", "--stack", "65536", "-femit-bin="+p.out)})
}

func (p *project) zigBuild(ctx context.Context, zig []string) error {
	prefix := filepath.Join(p.work, "zig")
	if err := p.run(ctx, command{args: append(zig, "build", "--release=small", "--prefix", prefix)}); err != nil {
		return err
	}
	made := sources(prefix, "*/*.wasm")
	if len(made) != 1 {
		return fmt.Errorf("%w: build.zig installs %d modules, want one; install one executable for wasm32-freestanding, with entry = .disabled and rdynamic", ErrBuild, len(made))
	}
	module, err := os.ReadFile(filepath.Join(prefix, made[0]))
	if err != nil {
		return err
	}
	return os.WriteFile(p.out, module, 0o600)
}

// mainFile is the file to begin with: the first of those in question where it
// has the name of a main file, else the only one.
func mainFile(files []string, wanted string) (string, error) {
	first := files[0]
	base := filepath.Base(first)
	distinct := slices.Compact(slices.Sorted(slices.Values(files)))
	if len(distinct) == 1 || base[:len(base)-len(filepath.Ext(base))] == "main" {
		return first, nil
	}
	return "", fmt.Errorf("%w: there are %d source files, none of which is %s; name the main one so", ErrBuild, len(distinct), wanted)
}
