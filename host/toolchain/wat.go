package toolchain

import (
	"context"
	"slices"
)

// buildWAT translates the only text file of the folder, or main.wat, with the
// names that it has for functions.
func buildWAT(ctx context.Context, p *project) error {
	file, err := mainFile(slices.Concat(sources(p.Dir, "main.wat"), sources(p.Dir, "*.wat")), "main.wat")
	if err != nil {
		return err
	}
	if tool := p.env.look("wat2wasm"); tool != "" {
		return p.run(ctx, command{args: []string{tool, "--debug-names", file, "-o", p.out}})
	}
	if tool := p.env.look("wasm-tools"); tool != "" {
		return p.run(ctx, command{args: []string{tool, "parse", file, "-o", p.out}})
	}
	return missing("neither wat2wasm nor wasm-tools is in PATH",
		"install wabt (Debian: apt-get install wabt, macOS: brew install wabt), or run cargo install wasm-tools")
}
