package meter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/weirhq/weir/host/wasm/meter"
)

// TestSpec runs the core tests of the WebAssembly specification, as they come
// with the runtime, on metered modules and on the modules themselves: each
// command has to end the same way.
func TestSpec(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := specDir(t)
	configs := map[string]func() wazero.RuntimeConfig{
		"compiler":    wazero.NewRuntimeConfigCompiler,
		"interpreter": wazero.NewRuntimeConfigInterpreter,
	}
	var compared atomic.Int64
	t.Cleanup(func() { // when all that runs in parallel has ended
		if n := compared.Load(); n < 90_000 {
			t.Errorf("only %d commands were compared", n)
		}
	})
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst
	for _, suite := range []string{"v1", "v2", "tail-call", "extended-const"} {
		scripts, err := filepath.Glob(filepath.Join(dir, suite, "testdata", "*.json"))
		if err != nil || len(scripts) == 0 {
			t.Fatalf("no scripts of suite %s in %s: %v", suite, dir, err)
		}
		for engine, config := range configs {
			t.Run(suite+"/"+engine, func(t *testing.T) {
				for _, path := range scripts {
					t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
						t.Parallel()
						script := readScript(t, path)
						plain := newWorld(t, dir, config().WithCoreFeatures(features), false).run(script)
						metered := newWorld(t, dir, config().WithCoreFeatures(features), true).run(script)
						compared.Add(int64(len(plain)))
						if diff := cmp.Diff(plain, metered); diff != "" {
							t.Errorf("the module itself (-) and metered (+):\n%s", diff)
						}
					})
				}
			})
		}
	}
}

// specDir finds the tests in the runtime's own sources.
func specDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatalf("where the runtime's sources are: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test", "spectest")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: the runtime comes without the tests of the specification: %v", err)
	}
	return dir
}

type script struct {
	dir      string
	Commands []command `json:"commands"`
}

type command struct {
	Type       string `json:"type"`
	Line       int    `json:"line"`
	Name       string `json:"name"`
	As         string `json:"as"`
	Filename   string `json:"filename"`
	ModuleType string `json:"module_type"`
	Action     struct {
		Type   string  `json:"type"`
		Module string  `json:"module"`
		Field  string  `json:"field"`
		Args   []value `json:"args"`
	} `json:"action"`
}

type value struct {
	Type  string          `json:"type"`
	Lanes string          `json:"lane_type"`
	Value json.RawMessage `json:"value"`
}

func readScript(t *testing.T, path string) script {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := script{dir: filepath.Dir(path)}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// world is a runtime with the modules of one script.
type world struct {
	t       *testing.T
	runtime wazero.Runtime
	metered bool
	modules map[string]api.Module
	last    api.Module
}

func newWorld(t *testing.T, dir string, config wazero.RuntimeConfig, metered bool) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, runtime: wazero.NewRuntimeWithConfig(ctx, config), metered: metered, modules: map[string]api.Module{}}
	t.Cleanup(func() {
		if err := w.runtime.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	host, err := os.ReadFile(filepath.Join(dir, "testdata", "spectest.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.runtime.InstantiateWithConfig(ctx, host, wazero.NewModuleConfig()); err != nil {
		t.Fatal(err)
	}
	offerRefill(t, w.runtime, func(int64) int64 { return 1000 })
	return w
}

// offerRefill gives a runtime the function that metered modules import.
func offerRefill(t testing.TB, r wazero.Runtime, refill func(int64) int64) {
	t.Helper()
	_, err := r.NewHostModuleBuilder(meter.Module).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(func(_ context.Context, stack []uint64) {
			stack[0] = uint64(refill(int64(stack[0])))
		}), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export(meter.Refill).Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
}

// run returns how each command ended.
func (w *world) run(s script) []string {
	var ends []string
	for i := 0; i < len(s.Commands); i++ {
		c := &s.Commands[i]
		as := ""
		if next := i + 1; c.Type == "module" && next < len(s.Commands) && s.Commands[next].Type == "register" {
			as = s.Commands[next].As
			i++
		}
		if end := w.command(s, c, as); end != "" {
			ends = append(ends, fmt.Sprintf("line %d: %s %s: %s", c.Line, c.Type, c.Action.Field, end))
		}
	}
	return ends
}

func (w *world) command(s script, c *command, as string) string {
	switch c.Type {
	case "module":
		mod, err := w.instantiate(filepath.Join(s.dir, c.Filename), as)
		if err != nil {
			return "refused"
		}
		if c.Name != "" {
			w.modules[c.Name] = mod
		}
		w.last = mod
		return "made"
	case "assert_return", "action", "assert_trap", "assert_exhaustion":
		return w.act(c)
	case "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
		if c.ModuleType == "text" {
			return ""
		}
		if _, err := w.instantiate(filepath.Join(s.dir, c.Filename), ""); err != nil {
			return "refused"
		}
		return "made"
	}
	w.t.Fatalf("line %d: unknown command %q", c.Line, c.Type)
	return ""
}

func (w *world) instantiate(path, as string) (api.Module, error) {
	binary, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.metered {
		if binary, err = rewrite(binary, widest); err != nil {
			return nil, err
		}
	}
	return w.runtime.InstantiateWithConfig(context.Background(), binary, wazero.NewModuleConfig().WithName(as))
}

func (w *world) act(c *command) string {
	m := w.last
	if c.Action.Module != "" {
		m = w.modules[c.Action.Module]
	}
	if c.Action.Type == "get" {
		return fmt.Sprint(m.ExportedGlobal(c.Action.Field).Get())
	}
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.words(w.t)...)
	}
	f := m.ExportedFunction(c.Action.Field)
	results, err := f.Call(context.Background(), args...)
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	return describe(f.Definition().ResultTypes(), results)
}

// describe shows results; of references, which are addresses, whether they are
// null.
func describe(types []api.ValueType, words []uint64) string {
	var text []string
	for _, t := range types {
		n := 1
		if t == 0x7b { // v128
			n = 2
		}
		shown := fmt.Sprintf("%x", words[:n])
		switch t {
		case api.ValueTypeI32, api.ValueTypeF32:
			shown = fmt.Sprintf("%x", uint32(words[0]))
		case 0x70: // funcref
			shown = fmt.Sprint(words[0] != 0)
		}
		words = words[n:]
		text = append(text, shown)
	}
	return strings.Join(text, " ")
}

// words are a value as the runtime takes it.
func (v value) words(t *testing.T) []uint64 {
	t.Helper()
	if v.Type != "v128" {
		var text string
		if err := json.Unmarshal(v.Value, &text); err != nil {
			t.Fatal(err)
		}
		word := number(t, text)
		if v.Type == "externref" && text != "null" {
			word++ // 0 is null
		}
		return []uint64{word}
	}
	var lanes []string
	if err := json.Unmarshal(v.Value, &lanes); err != nil {
		t.Fatal(err)
	}
	width := 128 / len(lanes)
	out := make([]uint64, 2)
	for i, lane := range lanes {
		word := number(t, lane) & (math.MaxUint64 >> (64 - width))
		out[i*width/64] |= word << (i * width % 64)
	}
	return out
}

func number(t *testing.T, text string) uint64 {
	t.Helper()
	if text == "null" {
		return 0
	}
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		return v
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(v)
}
