package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// authority signs certificates for one host and writes everything as PEM.
func authority(t *testing.T, dir, host string) {
	t.Helper()
	issue := func(name string, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parentKey == nil {
			parentKey = key
		}
		cert, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", cert)
		writePEM(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", private)
		return key
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caKey := issue("ca", ca, ca, nil)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	issue("leaf", leaf, ca, caKey)
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTLS shakes hands with a broker "good" as the options say.
func TestTLS(t *testing.T) {
	good, other := t.TempDir(), t.TempDir()
	authority(t, good, "good")
	authority(t, other, "good")
	pair, err := tls.LoadX509KeyPair(filepath.Join(good, "leaf.pem"), filepath.Join(good, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := readRoots(filepath.Join(good, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	broker := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: roots}
	tests := []struct {
		name, options, host string
		ok, mutual          bool
	}{
		{"authority", "ssl_cafile: " + good + "/ca.pem", "good", true, false},
		{"folder of authorities", "ssl_cafile: " + good, "good", true, false},
		{"wrong host", "ssl_cafile: " + good + "/ca.pem", "bad", false, false},
		{"wrong host, not checked", "ssl_endpoint_identification_algorithm: none, ssl_cafile: " + good + "/ca.pem", "bad", true, false},
		{"wrong authority", "ssl_cafile: " + other + "/ca.pem", "good", false, false},
		{"wrong authority, host not checked", "ssl_endpoint_identification_algorithm: none, ssl_cafile: " + other + "/ca.pem", "good", false, false},
		{"the system's authorities", "ssl_cafile: probe", "good", false, false},
		{"nothing checked", "enable_ssl_certificate_verification: false, ssl_cafile: " + other + "/ca.pem", "bad", true, false},
		{"mutual", "ssl_cafile: " + good + "/ca.pem, ssl_certfile: " + good + "/leaf.pem, ssl_keyfile: " + good + "/leaf.key", "good", true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: ssl, "+test.options, "")
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			client := optValue(t, o, kgo.DialTLSConfig).(*tls.Config).Clone()
			client.ServerName = test.host
			mutual, err := handshake(t, client, broker)
			if (err == nil) != test.ok || mutual != test.mutual {
				t.Errorf("ok=%t (%v) mutual=%t, want ok=%t mutual=%t", err == nil, err, mutual, test.ok, test.mutual)
			}
		})
	}
}

// handshake runs both sides over loopback and returns the client's error, or
// the broker's, and whether the broker knows the client.
func handshake(t *testing.T, client, broker *tls.Config) (mutual bool, err error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", broker)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	type result struct {
		mutual bool
		err    error
	}
	done := make(chan result, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			done <- result{err: err}
			return
		}
		server := conn.(*tls.Conn)
		err = server.Handshake()
		done <- result{len(server.ConnectionState().PeerCertificates) > 0, errors.Join(err, conn.Close())}
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = tls.Client(conn, client).Handshake()
	r := <-done
	if err == nil {
		err = r.err
	}
	return r.mutual, err
}

func TestRoots(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty.pem"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "empty.pem"), filepath.Join(dir, "gone.pem")} {
		if _, err := readRoots(path); err == nil {
			t.Errorf("%s: no error, want one: an unreadable authority must not fall back to the system's", path)
		}
	}
}
