package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
)

// Beyond loopback nothing is served without TLS and proof of who asks.
func TestCheck(t *testing.T) {
	tokens := everyRole()
	dir := t.TempDir()
	ca := newIssuer(t, dir)
	ca.issue(dir, "server", &x509.Certificate{})
	secure := &TLS{CertFile: filepath.Join(dir, "server.pem"), KeyFile: filepath.Join(dir, "server.key")}
	mutual := &TLS{CertFile: secure.CertFile, KeyFile: secure.KeyFile, ClientCA: filepath.Join(dir, "ca.pem")}
	clients := []Client{{Name: "ops", Role: Admin}}
	for _, tt := range []struct {
		name string
		cfg  Config
		want string // of the error; "" is none
	}{
		{"the default", Config{Listen: DefaultListen}, ""},
		{"a unix socket", Config{Listen: "unix:/run/a.sock"}, ""},
		{"loopback by name", Config{Listen: "localhost:1"}, ""},
		{"loopback of IPv6", Config{Listen: "[::1]:1"}, ""},
		{"no path", Config{Listen: "unix:"}, "names no path"},
		{"no port", Config{Listen: "127.0.0.1"}, "is neither HOST:PORT"},
		{"no such port", Config{Listen: "127.0.0.1:70000"}, "is neither HOST:PORT"},
		{"all addresses", Config{Listen: ":8481", Tokens: tokens}, "there is no TLS"},
		{"all of IPv6", Config{Listen: "[::]:8481", Tokens: tokens}, "there is no TLS"},
		{"a name", Config{Listen: "weir.example.com:8481", Tokens: tokens}, "there is no TLS"},
		{"nobody is asked", Config{Listen: "0.0.0.0:8481", TLS: secure}, "everybody could do everything"},
		{"tokens and TLS", Config{Listen: "0.0.0.0:8481", TLS: secure, Tokens: tokens}, ""},
		{"certificates", Config{Listen: "0.0.0.0:8481", TLS: mutual, Clients: clients}, ""},
		{"certificates of nobody", Config{Listen: "0.0.0.0:8481", TLS: mutual}, "lets in nobody"},
		{"names without an authority", Config{Listen: DefaultListen, TLS: secure, Clients: clients}, "set tls.client_ca_file"},
		{"no certificate", Config{Listen: DefaultListen, TLS: &TLS{CertFile: dir + "/none", KeyFile: secure.KeyFile}}, "no such file"},
		{"no authority", Config{Listen: DefaultListen, TLS: &TLS{CertFile: secure.CertFile, KeyFile: secure.KeyFile, ClientCA: secure.KeyFile}, Clients: clients}, "no certificate in PEM"},
		{"a role of another kind", Config{Listen: DefaultListen, Tokens: []Token{{Name: "a", Role: "king", Reveal: word(viewing)}}}, `no role is called "king"`},
		{"a client's role", Config{Listen: DefaultListen, TLS: mutual, Clients: []Client{{Name: "a"}}}, `no role is called ""`},
		{"a short token", Config{Listen: DefaultListen, Tokens: []Token{{Name: "a", Role: Admin, Reveal: word("short")}}}, "is shorter than 16 characters"},
		{"a token that is away", Config{Listen: DefaultListen, Tokens: []Token{{Name: "a", Role: Admin, Reveal: func() (string, error) { return "", os.ErrNotExist }}}}, "file does not exist"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fault := tt.cfg.Check()
			if (fault == nil) != (tt.want == "") || fault != nil && !strings.Contains(fault.Error(), tt.want) {
				t.Errorf("fault %v, want %q", fault, tt.want)
			}
			if fault == nil {
				return
			}
			tt.cfg.Log = zap.NewNop()
			if _, err := Listen(tt.cfg); err == nil {
				t.Error("Listen takes what Check does not")
			}
		})
	}
}

func TestUnixSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "admin.sock")
	s := serve(t, Config{Listen: "unix:" + path})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a socket of mode 0600", info, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v is beside the socket, %v", entries, err)
	}
	remote := dial(t, ClientConfig{Address: s.Addr()})
	if _, err := remote.Pipelines(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := Listen(Config{Listen: "unix:" + path, Log: zap.NewNop()}); !errors.Is(err, ErrTaken) {
		t.Errorf("error %v, want ErrTaken", err)
	}
	// The socket of a process that was killed gives way, anything else does not.
	dead := filepath.Join(dir, "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(Config{Listen: "unix:" + dead, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(Config{Listen: "unix:" + file, Log: zap.NewNop()}); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("error %v, want that it is no socket", err)
	}
}

func TestTaken(t *testing.T) {
	s := serve(t, Config{})
	_, err := Listen(Config{Listen: strings.TrimPrefix(s.Addr(), "http://"), Log: zap.NewNop()})
	if !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), "admin.listen") {
		t.Errorf("error %v, want ErrTaken and a remedy", err)
	}
}

// One connection more than there may be waits until another ends, and is not
// accepted after Close.
func TestBoundedConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &bounded{Listener: inner, free: make(chan struct{}, 1), closed: make(chan struct{})}
	for range 2 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	select {
	case <-accepted:
		t.Fatal("two connections where one may be")
	case <-time.After(20 * time.Millisecond): // a bug shows; the right thing needs no time
	}
	for range 2 { // the second call gives nothing back
		_ = first.Close()
	}
	(<-accepted).Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l.free <- struct{}{}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

// issuer signs certificates.
type issuer struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T, dir string) *issuer {
	i := &issuer{t: t}
	i.cert, i.key = i.make(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	i.write(filepath.Join(dir, "ca.pem"), "CERTIFICATE", i.cert.Raw)
	return i
}

func (i *issuer) make(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		i.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return cert, key
}

// issue writes NAME.pem and NAME.key.
func (i *issuer) issue(dir, name string, template *x509.Certificate) {
	i.t.Helper()
	cert, key := i.make(template)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	i.write(filepath.Join(dir, name+".pem"), "CERTIFICATE", cert.Raw)
	i.write(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", der)
}

func (i *issuer) write(path, kind string, der []byte) {
	i.t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func dial(t *testing.T, cfg ClientConfig) *Remote {
	t.Helper()
	remote, err := Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.http.CloseIdleConnections)
	return remote
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	ca := newIssuer(t, dir)
	ca.issue(dir, "server", &x509.Certificate{DNSNames: []string{"weir.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	ca.issue(dir, "ops", &x509.Certificate{Subject: pkix.Name{CommonName: "ops"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	ca.issue(dir, "stranger", &x509.Certificate{DNSNames: []string{"stranger.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	s := serve(t, Config{
		TLS:     &TLS{CertFile: file("server.pem"), KeyFile: file("server.key"), ClientCA: file("ca.pem")},
		Clients: []Client{{Name: "ops", Role: Operator}},
		Tokens:  everyRole(),
	})
	for _, tt := range []struct {
		name string
		cfg  ClientConfig
		code Code
		err  error
	}{
		{"a certificate", ClientConfig{CertFile: file("ops.pem"), KeyFile: file("ops.key")}, "", nil},
		{"one of nobody", ClientConfig{CertFile: file("stranger.pem"), KeyFile: file("stranger.key")}, BadToken, nil},
		{"a token", ClientConfig{Token: operating}, "", nil},
		{"a token beats the certificate", ClientConfig{Token: viewing, CertFile: file("ops.pem"), KeyFile: file("ops.key")}, RoleTooLow, nil},
		{"neither", ClientConfig{}, NoToken, nil},
		{"an authority that is not known", ClientConfig{Token: operating, CAFile: file("ops.pem")}, "", ErrNobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Address = s.Addr()
			if tt.cfg.CAFile == "" {
				tt.cfg.CAFile = file("ca.pem")
			}
			_, err := dial(t, tt.cfg).Pause(t.Context(), "orders")
			var refused *Error
			switch {
			case tt.code != "":
				if !errors.As(err, &refused) || refused.Code != tt.code {
					t.Errorf("error %v, want %s", err, tt.code)
				}
			case !errors.Is(err, tt.err):
				t.Errorf("error %v, want %v", err, tt.err)
			}
		})
	}

	// Requests may name the host as the certificate does.
	remote := dial(t, ClientConfig{Address: s.Addr(), CAFile: file("ca.pem"), Token: viewing})
	for host, want := range map[string]int{"weir.example.com": 200, "other.example.com": http.StatusMisdirectedRequest} {
		r := request(t, s, "GET", versionPath, "")
		r.Host = host
		r.Header.Set("Authorization", "Bearer "+viewing)
		if got := send(t, remote.http, r); got.status != want {
			t.Errorf("host %s: %d, want %d", host, got.status, want)
		}
	}

	// A new certificate counts without a restart; half of one does not.
	remote.http.CloseIdleConnections()
	if err := os.WriteFile(file("server.pem"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Pipelines(t.Context()); err != nil {
		t.Errorf("while the certificate is replaced: %v", err)
	}
	remote.http.CloseIdleConnections()
	ca.issue(dir, "server", &x509.Certificate{DNSNames: []string{"weir.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Subject: pkix.Name{CommonName: "second"}})
	got := send(t, remote.http, request(t, s, "GET", DocumentPath, ""))
	if got.status != 200 {
		t.Errorf("with the new certificate: %d", got.status)
	}
	if leaf := served(t, s); leaf != "second" {
		t.Errorf("the server shows %q, want the new certificate", leaf)
	}
}

// served is the common name of the certificate that a server shows.
func served(t *testing.T, s *Server) string {
	t.Helper()
	_, leaf := s.authority.now()
	return leaf.Subject.CommonName
}

// What a client is not told apart from an answer.
func TestRemote(t *testing.T) {
	s := serve(t, Config{})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := taken.Addr().String()
	taken.Close()
	for _, address := range []string{"", "ftp://x", "http://", "unix:", "http://h/path", "http://h?q"} {
		if _, err := Dial(ClientConfig{Address: address}); err == nil {
			t.Errorf("Dial takes %q", address)
		}
	}
	if _, err := Dial(ClientConfig{Address: "http://weir.example.com:1", Token: viewing}); err == nil || !strings.Contains(err.Error(), "clear text") {
		t.Errorf("error %v, want that the token would be readable", err)
	}
	for name, address := range map[string]string{"nobody": free, "no socket": "unix:" + filepath.Join(t.TempDir(), "none"), "something else": notWeir(t)} {
		if _, err := dial(t, ClientConfig{Address: address}).Pipelines(t.Context()); !errors.Is(err, ErrNobody) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: error %v, want ErrNobody with the address", name, err)
		}
	}
	remote := dial(t, ClientConfig{Address: strings.TrimPrefix(s.Addr(), "http://")})
	var refused *Error
	if _, err := remote.Pipeline(t.Context(), "order"); !errors.As(err, &refused) || refused.Code != NoPipeline || err.Error() != `no pipeline is called "order" (did you mean "orders"?)` {
		t.Errorf("error %v", err)
	}
	p, err := remote.Pause(t.Context(), "orders")
	if err != nil || p.State != "paused" || p.Processors[0].Name != "route" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = remote.Resume(t.Context(), "orders"); err != nil || p.State != "running" {
		t.Errorf("%+v, %v", p, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := remote.Pipelines(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNobody) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// notWeir is the address of a server of another kind.
func notWeir(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = other.Serve(l) }()
	t.Cleanup(func() { other.Close() })
	return l.Addr().String()
}
