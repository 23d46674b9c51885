// Package conformancetest runs cases of the conformance kit in Go tests.
package conformancetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
)

// Folder runs the cases of a folder against the module that ref names, as
// plugin.Loader finds it. With update, what comes of the cases is written into
// their files as what is expected.
func Folder(t *testing.T, ref string, opts plugin.Options, folder string, update bool) {
	t.Helper()
	cases, err := conformance.ReadCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	each(t, ref, opts, cases, func(t *testing.T, r *conformance.Result) {
		if !update {
			Report(t, r)
		} else if err := os.WriteFile(filepath.Join(folder, r.Case.Name+".txtar"), r.Accept(), 0o644); err != nil {
			t.Error(err)
		}
	})
}

// Sets runs the kit's own cases of some sets.
func Sets(t *testing.T, ref string, opts plugin.Options, sets ...conformance.Set) {
	t.Helper()
	var cases []*conformance.Case
	for _, set := range sets {
		more, err := conformance.Cases(set)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, more...)
	}
	each(t, ref, opts, cases, Report)
}

func each(t *testing.T, ref string, opts plugin.Options, cases []*conformance.Case, then func(*testing.T, *conformance.Result)) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // which ends before what is cleaned up
	module, err := conformance.Load(ctx, ref, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := module.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	for _, c := range cases {
		t.Run(string(c.Set)+"/"+c.Name, func(t *testing.T) {
			r, err := module.Run(ctx, c, "")
			if err != nil {
				t.Fatal(err)
			}
			then(t, r)
		})
	}
}

// Report fails the test when the module failed the case.
func Report(t *testing.T, r *conformance.Result) {
	t.Helper()
	for _, fault := range r.Faults {
		t.Errorf("%s", strings.Join(fault.Lines(), "\n"))
	}
}
