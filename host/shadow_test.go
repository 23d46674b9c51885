package host_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/telemetry"
)

// shadowed is a configuration of one pipeline through a.wasm with more to say of
// its processor.
func shadowed(more string) string {
	return siteHead + "  p: {source: {topic: in, group_id: g}, processors: [{name: m, module: DIR/a.wasm, on_error: drop" + more + "}], sink: {topic: out}}\n"
}

// compares waits until a shadow has seen so many records.
func (s *site) compares(records uint64) *telemetry.ShadowSample {
	s.t.Helper()
	var seen *telemetry.ShadowSample
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if seen = s.host.Samples()[0].Processors[0].Shadow; seen != nil && seen.Same+total(seen.Different) == records {
			return seen
		}
	}
	s.t.Fatalf("the shadow never sees %d records: %+v", records, seen)
	return nil
}

func total(counts []telemetry.CountSample) (sum uint64) {
	for _, c := range counts {
		sum += c.Count
	}
	return sum
}

func count(counts []telemetry.CountSample, name string) uint64 {
	for _, c := range counts {
		if c.Name == name {
			return c.Count
		}
	}
	return 0
}

// TestShadow has a candidate beside a module: what it makes is told of, and never
// written. It comes, changes and goes while events flow.
func TestShadow(t *testing.T) {
	s := startSite(t, shadowed(", shadow: DIR/b.wasm"), "in", "out")
	for i := range 3 { // one by one, so that none is dropped
		s.send("in", fmt.Sprint("-", i))
		s.delivers("p", uint64(i+1))
		s.compares(uint64(i + 1))
	}
	before := s.rebalances("p")
	seen := s.compares(3)
	if count(seen.Different, "value") != 3 || count(seen.Batches, "compared") != 3 || seen.Live.Fuel == 0 || seen.Live.Fuel != seen.Candidate.Fuel || seen.Candidate.Seconds <= 0 {
		t.Errorf("the shadow of another module saw %+v", seen)
	}
	want := []api.Difference{}
	for i := range 3 {
		want = append(want, api.Difference{Processor: "m", Kind: "value", Record: api.Place{Topic: "in", Offset: int64(i)}, Live: fmt.Sprint("a", i), Candidate: fmt.Sprint("b", i)})
	}
	if diff := cmp.Diff(want, s.host.API().Differences("p")); diff != "" {
		t.Error(diff)
	}

	// The file of the candidate changes: it is compared anew.
	s.put("b.wasm", wasmtest.SetByte('a').Bytes())
	s.reload(shadowed(", shadow: DIR/b.wasm"), "swap p")
	s.send("in", "-3")
	s.delivers("p", 4)
	if seen = s.compares(1); seen.Same != 1 {
		t.Errorf("the shadow of an equal module saw %+v", seen)
	}
	s.reload(shadowed(", shadow: DIR/b.wasm"), "")

	// What traps in the candidate fails nothing.
	s.put("b.wasm", wasmtest.TrapOn('x').Bytes())
	s.reload(shadowed(", shadow: {module: DIR/b.wasm, sample: 100%}"), "swap p")
	s.send("in", "x4")
	s.delivers("p", 5)
	if seen = s.compares(1); count(seen.Different, "failure") != 1 || count(seen.Candidate.Failed, "trap") != 1 || len(seen.Live.Failed) != 0 {
		t.Errorf("the shadow of a module that traps saw %+v", seen)
	}

	s.reload(shadowed(""), "swap p")
	s.send("in", "-5")
	s.delivers("p", 6)
	if seen := s.host.Samples()[0].Processors[0].Shadow; seen != nil || len(s.host.API().Differences("p")) != 0 {
		t.Errorf("without a shadow there is %+v", seen)
	}
	if after := s.rebalances("p"); after != before {
		t.Errorf("shadows cost %d rebalances", after-before)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s.holds("out", "a0", "a1", "a2", "a3", "a4", "a5")
}

// TestShadowOfAReload: when the live module is replaced, the comparison begins anew.
func TestShadowOfAReload(t *testing.T) {
	s := startSite(t, shadowed(", shadow: DIR/b.wasm"), "in", "out")
	s.send("in", "-0")
	s.delivers("p", 1)
	s.compares(1)
	s.put("a.wasm", wasmtest.SetByte('b').Bytes())
	s.reload(shadowed(", shadow: DIR/b.wasm"), "swap p")
	s.send("in", "-1")
	s.delivers("p", 2)
	if seen := s.compares(1); seen.Same != 1 {
		t.Errorf("%+v", seen)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s.holds("out", "a0", "b1")
}

// A candidate is held to what a module is held to, and told apart from it.
func TestShadowIsRefused(t *testing.T) {
	s := startSite(t, shadowed(""), "in", "out")
	s.put("refusing.wasm", wasmtest.Refuse("a limit is missing").Bytes())
	s.put("text.wasm", []byte("text"))
	for module, want := range map[string]string{
		"refusing.wasm": "processor m: shadow: module DIR/refusing.wasm: open: the module refuses its config: a limit is missing",
		"text.wasm":     "processor m: shadow: module DIR/text.wasm: a text file, not WebAssembly",
	} {
		s.write(shadowed(", shadow: DIR/" + module))
		_, err := s.host.Reload(t.Context())
		var rejected *host.ModuleError
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(want, "DIR", s.dir)) || !errors.As(err, &rejected) {
			t.Errorf("%s: error %v, want %s", module, err, want)
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// Where something of events is redacted, differences show nothing that they hold.
func TestDifferencesAreRedacted(t *testing.T) {
	s := startSite(t, "admin: {redact: {fields: [name]}}\n"+shadowed(", shadow: DIR/b.wasm"), "in", "out")
	s.send("in", "-0")
	s.delivers("p", 1)
	s.compares(1)
	want := []api.Difference{{Processor: "m", Kind: "value", Record: api.Place{Topic: "in"}, Live: "***", Candidate: "***"}}
	if diff := cmp.Diff(want, s.host.API().Differences("p")); diff != "" {
		t.Error(diff)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// A tenant's candidate computes on the tenant's account, beside what is live.
func TestShadowOfATenant(t *testing.T) {
	h, client, err := tenantsOf(t, `
connections: {main: {bootstrap_servers: "BROKER"}}
tenants:
  shop:
    pipelines:
      p: {source: {topic: shop.in, auto_offset_reset: earliest}, processors: [{name: m, module: DIR/a.wasm, shadow: DIR/b.wasm}], sink: {topic: shop.out}}
`, map[string]*wasmtest.Module{"a": wasmtest.SetByte('a'), "b": wasmtest.SetByte('b')}, map[string][]string{"shop.in": {"-0", "-1"}}, "shop.in", "shop.out")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"shop.out": {"a0", "a1"}}, contents(t, client, "shop.out")); diff != "" {
		t.Error(diff)
	}
	seen := h.Samples()[0].Processors[0].Shadow
	if count(seen.Different, "value") == 0 || seen.Same != 0 || count(seen.Batches, "broken") != 0 {
		t.Errorf("the shadow saw %+v", seen)
	}
	if usage := h.Usage()[0]; usage.Fuel < seen.Live.Fuel+seen.Candidate.Fuel {
		t.Errorf("the tenant has used %d fuel, but both sides %d and %d", usage.Fuel, seen.Live.Fuel, seen.Candidate.Fuel)
	}
}
