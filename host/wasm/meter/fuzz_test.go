package meter_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/meter"
	"github.com/weirhq/weir/host/wasm/section"
)

// rewrite is Rewrite from a file to a file.
func rewrite(file []byte, limits meter.Limits) ([]byte, error) {
	m, err := section.Parse(file)
	if err != nil {
		return nil, err
	}
	if err := meter.Rewrite(m, limits); err != nil {
		return nil, err
	}
	return m.Bytes(), nil
}

// widest are limits that no module goes over.
var widest = meter.Limits{Pages: 65536, Elements: math.MaxUint32, Calls: math.MaxUint32}

// readable tells whether the host would let the runtime see a file: it makes room
// for whatever is promised.
func readable(file []byte) bool {
	m, err := section.Parse(file)
	if err != nil {
		return false
	}
	o, err := m.Outline()
	if err != nil {
		return false
	}
	var locals uint64
	for _, b := range o.Bodies {
		locals += b.Locals
	}
	// The meter reads segments, but what is bare of it is compiled here too. None of
	// the seeds has numbers in them that take four bytes.
	for _, id := range []section.ID{section.Element, section.Data} {
		if s := m.Find(id); s != nil && longNumber(s.Body) {
			return false
		}
	}
	return locals < 1_000_000
}

func longNumber(body []byte) bool {
	run := 0
	for _, b := range body {
		if run++; b < 0x80 {
			run = 0
		}
		if run == 3 {
			return true
		}
	}
	return false
}

// FuzzRewrite: whatever the bytes, a module that the runtime takes it takes
// metered too, and one that it refuses it does not take because it is metered.
func FuzzRewrite(f *testing.F) {
	for _, m := range []*wasmtest.Module{
		new(wasmtest.Module), wasmtest.Passthrough(), wasmtest.Upper(9), wasmtest.FanOut(), wasmtest.RejectOn('x', "why"),
		wasmtest.Passthrough().Table(1, 9), wasmtest.Passthrough().Custom("name", "\x01\x04\x01\x05\x01f"),
		wasmtest.Passthrough().Custom("name", "\x01\x08\x01\x05\x01f\x09\x01\x00\x00"),
		wasmtest.Passthrough().Start(5), wasmtest.Passthrough().Data(9, "segment"),
	} {
		f.Add(m.Bytes())
	}
	f.Add(append(wasmtest.Passthrough().Custom("name", "\x01\x04\x01\x05\x01f").Bytes(), "\x00\x06\x05empty"...))
	seeds, err := filepath.Glob(filepath.Join(specDir(f), "v2", "testdata", "*[a-z].1.wasm"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range seeds {
		file, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		if len(file) < 2000 {
			f.Add(file)
		}
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	compiles := func(file []byte) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		m, err := r.CompileModule(ctx, file)
		if err == nil {
			err = m.Close(ctx)
		}
		return err
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if !readable(file) {
			return // as the host does not either: the runtime makes room for what a count promises
		}
		// Custom sections do not make a module invalid. The runtime has some that
		// do, and others that it makes room for; the meter does not let them through.
		bare, err := section.Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		bare.RemoveCustom(func(string) bool { return true })
		valid := compiles(bare.Bytes())
		metered, err := rewrite(file, widest)
		switch {
		case valid == nil && errors.Is(err, meter.ErrNewer):
		case valid == nil && err != nil:
			t.Errorf("a valid module cannot be metered: %v", err)
		case valid == nil && compiles(metered) != nil:
			t.Errorf("a valid module is not, metered: %v", compiles(metered))
		case valid != nil && err == nil && compiles(metered) == nil:
			t.Errorf("a module that is not valid is, metered: %v", valid)
		}
	})
}
