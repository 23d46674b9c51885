package trial_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	wt "github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/trial"
)

// TestRandom gives made-up events to modules that keep the promises of a module
// and to such that break one each.
func TestRandom(t *testing.T) {
	for _, tc := range []struct {
		name   string
		module *wt.Module
		more   string // of the case
		what   string // of the mismatch; "" passes
		got    string
	}{
		{name: "passes all on", module: wt.Passthrough()},
		{name: "drops all", module: wt.DropAll()},
		{name: "routes all", module: wt.Route("heavy")},
		{name: "rejects some", module: wt.RejectOn('a', "no")},
		{name: "traps on one", module: wt.TrapOn('{'), what: "made-up event ", got: "trap: weir_process: wasm error: unreachable"},
		{name: "breaks the ABI on one", module: wt.LieOn('{', 4, 64), what: "made-up event ", got: "flags"},
		{name: "goes by the place in the batch", module: firstOnly(), what: ", in batches of one event", got: "from 0"},
		{name: "may go by it", module: firstOnly(), more: "stateful: true"},
		{name: "keeps what it saw", module: forgetting(), what: ", in batches of one event"},
		{name: "grows", module: growing(), what: "memory", got: "goes on growing"},
		{name: "does not open", module: wt.Refuse("no"), what: "open", got: "no"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			suite, err := trial.ParseSuite("tests.yaml", []byte("cases: [{name: n, random: 400, "+tc.more+"}]"))
			if err != nil {
				t.Fatal(err)
			}
			o := check(t, loadMade(t, tc.module), suite.Cases[0])
			switch {
			case tc.what == "" && !o.Passed():
				t.Errorf("does not pass: %+v", o.Mismatches)
			case tc.what == "":
			case len(o.Mismatches) != 1:
				t.Errorf("%d mismatches, want one: %+v", len(o.Mismatches), o.Mismatches)
			case !strings.Contains(o.Mismatches[0].What, tc.what) || !strings.Contains(o.Mismatches[0].Got, tc.got):
				t.Errorf("%+v, want %q of %q", o.Mismatches[0], tc.got, tc.what)
			}
		})
	}
}

// firstOnly passes on the first event of each batch.
func firstOnly() *wt.Module {
	return wt.Guest(func(wt.Imports) []byte {
		return wt.Code(wt.I32(1), wt.Set(wt.End), wt.Result(wt.Table, wt.End))
	})
}

// forgetting drops the first batch and passes on the others.
func forgetting() *wt.Module {
	const seen = 8 // where it keeps that there was one
	return wt.Guest(func(wt.Imports) []byte {
		return wt.Code(
			wt.I32(seen), wt.Load(0), wt.I32(0), wt.Eq,
			wt.If(wt.I32(seen), wt.I32(1), wt.Store(0), wt.I64(0), wt.Return),
			wt.Result(wt.Table, wt.Count))
	})
}

// growing asks for a page with each batch.
func growing() *wt.Module {
	return wt.Guest(func(wt.Imports) []byte {
		return wt.Code(wt.I32(1), wt.MemoryGrow, wt.Drop, wt.Result(wt.Table, wt.Count))
	})
}

// TestRandomSamples shows that a case's own events are the seed of others, and
// that the events are the same each time.
func TestRandomSamples(t *testing.T) {
	m := load(t, obedient)
	suite, err := trial.ParseSuite("tests.yaml", []byte("cases: [{name: n, random: 300, events: [trap always]}]"))
	if err != nil {
		t.Fatal(err)
	}
	first, again := check(t, m, suite.Cases[0]), check(t, m, suite.Cases[0])
	if first.Passed() || !strings.Contains(first.Mismatches[0].Got, "trap always") {
		t.Errorf("%+v, want one with the sample", first.Mismatches)
	}
	if first.Mismatches[0] != again.Mismatches[0] {
		t.Errorf("the same case gives %+v and %+v", first.Mismatches, again.Mismatches)
	}
}

func FuzzParseSuite(f *testing.F) {
	for _, file := range []string{"read", "check"} {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(text), "----") {
			if _, yaml, ok := strings.Cut(part, "cases:"); ok {
				f.Add("cases:" + yaml)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		suite, err := trial.ParseSuite("tests.yaml", []byte(text))
		if err == nil && len(suite.Cases) == 0 {
			t.Error("no cases and no fault")
		}
	})
}
