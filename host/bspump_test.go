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
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
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
	if diff := cmp.Diff(effect(t, want), effect(t, got)); diff != "" {
		t.Errorf("the YAML has another effect (-ini +yaml)\n%s\n%s", diff, yaml)
	}
}

// effect is a Spec without places: all options as they are in force.
func effect(t *testing.T, spec *Spec) []string {
	var out []string
	options := func(of string, o *kafka.Options) {
		for _, e := range o.Explain() {
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
