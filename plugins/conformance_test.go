package plugins_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
	"github.com/weirhq/weir/plugins"
	"github.com/weirhq/weir/sdk/conformance"
	"github.com/weirhq/weir/sdk/conformance/conformancetest"
)

// TestConformance gives each plugin the events of the cases that hold for any
// module, with the first config of its suite that it takes.
func TestConformance(t *testing.T) {
	cases, err := conformance.Cases(conformance.AnyModule)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range plugins.Names() {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			module, err := conformance.Load(ctx, "builtin:"+name, plugin.Options{Builtin: plugins.Lookup})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := module.Close(ctx); err != nil {
					t.Error(err)
				}
			}()
			config := firstConfig(t, module, name)
			for _, c := range cases {
				r, err := module.Run(ctx, c, config)
				if err != nil {
					t.Fatalf("%s: %v", c.Name, err)
				}
				conformancetest.Report(t, r)
			}
		})
	}
}

func firstConfig(t *testing.T, module *conformance.Module, name string) string {
	t.Helper()
	suite, err := trial.ReadSuite(filepath.Join(name, trial.File))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.Cases {
		if config := string(c.Config); module.Opens(t.Context(), config) == nil {
			return config
		}
	}
	t.Fatal("no case of the suite has a config that the plugin takes")
	return ""
}
