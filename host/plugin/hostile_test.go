package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
)

// TestHostileCorpus: each module of the corpus is caught when it has to be, with
// a message that helps, and takes no other event with it.
func TestHostileCorpus(t *testing.T) {
	loader := newLoader(t, plugin.Options{Instance: plugin.Limits{FuelPerEvent: 20_000_000, FuelPerBatch: 20_000_000, Memory: 4 << 20}})
	for _, h := range wasmtest.Corpus() {
		t.Run(h.Name, func(t *testing.T) {
			stage, message := survive(t, loader, h.Bytes())
			if stage != h.Stage || !strings.Contains(message, h.Message) {
				t.Errorf("caught at %s: %s\nwant at %s: %s", stage, message, h.Stage, h.Message)
			}
		})
	}
}

// survive runs a module on events of which one begins with x, and returns at
// which stage it was caught, and what was said.
func survive(t *testing.T, loader *plugin.Loader, module []byte) (wasmtest.Stage, string) {
	path := filepath.Join(t.TempDir(), "hostile.wasm")
	if err := os.WriteFile(path, module, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	loaded, err := loader.Load(ctx, path)
	if err != nil {
		return wasmtest.AtLoad, err.Error()
	}
	defer func() {
		if err := loaded.Release(ctx); err != nil {
			t.Error(err)
		}
	}()
	p, err := loaded.Open(ctx, plugin.Config{})
	if err != nil {
		return wasmtest.AtOpen, err.Error()
	}
	defer func() {
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	message := ""
	out, err := p.Process(ctx, batch("a", "x", "b"), nil, func(i int, f *event.Failure) {
		if i != 1 || message != "" {
			t.Errorf("event %d failed: %v", i, f)
		}
		message = string(f.Class) + ": " + f.Message
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, values(out)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	return wasmtest.AtRun, message
}
