package toolchain

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
)

// isAssemblyScript tells whether a package.json is one of AssemblyScript.
func isAssemblyScript(file string) bool {
	if filepath.Base(file) == "asconfig.json" {
		return true
	}
	data, err := os.ReadFile(file)
	return err == nil && bytes.Contains(data, []byte(`"assemblyscript"`))
}

// buildAssemblyScript runs the compiler that ASC names, the project's own, or
// one in PATH. The runtime is the one that collects garbage by itself.
func buildAssemblyScript(ctx context.Context, p *project) error {
	asc, err := p.asc()
	if err != nil {
		return err
	}
	return p.run(ctx, command{args: append(asc, "assembly/index.ts", "--outFile", p.out, "--runtime", "incremental", "-O3", "--noAssert", "--debug")})
}

func (p *project) asc() ([]string, error) {
	if asc := strings.Fields(p.env.get("ASC")); len(asc) > 0 {
		return asc, nil
	}
	own, err := filepath.Abs(filepath.Join(p.Dir, "node_modules", ".bin", "asc"))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(own); err == nil {
		return []string{own}, nil
	}
	if asc := p.env.look("asc"); asc != "" {
		return []string{asc}, nil
	}
	return nil, missing("the AssemblyScript compiler asc is neither in node_modules nor in PATH",
		"run npm install in the project's folder (npm comes with Node, https://nodejs.org)")
}
