package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/config"
)

// TestDiffPipelines changes one thing of a pipeline at a time.
func TestDiffPipelines(t *testing.T) {
	const base = `
connections: {main: {bootstrap_servers: "a:9092", sasl_mechanism: PLAIN, security_protocol: SASL_SSL, sasl_username: u, sasl_password: first, schema_registry: "http://r:1"}}
pipelines:
  p:
    source: {topic: in, group_id: g}
    on_error: {default: drop, trap: stop}
    circuit_breaker: {errors: 20%}
    processors:
      - {name: keys, key_filter: {prefix: [a]}}
      - {name: dec, schema: {decode: {mode: keep}}}
      - {name: fields, module: builtin:json-fields, config: {set: {x: 1}}, limits: {timeout: 2s}}
    sink: {topic: out}
`
	for _, tc := range []struct {
		name, from, to string
		moves          bool
		want           []string
	}{
		{"nothing", "", "", true, nil},
		{"a comment and an order of keys", "{topic: in, group_id: g}", "{group_id: g, topic: in} # here", true, nil},
		{"the topic", "topic: in,", "topic: [in, more],", false, []string{"source.topic: in > in,more"}},
		{"another source", "source: {topic: in, group_id: g}", "source: [{topic: in, group_id: g}, {topic: more, group_id: g}]", false, []string{"source: 1 > 2"}},
		{"a password", "first", "second", false, []string{"source.sasl.password: *** > ***", "sink.sasl.password: *** > ***"}},
		{"the brokers", "a:9092", "b:9092", false, []string{"source.bootstrap.servers: a:9092 > b:9092", "sink.bootstrap.servers: a:9092 > b:9092"}},
		{"the registry", "http://r:1", "http://r:2", true, []string{"processors.dec.schema.registry.url: [http://r:1] > [http://r:2]"}},
		{"what sinks wait for", "sink: {topic: out}", "sink: {topic: out, linger_ms: 50}", false, []string{"sink.linger.ms: 5 > 50"}},
		{"a policy of all", "on_error: {default: drop, trap: stop}", "on_error: {default: drop, trap: stop, fuel: stop}", true, []string{"processors.keys.on_error.fuel: drop > stop", "processors.dec.on_error.fuel: drop > stop", "processors.fields.on_error.fuel: drop > stop", "on_error.fuel: drop > stop"}},
		{"a policy of one", "limits: {timeout: 2s}}", "limits: {timeout: 2s}, on_error: {retry: {max: 2, then: drop}}}", true, nil},
		{"how long is waited", "trap: stop", "trap: {retry: {max: 2, backoff: 1s}}", true, nil},
		{"the breaker", "errors: 20%", "errors: 30%", true, []string{"circuit_breaker.errors: 0.2 > 0.3"}},
		{"a rule of keys", "prefix: [a]", "prefix: [b]", true, []string{"processors.keys.key_filter.patterns: [prefix a] > [prefix b]"}},
		{"more keys", "prefix: [a]", "prefix: [a, b]", true, []string{"processors.keys.key_filter.patterns: [prefix a] > [prefix a prefix b]"}},
		{"a config", "x: 1", "x: 2", true, []string{`processors.fields.config: {"set":{"x":1}} > {"set":{"x":2}}`}},
		{"a secret in it", "x: 1", `x: "${file:SECRET}"`, true, []string{`processors.fields.config: *** > ***`}},
		{"a limit", "timeout: 2s", "timeout: 3s", true, []string{"processors.fields.limits.timeout: 2s > 3s"}},
		{"where batches are kept", "limits:", "capture: {dir: /x}, limits:", true, []string{"processors.fields.capture.dir:  > /x", "processors.fields.capture.max:  > 20"}},
		{"a module", "builtin:json-fields, config: {set: {x: 1}}", "builtin:topic-selector", true, []string{"processors.fields.module: builtin:json-fields > builtin:topic-selector", `processors.fields.config: {"set":{"x":1}} > `}},
		{"one less", "      - {name: dec, schema: {decode: {mode: keep}}}\n", "", true, []string{"processors.dec: set > "}},
		{"one more", "    sink:", "      - {name: more, module: builtin:topic-selector}\n    sink:", true, []string{"processors.more:  > set"}},
		{"delivery", "    sink:", "    delivery: exactly_once\n    sink:", false, nil},
		{"where dead letters go", "    sink:", "    dead_letter: dead\n    sink:", true, []string{"dead_letter.topic:  > dead"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			secret := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secret, []byte("hidden"), 0o600); err != nil {
				t.Fatal(err)
			}
			text := strings.Replace(base, tc.from, tc.to, 1)
			if text == base && tc.from != tc.to {
				t.Fatalf("%q is not in the configuration", tc.from)
			}
			was, is := specIn(t, base), specIn(t, strings.ReplaceAll(text, "SECRET", secret))
			changes, moves := diffPipelines(was.Pipelines[0], is.Pipelines[0])
			var got []string
			for _, c := range changes {
				got = append(got, fmt.Sprintf("%s: %s > %s", c.Path, c.Was, c.Is))
			}
			if diff := cmp.Diff(tc.want, got); tc.want != nil && diff != "" || (tc.from == tc.to || tc.name == "a comment and an order of keys") != (len(got) == 0) {
				t.Errorf("changes %q (-want +got)\n%s", got, diff)
			}
			if moves != tc.moves {
				t.Errorf("it can go on with that: %v, want %v", moves, tc.moves)
			}
			if strings.Contains(fmt.Sprint(got), "hidden") || strings.Contains(fmt.Sprint(got), "second") {
				t.Errorf("a secret is shown: %q", got)
			}
		})
	}
}

func specIn(t *testing.T, text string) *Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, faults := LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	if faults.Err() != nil {
		t.Fatal(faults)
	}
	return spec
}
