package conformance_test

import (
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
	"github.com/weirhq/weir/sdk/conformance/conformancetest"
)

var update = flag.Bool("update", false, "write what comes of the cases into their files, from the Rust guest")

func TestRust(t *testing.T) {
	if err := conformance.Fresh("../..", "sdk/conformance/guests/rust"); err != nil {
		t.Error(err)
	}
	conformancetest.Folder(t, "guests/rust/rust.wasm", plugin.Options{}, "testdata/guest", *update)
	conformancetest.Sets(t, "guests/rust/rust.wasm", plugin.Options{}, conformance.AnyModule)
}

func TestGo(t *testing.T) {
	wasm := filepath.Join(t.TempDir(), "go.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", wasm, "./guests/go")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	conformancetest.Sets(t, wasm, plugin.Options{}, conformance.Guest, conformance.AnyModule)
}

// TestKept runs modules of earlier days with the cases of their day. They are
// never built again and never change: what ran once runs for ever.
func TestKept(t *testing.T) {
	modules, err := filepath.Glob("testdata/kept/*/*.wasm.gz")
	if err != nil || len(modules) == 0 {
		t.Fatalf("%d kept modules, %v", len(modules), err)
	}
	for _, packed := range modules {
		folder, name := filepath.Split(packed)
		t.Run(filepath.Base(folder)+"/"+strings.TrimSuffix(name, ".wasm.gz"), func(t *testing.T) {
			wasm := filepath.Join(t.TempDir(), strings.TrimSuffix(name, ".gz"))
			if err := unpack(packed, wasm); err != nil {
				t.Fatal(err)
			}
			conformancetest.Folder(t, wasm, plugin.Options{}, folder, false)
		})
	}
}

func unpack(packed, to string) (err error) {
	in, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer in.Close()
	unzipped, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, unzipped)
	return err
}
