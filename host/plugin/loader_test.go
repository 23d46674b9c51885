package plugin_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/wasm"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"good.wasm": wasmtest.Passthrough().Bytes(),
		"a:b.wasm":  wasmtest.Passthrough().Bytes(),
		"bad.wasm":  []byte("#!/bin/sh"),
		"huge.wasm": make([]byte, wasm.MaxModuleSize+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := newLoader(t, plugin.Options{
		Dir: dir,
		Builtin: func(name string) ([]byte, bool) {
			return wasmtest.DropAll().Bytes(), name == "drop"
		},
	})
	for ref, want := range map[string]string{
		"good.wasm":                     "",
		"file:good.wasm":                "",
		"./good.wasm":                   "",
		filepath.Join(dir, "good.wasm"): "",
		"a:b.wasm":                      "",
		"builtin:drop":                  "",
		"":                              "module : the reference is empty; name a path, builtin:NAME",
		"builtin:dorp":                  `module builtin:dorp: there is no builtin module "dorp"; name a .wasm file`,
		"https://example.com/a.wasm?x":  "module https://example.com/a.wasm?***: a URL has to be pinned",
		"none.wasm":                     "module none.wasm: file does not exist: looked at " + filepath.Join(dir, "none.wasm"),
		".":                             "module .: " + dir + " is not a regular file; name the .wasm file",
		"bad.wasm":                      `module bad.wasm: a text file, not WebAssembly: it begins "#!/bin/sh"`,
		"huge.wasm":                     "module huge.wasm: has 67108865 bytes, limits.module_size allows 33554432; raise it, or strip what is not used",
	} {
		p, err := l.Load(t.Context(), ref)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", ref, err)
		case want == "" && (p.Ref() != ref || len(p.Digest()) != 64):
			t.Errorf("%s: the plugin is %s %s", ref, p.Ref(), p.Digest())
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("%s: error is\n\t%v\nwant\n\t%s", ref, err, want)
		}
	}
	_, err := l.Load(t.Context(), "bad.wasm")
	var fault *wasm.ModuleError
	if !errors.As(err, &fault) {
		t.Errorf("error %v is no *wasm.ModuleError", err)
	}
}

func TestOpenErrors(t *testing.T) {
	trapping := wasmtest.Passthrough()
	trapping.Export("_initialize", trapping.Func("", "", wasmtest.Unreachable))
	for name, test := range map[string]struct {
		guest  *wasmtest.Module
		config string
		want   string
	}{
		"refused":  {wasmtest.Refuse("threshold is no number"), `{}`, "open: the module refuses its config: threshold is no number"},
		"trap":     {trapping, `{}`, "start an instance: _initialize: wasm error: unreachable"},
		"no JSON":  {wasmtest.Passthrough(), `{`, "config: "},
		"too long": {wasmtest.Refuse(""), `"` + strings.Repeat("x", 1<<20) + `"`, "open: config of 1048"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := load(t, newLoader(t, plugin.Options{Instance: plugin.Limits{Memory: 1 << 20}}), test.guest.Bytes()).
				Open(t.Context(), plugin.Config{Pipeline: "p", Processor: "guest", Config: []byte(test.config)})
			if err == nil || p != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// The guest gets its names and config as JSON.
func TestOpening(t *testing.T) {
	const want = `{"pipeline":"p","processor":"guest","config":{"a":[1,"b"]}}`
	m := wasmtest.Passthrough()
	m.Data(64, want)
	differ := wasmtest.Code(
		wasmtest.Get(1), wasmtest.I32(int32(len(want))), wasmtest.Ne, wasmtest.If(wasmtest.I32(1), wasmtest.Return),
		wasmtest.Each(2, 1,
			wasmtest.Get(0), wasmtest.Get(2), wasmtest.Add, wasmtest.Load8(0),
			wasmtest.Get(2), wasmtest.Load8(64), wasmtest.Ne, wasmtest.If(wasmtest.I32(2), wasmtest.Return)),
		wasmtest.I32(0))
	m.Export("weir_open", m.Func("ii:i", "i", differ))
	p := load(t, newLoader(t, plugin.Options{}), m.Bytes())
	for config, ok := range map[string]bool{`{"a":[1,"b"]}`: true, `{"a":[1,"c"]}`: false} {
		_, err := p.Open(t.Context(), plugin.Config{Pipeline: "p", Processor: "guest", Config: []byte(config)})
		if ok != (err == nil) {
			t.Errorf("%s: error is %v", config, err)
		}
	}
}
