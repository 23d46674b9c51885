package conformance_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
)

var update = flag.Bool("update", false, "write what comes of the cases into their files, from the Rust guest")

func TestRust(t *testing.T) {
	if err := conformance.Fresh("../..", "sdk/conformance/guests/rust"); err != nil {
		t.Error(err)
	}
	run(t, "guests/rust/rust.wasm", *update)
}

func TestGo(t *testing.T) {
	wasm := filepath.Join(t.TempDir(), "go.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", wasm, "./guests/go")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	run(t, wasm, false)
}

func run(t *testing.T, wasm string, update bool) {
	cases, err := conformance.Cases("testdata")
	if err != nil {
		t.Fatal(err)
	}
	module := conformance.Load(t, wasm, plugin.Options{})
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { module.Run(t, c, update) })
	}
}
