package toolchain

import "context"

// buildGo builds a reactor. Names of functions stay, for traps; the paths of
// the machine and the ids of the build do not.
func buildGo(ctx context.Context, p *project) error {
	tool := p.env.look("go")
	if tool == "" {
		return missing("the go command is not in PATH", "install Go 1.24 or later from https://go.dev/dl, no other tool is needed")
	}
	return p.run(ctx, command{
		env:  []string{"GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"},
		args: []string{tool, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-w -buildid=", "-o", p.out, "."},
	})
}
