package cli

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/plugins"
)

// TestWatch changes the files of a test that is watched, and sees it run again:
// once for each change, and not without one.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	module, _ := plugins.Lookup("topic-selector")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const cases = "cases: [{name: n, events: ['{\"weight\": 11}'], expect: [{topic: heavy}]}]"
	write("m.wasm", string(module))
	write("tests.yaml", cases)

	said, end := io.Pipe()
	a := &app{out: &terminal{Writer: io.Discard}, err: &terminal{Writer: end}}
	cmd := a.testCommand()
	test := &tester{app: a, cmd: cmd, only: regexp.MustCompile(""), args: []string{dir}, flags: testFlags{output: outputText, cache: cacheFlag{dir: off}}}
	ctx, cancel := context.WithCancel(t.Context())
	ticks, ended := make(chan time.Time), make(chan error, 1)
	go func() {
		ended <- test.watch(ctx, ticks)
		_ = end.Close() // of a pipe, which cannot fail
	}()
	lines := bufio.NewScanner(said)
	wants := func(want string) {
		t.Helper()
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("said %q, want %q", lines.Text(), want)
		}
	}
	for _, step := range []struct {
		name, text, want string
	}{
		{want: "ok: 1 case"},
		{"tests.yaml", strings.Replace(cases, "heavy", "light", 1), "1 of 1 case failed"},
		{"m.wasm", "\x00asm", "truncated"},
		{"m.wasm", string(module), "1 of 1 case failed"},
		{"tests.yaml", "cases: 1", "must be a map"},
		{"tests.yaml", cases, "ok: 1 case"},
	} {
		if step.name != "" {
			write(step.name, step.text)
			ticks <- time.Time{}
		}
		wants(step.want)
		for !strings.Contains(lines.Text(), "waiting for a change") {
			wants("")
		}
		ticks <- time.Time{} // finds nothing
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
