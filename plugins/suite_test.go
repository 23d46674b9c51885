package plugins_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
	"github.com/weirhq/weir/plugins"
)

// maxSize is what a ready-made module may weigh: it is part of weir's binary,
// and read again by each process that uses it.
const maxSize = 64 << 10

// TestSuites runs the cases of tests.yaml, which users read as examples.
func TestSuites(t *testing.T) {
	for _, name := range plugins.Names() {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			wasm, _ := plugins.Lookup(name)
			if len(wasm) > maxSize {
				t.Errorf("the module has %d bytes, more than %d", len(wasm), maxSize)
			}
			suite, err := trial.ReadSuite(filepath.Join(name, trial.File))
			if err != nil {
				t.Fatal(err)
			}
			module, err := trial.Load(ctx, "builtin:"+name, plugin.Options{Builtin: plugins.Lookup})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := module.Close(ctx); err != nil {
					t.Error(err)
				}
			}()
			for _, c := range suite.Cases {
				outcome, err := trial.Check(ctx, module, c)
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				for _, m := range outcome.Mismatches {
					t.Errorf("%s: %s: %s: want %s, got %s", m.Pos, c.Name, m.What, m.Want, m.Got)
				}
			}
		})
	}
}
