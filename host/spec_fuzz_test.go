package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weirhq/weir/host/config"
)

// FuzzLoadSpec reads anything as YAML and as INI: whatever it is, there is a
// Spec or an error, and every fault says something.
func FuzzLoadSpec(f *testing.F) {
	archives, err := filepath.Glob("testdata/spec/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data, config.IsINI(file.Name))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, ini bool) {
		file := filepath.Join(t.TempDir(), "weir.yaml")
		if ini {
			file = filepath.Join(t.TempDir(), "weir.conf")
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		spec, faults := LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
		if (spec == nil) != (faults.Err() != nil) {
			t.Errorf("spec is nil: %t, error: %v", spec == nil, faults.Err())
		}
		for _, fault := range faults {
			if fault.Message == "" || fault.Pos.File == "" {
				t.Errorf("a fault says too little: %+v", fault)
			}
		}
	})
}
