package meter_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// address is the place of a call in the code, which moves.
var address = regexp.MustCompile(`(?m)0x[0-9a-f]+: | {2,}`)

func TestStacksKeepTheirLines(t *testing.T) {
	for _, name := range []string{"zig", "zig-cc", "tinygo"} {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(specDir(t), "..", "..", "testing", "dwarftestdata", "testdata", name, "main.wasm"))
			if err != nil {
				t.Skipf("SKIPPED: the runtime comes without its own tests: %v", err)
			}
			metered, err := rewrite(file, widest)
			if err != nil {
				t.Fatal(err)
			}
			want, got := stack(t, file), stack(t, metered)
			if diff := cmp.Diff(want, got); diff != "" || !regexp.MustCompile(`\.(zig|c|go):\d+`).MatchString(got) {
				t.Errorf("stack (-want +got):\n%s", diff)
			}
		})
	}
}

// stack is what the runtime says of a module that traps when it starts.
func stack(t *testing.T, module []byte) string {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	offerRefill(t, r, func(int64) int64 { return 1 << 40 })
	_, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig())
	if err == nil {
		t.Fatal("the module does not trap")
	}
	return address.ReplaceAllString(err.Error(), "")
}
