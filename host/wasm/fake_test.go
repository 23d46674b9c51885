package wasm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

// host is a wasm.Host that keeps what it is told.
type host struct {
	lines   []string
	metrics []string
	now     int64
	yields  int           // how often the guest ran for a while
	paused  time.Duration // how long it seems to wait then
}

func (h *host) Log(level abi.Level, line []byte) {
	h.lines = append(h.lines, fmt.Sprintf("%d %s", level, line))
}

func (h *host) Metric(kind abi.MetricKind, name []byte, value float64) {
	h.metrics = append(h.metrics, fmt.Sprintf("%d %s %v", kind, name, value))
}

func (h *host) Now() int64 { return h.now }

func (h *host) Yield(context.Context) time.Duration {
	h.yields++
	return h.paused
}

func newRuntime(t testing.TB, cfg wasm.Config) *wasm.Runtime {
	t.Helper()
	r, err := wasm.NewRuntime(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func compile(t testing.TB, m *wasmtest.Module) *wasm.Module {
	t.Helper()
	module, err := newRuntime(t, wasm.Config{}).Compile(t.Context(), m.Bytes(), wasm.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func instantiate(t testing.TB, m *wasmtest.Module, h *host) *wasm.Instance {
	t.Helper()
	in, err := compile(t, m).Instantiate(t.Context(), h, wasm.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// process runs a guest on a batch of one empty entry.
func process(t testing.TB, in *wasm.Instance, b wasm.Batch) (at, n uint32, err error) {
	t.Helper()
	table, err := in.Buffer(t.Context(), abi.EntrySize)
	if err != nil {
		t.Fatal(err)
	}
	return in.Process(t.Context(), b, table, 1)
}
