package host

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

// TestBSPumpSites reads every site file of testdata/bspump as it is, and
// converts it. What comes out is in testdata/bspump/golden: faults, the Spec,
// the YAML, and the secrets that are not in the YAML. The YAML has to have the
// effect of the site file. Comments "# env NAME=value" give the environment.
func TestBSPumpSites(t *testing.T) {
	sites, err := filepath.Glob("testdata/bspump/*.conf")
	if err != nil || len(sites) < 12 {
		t.Fatalf("%d site files: %v", len(sites), err)
	}
	for _, site := range sites {
		golden, err := filepath.Abs("testdata/bspump/golden/" + strings.TrimSuffix(filepath.Base(site), ".conf") + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(site), ".conf"), func(t *testing.T) {
			enterSites(t)
			testSite(t, filepath.Base(site), golden)
		})
	}
}

// TestMigratingPage loads the configurations that the page about migrating
// shows, and finds each option of BSPump on it.
func TestMigratingPage(t *testing.T) {
	data, err := os.ReadFile("../docs/migrating-from-bspump.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	t.Chdir(t.TempDir())
	writeFile(t, "selector.wasm", "not looked into")
	writeFile(t, "site.conf", unindent(fenced(t, page, "ini")))
	writeFile(t, "beside.yaml", fenced(t, page, "yaml"))
	for _, files := range [][]string{{"site.conf"}, {"site.conf", "beside.yaml"}} {
		if _, faults := LoadSpec(config.Load{Files: files, Environ: []string{}}); faults.Err() != nil {
			t.Errorf("%v: %v", files, faults)
		}
	}
	for _, option := range bspumpOptions {
		if !strings.Contains(page, "`"+option+"`") {
			t.Errorf("the page does not say what became of %s", option)
		}
		ofTable := regexp.MustCompile("(?m)^\\|[^|]*`" + regexp.QuoteMeta(option) + "`.*\\| not known")
		if known := kafka.CanonicalName(option) != ""; known && ofTable.MatchString(page) {
			t.Errorf("the page says that %s is not known", option)
		}
	}
}

// unindent takes the indent of a list's element away.
func unindent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimPrefix(line, "   "))
	}
	return b.String()
}

// bspumpOptions are the options that BSPump's Kafka classes have, or had, and
// those that its documentation names.
var bspumpOptions = []string{
	"bootstrap_servers", "security_protocol", "group_id", "ssl_cafile", "ssl_certfile", "ssl_keyfile", "sasl_mechanism",
	"sasl_plain_username", "sasl_plain_password", "compression_type",
	"topic", "topics", "refresh_topics", "consumer_threads", "poll_interval", "buffer_size", "buffer_timeout", "sleep_on_error",
	"sleep_on_retryable_error", "errors_max_retry_attempts", "check_assignment_errors", "enable.auto.offset.store",
	"enable.auto.commit", "auto.commit.interval.ms", "auto.offset.reset", "group.id", "max_poll_records", "max.poll.interval.ms",
	"get_timeout_ms", "event_block_size", "event_idle_time", "retry", "api_version", "session.timeout.ms", "consumer_timeout_ms",
	"max_records", "user_defined_partitions", "oauth_cb", "max_partition_fetch_bytes", "request_timeout_ms",
	"watermark.low", "watermark.high", "output_queue_max_size", "queue.buffering.max.messages", "queue.buffering.max.kbytes",
	"batch.num.messages", "batch.size", "linger.ms", "poll.timeout", "encoding", "key_serializer", "max_batch_size", "max_request_size",
	"send_backoff_ms", "enable_idempotency", "metadata_max_age_ms", "retry_backoff_ms", "connections_max_idle_ms", "acks",
	"transactional_id", "transaction_timeout_ms", "client_id", "disabled",
	"topics_file", "num_partitions_default", "replication_factor_default", "num_partitions", "replication_factor",
	"async_concurency_limit", "reset_profiler", "stop_on_errors", "alert_id",
}

// enterSites works in a copy of the corpus with the files that it refers to.
func enterSites(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/bspump")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	writeFile(t, "site.d/modules/enrich.wasm", "not looked into")
	writeFile(t, "site.d/password.txt", "secret-of-the-site\n")
	writeCertificate(t)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeCertificate makes one certificate, which signs itself, for all uses.
func writeCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	writeFile(t, "tls/ca.pem", certificate)
	writeFile(t, "tls/client.pem", certificate)
	writeFile(t, "tls/client.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

func testSite(t *testing.T, site, golden string) {
	builtins := []string{"json-fields", "topic-selector"}
	environ := siteEnviron(t, site)
	got := map[string]string{}
	spec, faults := loadSpec(config.Load{Files: []string{site}, Environ: environ}, builtins)
	if len(faults) > 0 {
		got["faults"] = faults.Error() + "\n"
	}
	converted, refused := ConvertINI(site, "secrets", environ)
	if converted == nil {
		if refused.Err() == nil {
			t.Error("nothing was converted, and no fault says why")
		}
	} else {
		got["yaml"] = string(converted.YAML)
		for _, left := range converted.Secrets {
			text, err := left.Value.Reveal()
			if err != nil {
				t.Fatal(err)
			}
			got["secrets"] += left.File + " = " + text + "\n"
			writeFile(t, left.File, text)
			if bytes.Contains(converted.YAML, []byte(text)) {
				t.Errorf("the secret of %s stands in the YAML", left.File)
			}
		}
	}
	if spec != nil {
		got["spec"] = dump(t, spec)
		compareEffect(t, spec, converted.YAML, environ, builtins)
	}
	compareGolden(t, golden, got)
}

func siteEnviron(t *testing.T, site string) []string {
	data, err := os.ReadFile(site)
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{}
	for line := range strings.Lines(string(data)) {
		if pair, ok := strings.CutPrefix(line, "# env "); ok {
			environ = append(environ, strings.TrimSuffix(pair, "\n"))
		}
	}
	return environ
}

// compareEffect loads the YAML and compares everything but places.
func compareEffect(t *testing.T, want *Spec, yaml []byte, environ, builtins []string) {
	writeFile(t, "weir.yaml", string(yaml))
	got, faults := loadSpec(config.Load{Files: []string{"weir.yaml"}, Environ: environ}, builtins)
	if got == nil {
		t.Fatalf("the YAML is not right: %v\n%s", faults, yaml)
	}
	if err := compiled(t).Validate(instance(t, "weir.yaml", yaml)); err != nil && len(faults) == 0 {
		t.Errorf("the YAML does not fit the schema: %v", err)
	}
	if diff := cmp.Diff(effect(t, want), effect(t, got)); diff != "" {
		t.Errorf("the YAML has another effect (-ini +yaml)\n%s\n%s", diff, yaml)
	}
}

// effect is a Spec without places: all options as they are in force.
func effect(t *testing.T, spec *Spec) []string {
	var out []string
	options := func(of string, o *kafka.Options) {
		for _, e := range o.Explain() {
			if kafka.IsSecret(e.Name) {
				text, err := o.Secret(e.Name).Reveal()
				if err != nil {
					t.Error(err)
				}
				e.Value = text
			}
			out = append(out, fmt.Sprintf("%s: %s = %s (%s, %s)", of, e.Name, e.Value, e.Layer, e.Note))
		}
	}
	for name, c := range spec.Connections {
		options(name, c.Options)
		for _, topic := range spec.Topics.ByConnection[name] {
			topic.Pos = config.Pos{}
			out = append(out, fmt.Sprintf("topic %s: %+v", name, topic))
		}
	}
	out = append(out, string(spec.Topics.OnStart))
	slices.Sort(out) // maps have no order; pipelines have
	for _, p := range spec.Pipelines {
		out = append(out, fmt.Sprintf("%s %s %q %s %q", p.Name, p.OnError, p.DeadLetterTopic, p.Sink.Connection, p.Sink.Topic))
		for i, source := range p.Sources {
			out = append(out, fmt.Sprintf("source %s %q %t", source.Connection, source.Topics, source.Regex))
			options(fmt.Sprintf("%s.source[%d]", p.Name, i), source.Options)
		}
		for _, step := range p.Steps {
			out = append(out, dumpStep(t, step))
			if step.KeyFilter != nil {
				out = append(out, step.KeyFilter.String())
			}
		}
		options(p.Name+".sink", p.Sink.Options)
	}
	return out
}

func compareGolden(t *testing.T, file string, got map[string]string) {
	archive := &txtar.Archive{}
	for _, name := range []string{"faults", "spec", "yaml", "secrets"} {
		if got[name] != "" {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	text := txtar.Format(archive)
	if *update {
		writeFile(t, file, string(text))
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
