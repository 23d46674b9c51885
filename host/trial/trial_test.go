package trial_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
	"github.com/weirhq/weir/plugins"
)

// TestMain has -rewrite of datadriven parsed before it is looked at.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

// obedient is the conformance kit's guest: it does what an event's value says.
const obedient = "../../sdk/conformance/guests/rust/rust.wasm"

func load(t testing.TB, ref string) *trial.Module {
	t.Helper()
	ctx := context.Background()
	m, err := trial.Load(ctx, ref, plugin.Options{Builtin: plugins.Lookup, CacheDir: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return m
}

func loadMade(t testing.TB, m *wasmtest.Module) *trial.Module {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(file, m.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, file)
}

// TestSuites runs testdata/read and testdata/check. A read gives the faults of
// a file of cases; a check runs the cases on the conformance guest and gives
// what is not as expected.
func TestSuites(t *testing.T) {
	m := load(t, obedient)
	for _, name := range []string{"read", "check"} {
		t.Run(name, func(t *testing.T) {
			datadriven.RunTest(t, filepath.Join("testdata", name), func(t *testing.T, d *datadriven.TestData) string {
				suite, err := trial.ParseSuite("tests.yaml", []byte(d.Input))
				if err != nil {
					return err.Error() + "\n"
				}
				if d.Cmd == "read" {
					return fmt.Sprintf("%d cases\n", len(suite.Cases))
				}
				var b strings.Builder
				for _, c := range suite.Cases {
					show(&b, check(t, m, c))
				}
				return b.String()
			})
		})
	}
}

func check(t testing.TB, m *trial.Module, c *trial.Case) *trial.Outcome {
	t.Helper()
	o, err := trial.Check(t.Context(), m, c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func show(b *strings.Builder, o *trial.Outcome) {
	if o.Passed() {
		fmt.Fprintf(b, "ok %s\n", o.Case.Name)
		return
	}
	fmt.Fprintf(b, "FAIL %s\n", o.Case.Name)
	for _, m := range o.Mismatches {
		fmt.Fprintf(b, "  %s: %s\n", m.Pos, m.What)
		for _, d := range trial.Diff(m.Want, m.Got) {
			fmt.Fprintf(b, "    %s %s\n", d.Sign, d.Text)
		}
	}
}

// TestGolden writes what comes of a case of everything and finds that it is as
// written, and what changed then.
func TestGolden(t *testing.T) {
	m := load(t, obedient)
	dir := t.TempDir()
	file := filepath.Join(dir, trial.File)
	write := func(text string) *trial.Case {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		suite, err := trial.ReadSuite(file)
		if err != nil {
			t.Fatal(err)
		}
		return suite.Cases[0]
	}
	const everything = `cases:
- name: everything
  golden: testdata/everything.yaml
  events:
  - set a null; set b bool true; set c int 5; set d float 2; set e text 5; set f bytes z; set g json {"a":[1]}; set h json nonsense
  - route heavy; partition 3; stamp 7; key k; header h 1; header h 2; nullheader n; value 2024-01-31
  - "null"
  - value; slice 0 0
  - reject because
  - trap on purpose
  - drop
  - {value_base64: L3ZhbHVlIP8=}
  - 'emit; value {"a": 1}'
  - log warn low; metric count n 2; metric gauge g 0.5; pass
`
	first := check(t, m, write(everything))
	if first.Passed() {
		t.Fatal("a golden file that is not there passed")
	}
	for _, want := range []bool{true, false} {
		changed, err := first.Update()
		if err != nil || changed != want {
			t.Fatalf("Update changed %v, error %v, want %v", changed, err, want)
		}
	}
	if again := check(t, m, write(everything)); !again.Passed() {
		t.Errorf("a golden file that was just written: %s", cmp.Diff(nil, again.Mismatches))
	}
	other := check(t, m, write(strings.Replace(everything, "route heavy", "route light", 1)))
	if len(other.Mismatches) != 1 || other.Mismatches[0].What != "output 1: topic" {
		t.Errorf("after a change: %+v", other.Mismatches)
	}
	if got := filepath.Base(other.Mismatches[0].Pos.File); got != "everything.yaml" {
		t.Errorf("the mismatch is at %s, want the golden file", other.Mismatches[0].Pos)
	}
}

// TestMaxFuel has the fuel of a case told, the same each time, and a limit one
// below it broken.
func TestMaxFuel(t *testing.T) {
	m := load(t, obedient)
	run := func(more string) *trial.Outcome {
		suite, err := trial.ParseSuite("tests.yaml", []byte("cases: [{name: n, events: [upper, pass], "+more+"}]"))
		if err != nil {
			t.Fatal(err)
		}
		return check(t, m, suite.Cases[0])
	}
	fuel := run("dropped: []").Fuel
	if again := run("dropped: []").Fuel; fuel == 0 || fuel != again {
		t.Fatalf("%d fuel, and then %d", fuel, again)
	}
	if o := run(fmt.Sprintf("max_fuel: %d", fuel)); !o.Passed() {
		t.Errorf("with just enough: %+v", o.Mismatches)
	}
	o := run(fmt.Sprintf("max_fuel: %d", fuel-1))
	if len(o.Mismatches) != 1 || o.Mismatches[0].What != "fuel" || o.Mismatches[0].Got != fmt.Sprint(fuel) {
		t.Errorf("with one too little: %+v", o.Mismatches)
	}
}
