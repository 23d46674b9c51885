package meter_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/meter"
)

// TestDifferential runs made-up programs as they are and metered, compiled and
// interpreted: what they answer and leave in memory has to be the same, and the
// fuel that they use as well.
func TestDifferential(t *testing.T) {
	programs := 400
	if testing.Short() {
		programs = 40
	}
	for seed := range programs {
		rng := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
		data := make([]byte, 40+rng.Uint64()%400)
		if _, err := rng.Read(data); err != nil {
			t.Fatal(err)
		}
		if !differs(t, data) {
			continue
		}
		t.Fatalf("program %d differs", seed)
	}
}

func FuzzDifferential(f *testing.F) {
	f.Add([]byte("a loop, a block and a branch"))
	f.Fuzz(func(t *testing.T, data []byte) { differs(t, data[:min(len(data), 400)]) })
}

func differs(t *testing.T, data []byte) bool {
	t.Helper()
	module := program(data)
	limits := widest
	limits.Calls = deepest
	metered, err := rewrite(module, limits)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := outcome(t, wazero.NewRuntimeConfigInterpreter(), module)
	compiled, used := outcome(t, wazero.NewRuntimeConfigCompiler(), metered)
	interpreted, usedThere := outcome(t, wazero.NewRuntimeConfigInterpreter(), metered)
	if compiled != want || interpreted != want || used != usedThere || used <= 0 {
		t.Errorf("the program: %s\nmetered: %s, with %d fuel\nmetered, interpreted: %s, with %d fuel", want, compiled, used, interpreted, usedThere)
	}
	return t.Failed()
}

// outcome runs a module and tells how it ended, with the fuel that it used.
func outcome(t *testing.T, config wazero.RuntimeConfig, module []byte) (end string, used int64) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, config)
	defer r.Close(ctx)
	const slice = 50
	var granted int64
	offerRefill(t, r, func(left int64) int64 {
		if left == meter.TooDeep {
			t.Error("calls nest too deep, or are counted wrong")
		}
		next := slice + left%7 // slices of many sizes
		granted += next - left
		return next
	})
	m, err := r.InstantiateWithConfig(ctx, module, wazero.NewModuleConfig())
	if err != nil {
		t.Fatal(err)
	}
	var results []uint64
	for range 20 { // so that a wrong count of how deep calls nest adds up
		m.Memory().WriteUint32Le(stepsAt, 0)
		if results, err = m.ExportedFunction("run").Call(ctx, 3); err != nil {
			break
		}
	}
	memory, _ := m.Memory().Read(0, m.Memory().Size())
	hash := fnv.New64a()
	hash.Write(memory)
	if counter := m.ExportedGlobal(meter.Counter); counter != nil {
		used = granted - int64(counter.Get())
	}
	if err != nil {
		return "a trap", 1 // within a loop that keeps the counter, what it took is lost
	}
	return fmt.Sprintf("%x, %d bytes of %x", results, len(memory), hash.Sum64()), used
}

// maker makes a valid program of any bytes. Statements leave the stack as it
// was, expressions push an i32.
type maker struct {
	data   []byte
	labels int // open blocks without values
}

const (
	makeable = 4       // functions, each of which may call all
	stepsAt  = 1 << 10 // where in memory the steps are counted
	steps    = 200     // the most
	deepest  = 4 * steps
)

func program(data []byte) []byte {
	g := &maker{data: data}
	m := new(wasmtest.Module)
	m.Memory(1).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Func("i:i", "", wasmtest.Get(0), wasmtest.I32(1), wasmtest.Add) // a leaf
	for range makeable {
		m.Func("i:i", "iii", step(), g.statements(3), g.expression(2))
	}
	return m.Export("run", makeable).Bytes()
}

func (g *maker) byte() byte {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return b
}

func (g *maker) local() uint32 { return uint32(g.byte() % 4) }

func (g *maker) expression(depth int) []byte {
	if depth == 0 || len(g.data) == 0 {
		return wasmtest.Get(g.local())
	}
	switch g.byte() % 7 {
	case 0:
		return wasmtest.I32(int32(int8(g.byte())))
	case 1:
		return wasmtest.Code(g.expression(depth-1), g.expression(depth-1), wasmtest.Add)
	case 2:
		return wasmtest.Code(g.expression(depth-1), g.expression(depth-1), wasmtest.LtU)
	case 3:
		return wasmtest.Code(g.address(depth), wasmtest.Load(0))
	case 4:
		return wasmtest.Code(g.expression(depth-1), wasmtest.Call(uint32(g.byte())%(makeable+1)))
	case 5: // a block that is left with a value
		return wasmtest.Code([]byte{0x02, 0x7f}, g.expression(depth-1), g.expression(depth-1), []byte{0x0d, 0}, []byte{0x1a}, g.expression(depth-1), []byte{0x0b})
	}
	return wasmtest.Code(g.expression(depth-1), g.expression(depth-1), wasmtest.Sub)
}

// address is one in the first page, above the count of steps.
func (g *maker) address(depth int) []byte {
	return wasmtest.Code(g.expression(depth-1), wasmtest.I32(0x3ffc), []byte{0x71}, wasmtest.I32(stepsAt+4), wasmtest.Add)
}

func (g *maker) statements(depth int) []byte {
	var code [][]byte
	for range 1 + g.byte()%4 {
		code = append(code, g.statement(depth))
	}
	return wasmtest.Code(code...)
}

func (g *maker) statement(depth int) []byte {
	if depth == 0 || len(g.data) == 0 {
		return wasmtest.Code(g.expression(2), wasmtest.Set(g.local()))
	}
	switch g.byte() % 10 {
	case 0:
		return g.block(0x02, depth, nil)
	case 1, 2, 3:
		return g.block(0x03, depth, wasmtest.Code(step(), g.statements(depth-1), g.expression(1), []byte{0x0d, 0}))
	case 4:
		return wasmtest.Code(g.expression(1), wasmtest.If(wasmtest.I32(7), wasmtest.Return))
	case 5:
		return wasmtest.Code(g.address(1), g.expression(2), wasmtest.Store(0))
	case 6:
		return wasmtest.Code(g.expression(1), g.block(0x04, depth, nil))
	case 7:
		if g.labels == 0 {
			return nil
		}
		return wasmtest.Code(g.expression(1), []byte{0x0d, g.byte() % byte(g.labels)})
	case 8:
		if g.labels == 0 {
			return nil
		}
		n := byte(g.labels)
		return g.block(0x02, 1, wasmtest.Code(g.expression(1), []byte{0x0e, 2, g.byte() % n, g.byte() % n, g.byte() % n}))
	}
	return wasmtest.Code(g.address(1), g.expression(1), g.expression(1), wasmtest.I32(0xff), []byte{0x71}, wasmtest.MemoryFill)
}

// block makes a block, a loop or an if of body, or of statements.
func (g *maker) block(op byte, depth int, body []byte) []byte {
	if body != nil { // which was made without it, so its label 0 is a loop's or nobody's
		return wasmtest.Code([]byte{op, 0x40}, body, []byte{0x0b})
	}
	g.labels++
	body = g.statements(depth - 1)
	g.labels--
	return wasmtest.Code([]byte{op, 0x40}, body, []byte{0x0b})
}

// step counts steps in memory, and returns after so many, so that programs end.
func step() []byte {
	return wasmtest.Code(wasmtest.I32(stepsAt), wasmtest.Load(0), wasmtest.I32(steps), []byte{0x4f}, wasmtest.If(wasmtest.I32(9), wasmtest.Return),
		wasmtest.I32(stepsAt), wasmtest.I32(stepsAt), wasmtest.Load(0), wasmtest.I32(1), wasmtest.Add, wasmtest.Store(0))
}
