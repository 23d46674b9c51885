package wasm_test

import (
	"testing"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm"
)

// BenchmarkBareCall measures an exported call without events, the least that
// the border can cost a batch.
func BenchmarkBareCall(b *testing.B) {
	in := instantiate(b, wasmtest.DropAll(), new(host))
	for b.Loop() {
		if _, _, err := in.Process(b.Context(), wasm.Batch{}, 0, 0); err != nil {
			b.Fatal(err)
		}
	}
}
