package toolchain

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
)

// isAssemblyScript tells whether a package.json is one of AssemblyScript.
func isAssemblyScript(file string) bool {
	if filepath.Base(file) == "asconfig.json" {
		return true
	}
	data, err := os.ReadFile(file)
	return err == nil && bytes.Contains(data, []byte(`"assemblyscript"`))
}

// buildAssemblyScript runs the project's compiler, else one in PATH. A file
// asconfig.json adds its options.
func buildAssemblyScript(ctx context.Context, p *project) error {
	asc := filepath.Join("node_modules", ".bin", "asc")
	if _, err := os.Stat(filepath.Join(p.Dir, asc)); err == nil {
		if asc, err = filepath.Abs(filepath.Join(p.Dir, asc)); err != nil {
			return err
		}
	} else if asc = p.env.look("asc"); asc == "" {
		return missing("the AssemblyScript compiler asc is neither in node_modules nor in PATH",
			"run npm install in the project's folder (npm comes with Node, https://nodejs.org)")
	}
	return p.run(ctx, command{args: []string{asc, "assembly/index.ts", "--outFile", p.out, "--runtime", "incremental", "-O3", "--noAssert", "--debug"}})
}
