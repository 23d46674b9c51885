package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/manifest"
)

// A module brings the schema of its config: what does not fit is a fault of the
// configuration, with its place, and all of them come in one run.
func TestConfigsFitTheSchemasOfModules(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const about = `{"name":"a","version":"1.0.0","description":"d","config":{"type":"object","additionalProperties":false,
		"required":["share"],"properties":{"share":{"type":"integer","description":"How many of a hundred stay."}}}}`
	write("strict.wasm", string(wasmtest.Passthrough().Custom(manifest.Section, about).Bytes()))
	write("plain.wasm", string(wasmtest.Passthrough().Bytes()))
	write("damaged.wasm", string(wasmtest.Passthrough().Custom(manifest.Section, "{}").Bytes()))
	write("weir.yaml", `connections: {kafka: {bootstrap_servers: "127.0.0.1:9092"}}
pipelines:
  one:
    source: {topic: in, group_id: one}
    sink: {topic: out}
    processors:
      - {module: strict.wasm, config: {share: 7}}
      - module: strict.wasm
        config: {share: many, shrae: 7}
      - {module: plain.wasm, config: {anything: goes}}
  two:
    source: {topic: in, group_id: two}
    sink: {topic: out}
    processors: [{module: strict.wasm}]
`)
	build := func(file string) error {
		spec, faults := host.LoadSpec(config.Load{Files: []string{filepath.Join(dir, file)}, Environ: []string{}})
		if faults.Err() != nil {
			t.Fatal(faults)
		}
		h, err := host.New(t.Context(), spec, host.Options{})
		if err == nil {
			err = h.Close(t.Context())
		}
		return err
	}
	var faults config.Faults
	if err := build("weir.yaml"); !errors.As(err, &faults) {
		t.Fatalf("error is %v, want faults", err)
	}
	file := filepath.Join(dir, "weir.yaml")
	want := file + ":9:25: pipelines.one.processors[1].config.share: got string, want integer (How many of a hundred stay)\n" +
		file + ":9:31: pipelines.one.processors[1].config: \"shrae\" is not a key of the config (did you mean \"share\"?)\n" +
		file + ":14:18: pipelines.two.processors[0].config: there is none: missing property 'share'"
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}

	write("damaged.yaml", `connections: {kafka: {bootstrap_servers: "127.0.0.1:9092"}}
pipelines: {one: {source: {topic: in, group_id: one}, sink: {topic: out}, processors: [{module: damaged.wasm}]}}
`)
	var rejected *host.ModuleError
	if err := build("damaged.yaml"); !errors.As(err, &rejected) || !strings.Contains(err.Error(), "section weir.plugin: name: is missing") {
		t.Errorf("error is %v, want a module that is rejected", err)
	}
}
