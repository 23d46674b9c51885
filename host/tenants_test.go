package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/tenant"
)

// tenantsOf runs a configuration, in which BROKER stands for its brokers and
// DIR/NAME.wasm for modules, until all that the topics hold is done.
func tenantsOf(t *testing.T, text string, modules map[string]*wasmtest.Module, records map[string][]string, topics ...string) (*host.Host, *broker.Client, error) {
	t.Helper()
	var made []broker.Topic
	for _, name := range topics {
		made = append(made, broker.Topic{Name: name, Partitions: 1})
	}
	b, client := brokertest.Start(t, made...)
	dir := t.TempDir()
	for name, m := range modules {
		if err := os.WriteFile(filepath.Join(dir, name+".wasm"), m.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for topic, values := range records {
		for _, v := range values {
			if err := client.Produce(t.Context(), broker.Record{Topic: topic, Value: []byte(v)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	h, err := host.New(t.Context(), specOf(t, strings.NewReplacer("BROKER", b.Addr(), "DIR", dir).Replace(text)), host.Options{ExitAtEnd: true})
	if err != nil {
		t.Fatal(err)
	}
	err = h.Run(t.Context(), nil)
	if e := h.Close(context.WithoutCancel(t.Context())); e != nil {
		t.Error(e)
	}
	return h, client, err
}

// contents are the values of topics, dead letters with their class.
func contents(t *testing.T, client *broker.Client, topics ...string) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	if err := client.Read(t.Context(), topics, func(r *broker.Record) {
		value := string(r.Value)
		for _, h := range r.Headers {
			if h.Name == "weir.error.class" {
				value += " " + string(h.Value)
			}
		}
		got[r.Topic] = append(got[r.Topic], value)
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// Whatever a module writes, its tenant's topics are all that it reaches.
func TestTenantWritesItsTopics(t *testing.T) {
	const text = `
connections: {kafka: {bootstrap_servers: "BROKER"}}
pipelines:
  operator: {source: {topic: in, group_id: o, auto_offset_reset: earliest}, processors: [{module: DIR/theirs.wasm}], sink: {}}
tenants:
  acme:
    pipelines:
      theirs: &p {source: {topic: acme.in, auto_offset_reset: earliest}, processors: [{module: DIR/theirs.wasm}], sink: {topic: acme.out}, on_error: dead_letter, dead_letter: acme.dead}
      none: {<<: *p, processors: [{module: DIR/none.wasm}]}
      own: {<<: *p, processors: [{module: DIR/own.wasm}]}
      more: {<<: *p, processors: [{module: DIR/more.wasm}]}
  umbrella:
    allow: {write: []}
    pipelines:
      mute: {source: {topic: umbrella.in, auto_offset_reset: earliest}, processors: [{module: DIR/theirs.wasm}], sink: {}, on_error: {default: stop, forbidden_topic: drop}}
`
	topics := []string{"in", "acme.in", "acme.out", "acme.other", "acme.dead", "acmee.secret", "umbrella.in", "umbrella.secret"}
	h, client, err := tenantsOf(t, text,
		map[string]*wasmtest.Module{
			"theirs": wasmtest.Route("umbrella.secret"), "none": wasmtest.Passthrough(),
			"own": wasmtest.Route("acme.other"), "more": wasmtest.Route("acmee.secret"),
		},
		map[string][]string{"in": {"o"}, "acme.in": {"a", "b"}, "umbrella.in": {"u"}}, topics...)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"umbrella.secret": {"o"}, // of the operator, whom nothing binds
		"acme.out":        {"a", "b"}, "acme.other": {"a", "b"},
		"acme.dead": {"a forbidden_topic", "a forbidden_topic", "b forbidden_topic", "b forbidden_topic"},
	}
	got := contents(t, client, "acme.out", "acme.other", "acme.dead", "acmee.secret", "umbrella.secret")
	slices.Sort(got["acme.dead"])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	usage := h.Usage()
	ignore := cmpopts.IgnoreFields(tenant.Usage{}, "CPU", "MemorySeconds", "Fuel", "WaitedCPU")
	if diff := cmp.Diff([]host.TenantUsage{
		{Name: "acme", Pipelines: 4, Quota: tenant.Quota{Weight: 100}, Usage: tenant.Usage{Events: 8, Bytes: 8}},
		{Name: "umbrella", Pipelines: 1, Quota: tenant.Quota{Weight: 100}, Usage: tenant.Usage{Events: 1, Bytes: 1}},
	}, usage, ignore); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	for _, u := range usage {
		if u.Fuel == 0 || u.CPU == 0 || u.MemorySeconds == 0 {
			t.Errorf("%s has used %+v", u.Name, u)
		}
	}
}

// A tenant names nothing of another, in whatever way a configuration can name it.
func TestTenantNamesNothingOfOthers(t *testing.T) {
	const (
		in  = "source: {topic: acme.in}"
		out = "sink: {topic: acme.out}"
	)
	exact := func(sink string) string { return in + ", delivery: exactly_once, sink: {topic: acme.out" + sink + "}" }
	for name, pipeline := range map[string]string{
		"topic may not read":           "source: {topic: umbrella.in}, " + out,
		"topic of a list":              "source: {topic: [acme.in, umbrella.in]}, " + out,
		"topic of a second source":     "source: [{topic: acme.in}, {topic: umbrella.in}], " + out,
		"topic by expression":          "source: {topic: '^.*in'}, " + out,
		"topic by expression of parts": `source: {topic: '^acme\.in|umbrella'}, ` + out,
		"topic without the dot":        "source: {topic: acmee}, " + out,
		"topic may not write":          in + ", sink: {topic: umbrella.out}",
		"dead_letter":                  in + ", on_error: dead_letter, dead_letter: umbrella.dead, " + out,
		"group_id":                     "source: {topic: acme.in, group_id: umbrella.orders}, " + out,
		"group_id of a second":         "source: [{topic: acme.in}, {topic: acme.in, group_id: umbrella}], " + out,
		"group_id of no members":       "source: {topic: acme.in, partitions: 0, group_id: umbrella.orders}, " + out,
		"transactional_id":             exact(", transactional_id: umbrella.t"),
		"connection":                   "source: {topic: acme.in, connection: umbrella/own}, " + out,
		"connection own":               "source: {topic: acme.in, connection: own}, " + out,
		"bootstrap_servers":            "source: {topic: acme.in, bootstrap_servers: evil}, " + out,
		"sasl_username":                in + ", sink: {topic: acme.out, sasl_username: umbrella}",
		"ssl_key_location":             "source: {topic: acme.in, ssl_key_location: key.pem}, " + out,
		"module":                       in + ", processors: [{module: umbrella/m.wasm}], " + out,
		"module by another way":        in + ", processors: [{module: acme/../umbrella/m.wasm}], " + out,
		"module by its URL":            in + ", processors: [{module: 'file:umbrella/m.wasm'}], " + out,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"acme", "umbrella"} {
				if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, folder, "m.wasm"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text := func(pipeline string) string {
				return fmt.Sprintf(`
connections: {main: {bootstrap_servers: k}}
tenants:
  acme: {modules: {allow: [acme/*]}, pipelines: {p: {%s}}}
  umbrella: {connections: {own: {bootstrap_servers: u}}}
`, pipeline)
			}
			load := func(pipeline string) config.Faults {
				file := filepath.Join(dir, "weir.yaml")
				if err := os.WriteFile(file, []byte(text(pipeline)), 0o600); err != nil {
					t.Fatal(err)
				}
				_, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
				return faults.Errors()
			}
			if faults := load(in + ", processors: [{module: acme/m.wasm}], " + out); len(faults) > 0 {
				t.Fatalf("what it may: %v", faults)
			}
			key, _, _ := strings.Cut(name, " ")
			faults := load(pipeline)
			if len(faults) != 1 || !strings.Contains(faults[0].Path+faults[0].Message, key) || faults[0].Pos.Line != 4 {
				t.Errorf("faults %v, want one of %s", faults, key)
			}
		})
	}
}

// A tenant's memory is one for all its instances, and what is over fails by itself.
func TestTenantMemory(t *testing.T) {
	grow := wasmtest.Code(wasmtest.I32(16), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.Eq, wasmtest.If(wasmtest.Unreachable))
	bomb := wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.PerEvent(wasmtest.On('x', grow)) })
	_, client, err := tenantsOf(t, `
connections: {kafka: {bootstrap_servers: "BROKER"}}
tenants:
  acme:
    quota: {memory: 1MiB}
    pipelines:
      bomb: {source: {topic: acme.in, auto_offset_reset: earliest}, processors: [{module: DIR/bomb.wasm}], sink: {topic: acme.out}, on_error: dead_letter, dead_letter: acme.dead}
  umbrella:
    pipelines:
      bomb: {source: {topic: umbrella.in, auto_offset_reset: earliest}, processors: [{module: DIR/bomb.wasm}], sink: {topic: umbrella.out}}
`, map[string]*wasmtest.Module{"bomb": bomb}, map[string][]string{"acme.in": {"x", "x", "a"}, "umbrella.in": {"x", "x", "a"}},
		"acme.in", "acme.out", "acme.dead", "umbrella.in", "umbrella.out")
	if err != nil {
		t.Fatal(err)
	}
	got := contents(t, client, "acme.out", "acme.dead", "umbrella.out")
	if diff := cmp.Diff([]string{"x", "x", "a"}, got["umbrella.out"]); diff != "" {
		t.Errorf("of the other (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"x trap", "x trap"}, got["acme.dead"]); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a"}, got["acme.out"]); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// A tenant that is at its instances is told so, and the others run.
func TestTenantInstances(t *testing.T) {
	_, client, err := tenantsOf(t, `
connections: {kafka: {bootstrap_servers: "BROKER"}}
tenants:
  acme:
    quota: {instances: 1}
    pipelines:
      two: {source: {topic: acme.in, auto_offset_reset: earliest}, processors: [{module: DIR/m.wasm}, {module: DIR/m.wasm}], sink: {topic: acme.out}}
  umbrella:
    pipelines:
      one: {source: {topic: umbrella.in, auto_offset_reset: earliest}, processors: [{module: DIR/m.wasm}], sink: {topic: umbrella.out}}
`, map[string]*wasmtest.Module{"m": wasmtest.Passthrough()}, map[string][]string{"acme.in": {"a"}, "umbrella.in": {"u"}},
		"acme.in", "acme.out", "umbrella.in", "umbrella.out")
	if err == nil || !strings.Contains(err.Error(), "acme/two") || strings.Contains(err.Error(), "umbrella") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(map[string][]string{"umbrella.out": {"u"}}, contents(t, client, "acme.out", "umbrella.out")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is read keeps to the quota, and all of it comes.
func TestTenantEvents(t *testing.T) {
	began := time.Now()
	h, client, err := tenantsOf(t, `
connections: {kafka: {bootstrap_servers: "BROKER"}}
tenants:
  acme:
    quota: {events_per_second: 20}
    pipelines:
      p: {source: {topic: acme.in, auto_offset_reset: earliest}, sink: {topic: acme.out}}
`, nil, map[string][]string{"acme.in": strings.Split(strings.Repeat("a", 50), "")}, "acme.in", "acme.out")
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("read in %v", took)
	}
	if got := contents(t, client, "acme.out")["acme.out"]; len(got) != 50 {
		t.Errorf("%d of 50 events came", len(got))
	}
	if u := h.Usage()[0]; u.Events != 50 || u.WaitedEvents < 900*time.Millisecond {
		t.Errorf("usage %+v", u)
	}
}
