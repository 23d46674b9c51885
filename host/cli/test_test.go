package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/plugins"
)

// watching is a test command that watches a folder.
type watching struct {
	t     *testing.T
	dir   string
	lines *bufio.Scanner // what it says
	ticks chan time.Time
	stop  func()
}

// watchFolder begins to watch a folder with files.
func watchFolder(t *testing.T, files map[string]string, flags testFlags) *watching {
	t.Helper()
	said, end := io.Pipe()
	// A tick waits for nobody: files are looked at after the one before, too, and
	// a change that is found then leaves it over.
	w := &watching{t: t, dir: t.TempDir(), lines: bufio.NewScanner(said), ticks: make(chan time.Time, 64)}
	for name, text := range files {
		w.write(name, text)
	}
	a := &app{out: &terminal{Writer: io.Discard}, err: &terminal{Writer: end}, environ: os.Environ()}
	flags.output, flags.cache = outputText, cacheFlag{dir: off}
	test := &tester{app: a, cmd: a.testCommand(), only: regexp.MustCompile(""), args: []string{w.dir}, flags: flags}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- test.watch(ctx, w.ticks)
		_ = end.Close() // of a pipe, which cannot fail
	}()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	return w
}

// write puts a file there at once: half of one would be a change of its own.
func (w *watching) write(name, text string) {
	w.t.Helper()
	whole := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(whole, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(whole, filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

// says wants a run to say something, and to wait for a change then.
func (w *watching) says(want string) {
	w.t.Helper()
	found := false
	for w.lines.Scan() {
		found = found || strings.Contains(w.lines.Text(), want)
		if strings.Contains(w.lines.Text(), "waiting for a change") {
			break
		}
	}
	if !found {
		w.t.Fatalf("said up to %q nothing of %q", w.lines.Text(), want)
	}
	w.ticks <- time.Time{} // finds nothing
}

// TestWatch changes the files of a test that is watched, and sees it run again:
// once for each change, and not without one.
func TestWatch(t *testing.T) {
	binary, _ := plugins.Lookup("topic-selector")
	module := string(binary)
	const cases = "cases: [{name: n, events: ['{\"weight\": 11}'], expect: [{topic: heavy}]}]"
	w := watchFolder(t, map[string]string{"m.wasm": module, "tests.yaml": cases}, testFlags{})
	w.says("ok: 1 case")
	for _, step := range []struct{ name, text, want string }{
		{"tests.yaml", strings.Replace(cases, "heavy", "light", 1), "1 of 1 case failed"},
		{"m.wasm", "\x00asm", "truncated"},
		{"m.wasm", module, "1 of 1 case failed"},
		{"tests.yaml", "cases: 1", "must be a map"},
		{"tests.yaml", cases, "ok: 1 case"},
	} {
		w.write(step.name, step.text)
		w.ticks <- time.Time{}
		w.says(step.want)
	}
	w.stop()
}

// dropping is the source of a module that drops all, or passes all on.
const dropping = `(module
  (memory (export "memory") 2)
  (func (export "weir_abi_1"))
  (func (export "weir_buffer") (param i32) (result i32) (i32.const 65536))
  (func (export "weir_process") (param $table i32) (param $count i32) (result i64)
    (i64.const 0)))`

var passing = strings.Replace(dropping, "(i64.const 0)",
	"(i64.or (i64.shl (i64.extend_i32_u (local.get $table)) (i64.const 32)) (i64.extend_i32_u (local.get $count)))", 1)

// TestWatchBuild builds a project whenever a file of it changes, also one that
// is new.
func TestWatchBuild(t *testing.T) {
	if _, err := exec.LookPath("wat2wasm"); err != nil {
		t.Skip("there is no wat2wasm")
	}
	w := watchFolder(t, map[string]string{
		"main.wat":    dropping,
		"plugin.yaml": "name: m\nversion: 1.0.0\ndescription: Of a test.\n",
		"tests.yaml":  "cases: [{name: n, events: [a], expect: [a]}]",
	}, testFlags{build: true})
	w.says("1 of 1 case failed")
	for _, step := range []struct{ name, text, want string }{
		{"main.wat", passing, "ok: 1 case"},
		{"main.wat", "(module", "the build failed"},
		{"main.wat", passing, "ok: 1 case"},
		{"README.md", "new", "ok: 1 case"},
	} {
		w.write(step.name, step.text)
		w.ticks <- time.Time{}
		w.says(step.want)
	}
	w.stop()
}
