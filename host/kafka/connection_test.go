package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// authority signs certificates for one host and writes everything as PEM.
func authority(t *testing.T, dir, host string) {
	t.Helper()
	authorityFor(t, dir, host, time.Hour)
}

// authorityFor does that with certificates of a given life.
func authorityFor(t *testing.T, dir, host string, life time.Duration) {
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
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotAfter: time.Now().Add(life),
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

func readPair(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func readText(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTLS shakes hands with a broker "good" as the options say.
func TestTLS(t *testing.T) {
	good, other, old := t.TempDir(), t.TempDir(), t.TempDir()
	authority(t, good, "good")
	authority(t, other, "good")
	authorityFor(t, old, "good", -time.Minute)
	roots, err := readRoots(tlsFiles{}, filepath.Join(good, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	broker := &tls.Config{Certificates: []tls.Certificate{readPair(t, good)}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: roots}
	pair := readPair(t, good)
	store, err := pkcs12.Modern2023.Encode(pair.PrivateKey, pair.Leaf, nil, "opens")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(good, "store.p12"), store, 0o600); err != nil {
		t.Fatal(err)
	}
	inline := func(file string) string { return fmt.Sprintf("%q", readText(t, filepath.Join(good, file))) }
	escaped := func(file string) string {
		return "'" + strings.ReplaceAll(readText(t, filepath.Join(good, file)), "\n", `\n`) + "'"
	}
	ca := "ssl_cafile: " + good + "/ca.pem"
	tests := []struct {
		name, options, host string
		broker              *tls.Config
		fails               string
		mutual              bool
	}{
		{"authority", ca, "good", broker, "", false},
		{"folder of authorities", "ssl_cafile: " + good, "good", broker, "", false},
		{"text of an authority", "ssl_ca_pem: " + inline("ca.pem"), "good", broker, "", false},
		{"wrong host", ca, "bad", broker, "use the host name that the brokers' certificate is made for", false},
		{"wrong host, not checked", "ssl_endpoint_identification_algorithm: none, " + ca, "bad", broker, "", false},
		{"wrong authority", "ssl_cafile: " + other + "/ca.pem", "good", broker, "give the CA that signed the brokers' certificate in ssl_cafile", false},
		{"wrong authority, host not checked", "ssl_endpoint_identification_algorithm: none, ssl_cafile: " + other + "/ca.pem", "good", broker, "give the CA that signed", false},
		{"the system's authorities", "ssl_cafile: probe", "good", broker, "give the CA that signed", false},
		{"nothing checked", "enable_ssl_certificate_verification: false, ssl_cafile: " + other + "/ca.pem", "bad", broker, "", false},
		{"mutual", ca + ", ssl_certfile: " + good + "/leaf.pem, ssl_keyfile: " + good + "/leaf.key", "good", broker, "", true},
		{"mutual by text", ca + ", ssl_certificate_pem: " + escaped("leaf.pem") + ", ssl_key_pem: " + inline("leaf.key"), "good", broker, "", true},
		{"mutual by a keystore", ca + ", ssl_keystore_location: " + good + "/store.p12, ssl_keystore_password: opens", "good", broker, "", true},
		{"expired", "ssl_cafile: " + old, "good", &tls.Config{Certificates: []tls.Certificate{readPair(t, old)}}, "the brokers' certificate has expired", false},
		{"certificate demanded", ca, "good", &tls.Config{Certificates: broker.Certificates, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, "the brokers want a certificate of the client", false},
		{"too old", ca + ", ssl_min_version: TLSv1.3", "good", &tls.Config{Certificates: broker.Certificates, MaxVersion: tls.VersionTLS12}, "no version or cipher suite of TLS in common", false},
		{"suite", ca + ", ssl_cipher_suites: 'ECDHE-ECDSA-AES128-GCM-SHA256', ssl_curves_list: 'P-256:X25519'", "good", &tls.Config{Certificates: broker.Certificates, MaxVersion: tls.VersionTLS12}, "", false},
		{"no suite in common", ca + ", ssl_cipher_suites: 'ECDHE-ECDSA-AES128-GCM-SHA256'", "good", &tls.Config{Certificates: broker.Certificates, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}, "no version or cipher suite of TLS in common", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: ssl, "+test.options, "")
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			mutual, err := handshake(t, newDial(t, o), test.host, test.broker)
			if mutual != test.mutual {
				t.Errorf("mutual is %t", mutual)
			}
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(reachRemedy(err), test.fails) {
				t.Errorf("got %v, want an error with the remedy %q", err, test.fails)
				if err != nil {
					t.Log(reachRemedy(err))
				}
			}
		})
	}
}

// handshake runs both sides over loopback and returns the client's error, or
// the broker's, and whether the broker knows the client.
func handshake(t *testing.T, s *secureDial, host string, broker *tls.Config) (mutual bool, err error) {
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
	s.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}
	conn, err := s.Dial(t.Context(), "tcp", host+":9092")
	if err == nil {
		defer conn.Close()
	}
	r := <-done
	if err == nil {
		err = r.err
	}
	return r.mutual, err
}

func newDial(t *testing.T, o *Options) *secureDial {
	t.Helper()
	s, err := newSecureDial(o, nil) // handshake has the way to connect
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFilesAreReadAgain gives a client new files while it runs: first bad ones,
// which change nothing but are told of, then good ones.
func TestFilesAreReadAgain(t *testing.T) {
	dir, next := t.TempDir(), t.TempDir()
	authority(t, dir, "good")
	authority(t, next, "good")
	o, faults := resolve(t, Admin, fmt.Sprintf("bootstrap_servers: seed, security_protocol: ssl, ssl_cafile: %[1]s/ca.pem, ssl_certfile: %[1]s/leaf.pem, ssl_keyfile: %[1]s/leaf.key", dir), "")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	client := newDial(t, o)
	meets := func(dir string) error {
		t.Helper()
		roots, err := readRoots(tlsFiles{}, filepath.Join(dir, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		mutual, err := handshake(t, client, "good", &tls.Config{
			Certificates: []tls.Certificate{readPair(t, dir)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
		})
		if err == nil && !mutual {
			t.Error("the broker does not know the client")
		}
		return err
	}
	old := t.TempDir()
	for _, name := range []string{"ca.pem", "leaf.pem", "leaf.key"} {
		copyFile(t, filepath.Join(dir, name), filepath.Join(old, name))
	}
	if err := meets(old); err != nil {
		t.Fatal(err)
	}
	copyFile(t, filepath.Join(next, "leaf.pem"), filepath.Join(dir, "leaf.pem")) // the key is still the old one
	if err := meets(old); err != nil {
		t.Errorf("a certificate without its key cuts the client off: %v", err)
	}
	if err := meets(next); err == nil || !strings.Contains(err.Error(), "private key does not match") {
		t.Errorf("got %v, want to hear of the files that do not fit too", err)
	}
	copyFile(t, filepath.Join(next, "leaf.key"), filepath.Join(dir, "leaf.key"))
	copyFile(t, filepath.Join(next, "ca.pem"), filepath.Join(dir, "ca.pem"))
	if err := meets(next); err != nil {
		t.Errorf("the new files are not taken: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	if err := meets(next); err != nil {
		t.Errorf("a missing file cuts the client off: %v", err)
	}
}

// copyFile replaces a file, as who renews certificates does.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to+".new", []byte(readText(t, from)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

func TestRoots(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty.pem"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "empty.pem"), filepath.Join(dir, "gone.pem")} {
		if _, err := readRoots(tlsFiles{}, path); err == nil {
			t.Errorf("%s: no error, want one: an unreadable authority must not fall back to the system's", path)
		}
	}
}
