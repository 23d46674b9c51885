package api

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// TLS names PEM files. They are read again when they change.
type TLS struct {
	CertFile, KeyFile string
	// ClientCA, when set, is the file of the authorities that sign the
	// certificates of clients.
	ClientCA string
}

// authority holds what the files held when they were last good.
type authority struct {
	files    TLS
	optional bool // a client may show a token instead of a certificate
	log      *zap.Logger

	mu      sync.Mutex
	looked  [3]stamp
	current *tls.Config
	leaf    *x509.Certificate
}

type stamp struct {
	size int64
	at   time.Time
}

func newAuthority(files TLS, optional bool, log *zap.Logger) (*authority, error) {
	a := &authority{files: files, optional: optional, log: log}
	a.looked = a.stamps()
	return a, a.load()
}

func (a *authority) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			config, _ := a.now()
			return config, nil
		},
	}
}

// now is what the files hold, or held when they last made sense: while one of
// two is replaced, they do not.
func (a *authority) now() (*tls.Config, *x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := a.stamps(); now != a.looked {
		a.looked = now
		if err := a.load(); err != nil {
			a.log.Warn("new certificates cannot be used; the old ones stay", zap.Error(err))
		}
	}
	return a.current, a.leaf
}

func (a *authority) stamps() (all [3]stamp) {
	for i, name := range []string{a.files.CertFile, a.files.KeyFile, a.files.ClientCA} {
		if info, err := os.Stat(name); err == nil {
			all[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	return all
}

func (a *authority) load() error {
	cert, err := tls.LoadX509KeyPair(a.files.CertFile, a.files.KeyFile)
	if err != nil {
		return err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
	if a.files.ClientCA != "" {
		text, err := os.ReadFile(a.files.ClientCA)
		if err != nil {
			return fmt.Errorf("client_ca_file: %w", err)
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(text) {
			return fmt.Errorf("client_ca_file: %s: %w", a.files.ClientCA, errNoCertificate)
		}
		config.ClientAuth = tls.RequireAndVerifyClientCert
		if a.optional {
			config.ClientAuth = tls.VerifyClientCertIfGiven
		}
	}
	a.current, a.leaf = config, cert.Leaf
	return nil
}

var errNoCertificate = errors.New("there is no certificate in PEM in it")

// names tells whether the certificate is for a host.
func (a *authority) names(host string) bool {
	_, leaf := a.now()
	return leaf != nil && leaf.VerifyHostname(host) == nil
}
