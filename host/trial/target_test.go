package trial_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	wt "github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
)

// TestFind looks for modules and their cases in folders of all kinds.
func TestFind(t *testing.T) {
	const one = "cases: [{name: n, random: 1}]"
	bare, carrying := string(wt.Passthrough().Bytes()), string(wt.Passthrough().Custom("weir.tests", one).Bytes())
	const about = "name: m\nversion: 1.0.0\ndescription: d.\n"
	for _, tc := range []struct {
		name   string
		files  map[string]string
		arg    string
		module string // what is found
		cases  string
		err    string
	}{
		{name: "a folder with a manifest", files: map[string]string{"plugin.yaml": about, "m.wasm": bare, "n.wasm": bare, "tests.yaml": one}, module: "m.wasm", cases: "tests.yaml"},
		{name: "a folder with one module", files: map[string]string{"n.wasm": bare, "tests.yaml": one}, module: "n.wasm", cases: "tests.yaml"},
		{name: "several modules", files: map[string]string{"m.wasm": bare, "n.wasm": bare, "tests.yaml": one}, err: "several modules"},
		{name: "no module", files: map[string]string{"tests.yaml": one}, err: "has no module: build it"},
		{name: "not built", files: map[string]string{"plugin.yaml": about, "tests.yaml": one}, module: "m.wasm", err: "m.wasm is not there: build it with weir build"},
		{name: "a wrong manifest", files: map[string]string{"plugin.yaml": "nmae: m", "tests.yaml": one}, err: "plugin.yaml:1:1"},
		{name: "no cases", files: map[string]string{"m.wasm": bare}, err: "has no tests.yaml"},
		{name: "a module with cases", files: map[string]string{"m.wasm": carrying, "tests.yaml": "nothing"}, arg: "m.wasm", module: "m.wasm"},
		{name: "a module beside cases", files: map[string]string{"m.wasm": bare, "tests.yaml": one}, arg: "m.wasm", module: "m.wasm", cases: "tests.yaml"},
		{name: "a module alone", files: map[string]string{"m.wasm": bare}, arg: "m.wasm", err: "neither a section weir.tests nor a tests.yaml beside it"},
		{name: "no module at all", files: map[string]string{"m.wasm": "text"}, arg: "m.wasm", err: "a text file, not WebAssembly"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tc.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			target, err := trial.Find(filepath.Join(dir, tc.arg), "", func(ref string) ([]byte, error) {
				return plugin.Find(t.Context(), ref, plugin.Options{})
			})
			var suite *trial.Suite
			if err == nil {
				suite, err = target.Suite()
			}
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("error %v, want %q", err, tc.err)
				}
			} else if err != nil || len(suite.Cases) != 1 {
				t.Fatalf("suite %+v, error %v", suite, err)
			}
			var want []string
			for _, name := range []string{tc.module, tc.cases} {
				if name != "" {
					want = append(want, filepath.Join(dir, name))
				}
			}
			if tc.err == "" && !slices.Equal(target.Files(suite), want) {
				t.Errorf("files %q, want %q", target.Files(suite), want)
			}
		})
	}
}
