package meter_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/internal/wasmtest"
)

// bulkPages are several of the pieces in which much memory is written.
const bulkPages = 72

// bulkModule exports the instructions as functions.
func bulkModule() []byte {
	m := new(wasmtest.Module).Memory(bulkPages).ExportKind("memory", wasmtest.KindMemory, 0)
	all := wasmtest.Code(wasmtest.Get(0), wasmtest.Get(1), wasmtest.Get(2))
	m.Export("fill", m.Func("iii", "", all, wasmtest.MemoryFill))
	return m.Export("copy", m.Func("iii", "", all, wasmtest.MemoryCopy)).Bytes()
}

// bulk runs the instructions on a memory of its own.
type bulk struct {
	t      *testing.T
	module api.Module
}

func newBulk(t *testing.T, config wazero.RuntimeConfig, module []byte) *bulk {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	t.Cleanup(func() {
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	offerRefill(t, r, func(int64) int64 { return 1000 })
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig())
	if err != nil {
		t.Fatal(err)
	}
	memory := (&bulk{t, m}).memory()
	if _, err := rand.NewChaCha8([32]byte{7}).Read(memory); err != nil {
		t.Fatal(err)
	}
	return &bulk{t, m}
}

func (b *bulk) memory() []byte {
	memory, _ := b.module.Memory().Read(0, b.module.Memory().Size())
	return memory
}

// do runs an instruction and returns how it ended.
func (b *bulk) do(name string, to, from, size uint32) string {
	_, err := b.module.ExportedFunction(name).Call(context.Background(), uint64(to), uint64(from), uint64(size))
	if err != nil {
		end, _, _ := strings.Cut(err.Error(), "\n")
		return end
	}
	return "done"
}

// twins are the module as it is, and metered on both engines.
func twins(t *testing.T) (plain *bulk, metered []*bulk) {
	module := bulkModule()
	changed, err := rewrite(module, widest)
	if err != nil {
		t.Fatal(err)
	}
	return newBulk(t, wazero.NewRuntimeConfigCompiler(), module), []*bulk{
		newBulk(t, wazero.NewRuntimeConfigCompiler(), changed), newBulk(t, wazero.NewRuntimeConfigInterpreter(), changed),
	}
}

func same(t *testing.T, plain *bulk, metered []*bulk, name string, to, from, size uint32) {
	t.Helper()
	want := plain.do(name, to, from, size)
	for i, m := range metered {
		if end := m.do(name, to, from, size); end != want || !bytes.Equal(m.memory(), plain.memory()) {
			t.Fatalf("memory.%s %d %d %d: %s, metered (%d): %s; memories are equal: %v", name, to, from, size, want, i, end,
				bytes.Equal(m.memory(), plain.memory()))
		}
	}
}

// TestBulk: memory is filled and copied in pieces as it is at once, whatever
// overlaps, and nothing is written when not all of it lies in the memory.
func TestBulk(t *testing.T) {
	const mem, mib = bulkPages << 16, 1 << 20
	plain, metered := twins(t)
	for _, c := range []struct{ to, from, size uint32 }{
		{0, 0, 0}, {0, 1, mib}, {1, 0, mib}, {0, 1, mib + 1}, {1, 0, mib + 1}, {5, 5, 3 * mib},
		{0, mib, 3 * mib}, {mib, 0, 3 * mib}, {0, 7, mem - 7}, {7, 0, mem - 7}, {0, 0, mem},
		{mib - 1, mib + 1, 2*mib + 3}, {mib + 1, mib - 1, 2*mib + 3},
		{0, 0, mem + 1}, {1, 0, mem}, {0, 1, mem}, {mem, 0, 1}, {mem, mem, 0}, {mem + 1, 0, 0}, {0, mem + 1, 0},
		{0xffffffff, 0, 2 * mib}, {0, 0xffffffff, 2 * mib}, {0, 0, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff}, {2 * mib, 0, 0xfff00000},
	} {
		same(t, plain, metered, "copy", c.to, c.from, c.size)
		same(t, plain, metered, "fill", c.to, 0x1a5, c.size)
		same(t, plain, metered, "copy", c.from, c.to, c.size)
	}
}

func FuzzBulk(f *testing.F) {
	f.Add(uint32(1), uint32(0), uint32(3<<20), true)
	f.Add(uint32(0), uint32(1<<20), uint32(bulkPages<<16), false)
	f.Fuzz(func(t *testing.T, to, from, size uint32, move bool) {
		name := "fill"
		if move {
			name = "copy"
		}
		plain, metered := twins(t)
		for _, within := range []uint32{1 << 30, bulkPages << 15} { // most lie outside of the memory, and within it
			same(t, plain, metered, name, to%within, from%within, size%within)
		}
	})
}
