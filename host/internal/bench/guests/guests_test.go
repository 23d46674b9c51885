package main

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/sdk/conformance"
)

func TestCommittedGuestsAreFresh(t *testing.T) {
	if err := conformance.Fresh("../../../..", "host/internal/bench/guests/rust"); err != nil {
		t.Error(err)
	}
	for _, list := range []string{"c/c.sum", "zig/zig.sum", "assemblyscript/assemblyscript.sum"} {
		if err := conformance.Sums("../../../..", "host/internal/bench/guests/"+list); err != nil {
			t.Error(err)
		}
	}
}

// TestContenders runs each row once: newRunner checks that every contender does
// the work.
func TestContenders(t *testing.T) {
	loader, err := plugin.NewLoader(t.Context(), plugin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer loader.Close(t.Context())
	modules, err := guests(t.Context(), loader, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for _, c := range append(natives[:len(natives):len(natives)], modules...) {
			j, err := c.job(t.Context(), r.work)
			if err == nil && j.run != nil {
				err = (&runner{job: j, in: orders(r.batch, r.size)}).check(r.work)
			}
			if err != nil {
				t.Errorf("%s, %v: %v", c.name, r, err)
			}
			if r.work == pass {
				noAllocations(t, c.name, j, r)
			}
		}
	}
}

// noAllocations shows that the host allocates nothing for what passes through.
func noAllocations(t *testing.T, name string, j job, r row) {
	t.Helper()
	in := orders(r.batch, r.size)
	out := make([]event.Event, 0, len(in))
	allocs := testing.AllocsPerRun(50, func() {
		if _, err := j.run(in, out); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%s, %v: %v allocations a batch, want 0", name, r, allocs)
	}
}

func TestOrdersHaveTheirSize(t *testing.T) {
	for _, size := range []int{200, 1024} {
		for _, e := range orders(64, size) {
			if len(e.Value) != size {
				t.Fatalf("%d bytes, want %d: %s", len(e.Value), size, e.Value)
			}
		}
	}
}

func TestBarsAreHeld(t *testing.T) {
	var b strings.Builder
	holdAgainstBars(&b, map[row]map[string]result{
		{pass, 64, 200}: {"bare module": {ns: 91}},
		{pick, 64, 200}: {"Rust": {ns: 999.4, allocs: 1}},
	})
	for _, want := range []string{
		"bar bare module: pass, 200 B, batches of 64: 91 ns of 90, 0 allocations a batch: MISSED\n",
		"bar Rust: pick, 200 B, batches of 64: 999 ns of 1000, 1 allocations a batch: ok\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}
