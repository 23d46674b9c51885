package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weirhq/weir/host/config"
)

// TestAdminPageConfiguration loads what docs/admin-api.md shows of admin, from
// another folder than that of the file.
func TestAdminPageConfiguration(t *testing.T) {
	page, err := os.ReadFile("../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key := selfSigned(t)
	text := fenced(t, string(page), "yaml") + "connections: {main: {bootstrap_servers: k}}\npipelines: {p: {source: {topic: a, group_id: g}, sink: {topic: b}}}\n"
	for name, data := range map[string][]byte{
		"weir.yaml": []byte(text), "tls/weir.pem": cert, "tls/weir.key": key, "tls/clients.pem": cert, "secrets/dashboard": []byte("0123456789abcdef\n"),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec, faults := LoadSpec(config.Load{Files: []string{filepath.Join(dir, "weir.yaml")}, Environ: []string{}})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	token, err := spec.Admin.Tokens[0].Reveal()
	if err != nil || token != "0123456789abcdef" || spec.Admin.Clients[0].Role != "operator" || spec.Admin.TLS.ClientCA != filepath.Join(dir, "tls/clients.pem") {
		t.Errorf("%+v, token %q, %v", spec.Admin, token, err)
	}
	if err := compiled(t).Validate(instance(t, "admin-api.md", []byte(text))); err != nil {
		t.Error(err)
	}
}

func selfSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}
