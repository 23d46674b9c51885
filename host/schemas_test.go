package host_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/config"
)

const schemaConfig = `
connections:
  main: {bootstrap_servers: "BROKER", schema_registry: REGISTRY}
pipelines:
  p:
    source: {topic: in, group_id: g}
    processors:
      - schema: decode
      - module: builtin:json-fields
        config: {set: {seen: true}}
      - schema: {encode: {subject: out-value}}
    sink: {topic: out}
    on_error: dead_letter
    dead_letter: {topic: rejects}
`

// TestSchemaSteps takes records in one schema through a module to another
// schema; what has none goes to the dead letters as it was.
func TestSchemaSteps(t *testing.T) {
	registry := srfake.New()
	t.Cleanup(registry.Close)
	registry.SeedSchema("in-value", 1, 1, sr.Schema{Type: sr.TypeAvro, Schema: `{"type":"record","name":"R","fields":[{"name":"n","type":"int"}]}`})
	registry.SeedSchema("out-value", 1, 2, sr.Schema{Type: sr.TypeProtobuf, Schema: `syntax = "proto3"; message R { int32 n = 1; bool seen = 2; }`})
	b, client := brokertest.Start(t, schemaTopics...)
	framed := func(id uint32, payload ...byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{0}, id), payload...)
	}
	if err := client.Produce(t.Context(),
		broker.Record{Topic: "in", Value: framed(1, 2)}, broker.Record{Topic: "in", Value: []byte("plain")},
		broker.Record{Topic: "in", Value: framed(9, 2)}, broker.Record{Topic: "in", Value: framed(1, 4)},
	); err != nil {
		t.Fatal(err)
	}
	if err := runToEnd(t, strings.NewReplacer("BROKER", b.Addr(), "REGISTRY", registry.URL()).Replace(schemaConfig)); err != nil {
		t.Fatal(err)
	}
	got := written(t, client)
	want := []string{
		`out "\x00\x00\x00\x00\x02\x00\b\x01\x10\x01" `,
		`out "\x00\x00\x00\x00\x02\x00\b\x02\x10\x01" `,
		`rejects "\x00\x00\x00\x00\t\x02" schema`,
		`rejects "plain" schema`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSchemaRegistryAway stops a pipeline whose registry does not answer:
// nothing is written, to the dead letters neither, and what waited is read again.
func TestSchemaRegistryAway(t *testing.T) {
	registry := srfake.New()
	t.Cleanup(registry.Close)
	var away atomic.Bool
	away.Store(true)
	registry.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return away.Load()
	})
	registry.SeedSchema("in-value", 1, 1, sr.Schema{Type: sr.TypeJSON, Schema: `{}`})
	registry.SeedSchema("out-value", 1, 2, sr.Schema{Type: sr.TypeJSON, Schema: `{}`})
	b, client := brokertest.Start(t, schemaTopics...)
	if err := client.Produce(t.Context(), broker.Record{Topic: "in", Value: []byte("\x00\x00\x00\x00\x01{}")}); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("BROKER", b.Addr(), "REGISTRY", "{url: \""+registry.URL()+"\", give_up_after: 1ms}").Replace(schemaConfig)
	err := runToEnd(t, text)
	if err == nil || !strings.Contains(err.Error(), "processor schema: schema registry: schema id 1: "+registry.URL()+"/schemas/ids/1 answers 503") {
		t.Errorf("error %v", err)
	}
	if got := written(t, client); len(got) > 0 {
		t.Errorf("written: %v", got)
	}
	away.Store(false)
	if err := runToEnd(t, text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`out "\x00\x00\x00\x00\x02{\"seen\":true}" `}, written(t, client)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

var schemaTopics = []broker.Topic{{Name: "in", Partitions: 1}, {Name: "out", Partitions: 1}, {Name: "rejects", Partitions: 1}}

// written lists what the topics of schemaConfig hold.
func written(t *testing.T, client *broker.Client) []string {
	t.Helper()
	var got []string
	if err := client.Read(t.Context(), []string{"out", "rejects"}, func(r *broker.Record) {
		got = append(got, fmt.Sprintf("%s %q %s", r.Topic, r.Value, r.Header("weir.error.class")))
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

// runToEnd runs what a configuration says until it has read everything.
func runToEnd(t *testing.T, text string) error {
	t.Helper()
	spec := specOf(t, text)
	h, err := host.New(t.Context(), spec, host.Options{ExitAtEnd: true})
	if err != nil {
		t.Fatal(err)
	}
	err = h.Run(t.Context(), nil)
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if stopped, ok := errors.AsType[*host.StoppedError](err); ok {
		return errors.Join(stopped.Unwrap()...)
	}
	return err
}

func TestSchemaRegistryFilesAreReadAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "weir.yaml")
	text := strings.NewReplacer("BROKER", "none", "REGISTRY", "{url: https://none, ssl_cafile: /none.pem}").Replace(schemaConfig)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	if faults.Err() != nil {
		t.Fatal(faults)
	}
	_, err := host.New(t.Context(), spec, host.Options{})
	if err == nil || !strings.Contains(err.Error(), "weir.yaml:8:9: pipelines.p: processor schema: ssl_cafile: open /none.pem") {
		t.Errorf("error %v", err)
	}
}

// TestSchemasPage loads the configuration that the page on schemas shows.
func TestSchemasPage(t *testing.T) {
	page := string(read(t, "docs/schemas.md"))
	_, rest, _ := strings.Cut(page, "```yaml\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("no block of YAML")
	}
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"weir.yaml": block, "secrets/registry-password": "x", "modules/enrich.wasm": ""} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, faults := host.LoadSpec(config.Load{Files: []string{"weir.yaml"}, Environ: []string{}}); len(faults) > 0 {
		t.Error(faults)
	}
}
