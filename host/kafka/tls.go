package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// secureDial makes TLS connections as the options say. Certificates, keys and
// authorities are read again when their files have changed, so that new
// connections use the new ones and none of the old is cut.
type secureDial struct {
	options *Options
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// within bounds the handshake.
	within time.Duration

	mu     sync.Mutex
	config *tls.Config
	files  tlsFiles // what config was made of
}

// newSecureDial reads all files once, so that what is wrong shows at the start.
// dial makes the plain connection.
func newSecureDial(o *Options, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*secureDial, error) {
	s := &secureDial{options: o, dial: dial, within: o.Duration("socket.connection.setup.timeout.ms")}
	return s, s.read()
}

// Dial connects and shakes hands. The certificate must be made for the host
// that was asked for, unless the options waive that.
func (s *secureDial) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	config, stale := s.current()
	config = config.Clone()
	config.ServerName = host
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, errors.Join(&handshakeError{err}, stale)
	}
	return secure, nil
}

// handshakeError marks what went wrong after the connection was made.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "TLS handshake: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// current is the configuration of the files as they are. When they cannot be
// used, which may be for the moment in which somebody writes them, the last good
// ones stay and stale says why: it matters once a handshake fails.
func (s *secureDial) current() (config *tls.Config, stale error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files.changed() {
		stale = s.read()
	}
	return s.config, stale
}

func (s *secureDial) read() error {
	files := tlsFiles{}
	config, err := s.options.tlsConfig(files)
	if err != nil {
		return err
	}
	s.config, s.files = config, files
	return nil
}

// tlsFiles has how each file was when it was read, nil for one that could not
// be looked at.
type tlsFiles map[string]os.FileInfo

func (f tlsFiles) read(path string) ([]byte, error) {
	f.note(path) // before the reading: a change during it shows later
	return os.ReadFile(path)
}

func (f tlsFiles) note(path string) {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	f[path] = info
}

func (f tlsFiles) changed() bool {
	for path, was := range f {
		is, err := os.Stat(path)
		if err != nil || was == nil || !os.SameFile(is, was) || !is.ModTime().Equal(was.ModTime()) || is.Size() != was.Size() {
			return true
		}
	}
	return false
}

// tlsConfig makes a configuration, noting what it reads.
func (o *Options) tlsConfig(files tlsFiles) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.String("ssl.min.version") == "TLSv1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	var err error
	if c.CipherSuites, err = cipherSuites(o.String("ssl.cipher.suites")); err != nil {
		return nil, optionError{"ssl.cipher.suites", err}
	}
	if c.CurvePreferences, err = curves(o.String("ssl.curves.list")); err != nil {
		return nil, optionError{"ssl.curves.list", err}
	}
	if c.RootCAs, err = o.roots(files, "ssl.ca"); err != nil {
		return nil, err
	}
	if c.Certificates, err = o.certificate(files); err != nil {
		return nil, err
	}
	switch {
	case !o.Bool("enable.ssl.certificate.verification"):
		c.InsecureSkipVerify = true
	case o.String("ssl.endpoint.identification.algorithm") == "none":
		c.InsecureSkipVerify = true
		c.VerifyConnection = verifyChain(c.RootCAs)
	}
	return c, nil
}

// verifyChain checks who signed a certificate but not which host it names.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}

// roots are the authorities of group.location or group.pem, nil for the
// system's.
func (o *Options) roots(files tlsFiles, group string) (*x509.CertPool, error) {
	path, inline := o.String(group+".location"), o.String(group+".pem")
	switch {
	case path == "probe":
		path = ""
	case path != "" && inline != "":
		return nil, optionError{group + ".pem", fmt.Errorf("and %s.location exclude each other", group)}
	}
	switch {
	case inline != "":
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pemText(inline)) {
			return nil, optionError{group + ".pem", errors.New("has no certificate in PEM form")}
		}
		return roots, nil
	case path != "":
		roots, err := readRoots(files, path)
		if err != nil {
			return nil, optionError{group + ".location", err}
		}
		return roots, nil
	}
	return nil, nil
}

// readRoots reads a file, or every *.pem, *.crt and *.cer of a directory.
func readRoots(files tlsFiles, path string) (*x509.CertPool, error) {
	names := []string{path}
	if entries, err := os.ReadDir(path); err == nil {
		files.note(path)
		names = names[:0]
		for _, e := range entries {
			switch strings.ToLower(filepath.Ext(e.Name())) {
			case ".pem", ".crt", ".cer":
				names = append(names, filepath.Join(path, e.Name()))
			}
		}
	}
	roots, found := x509.NewCertPool(), false
	for _, name := range names {
		data, err := files.read(name)
		if err != nil {
			return nil, err
		}
		found = roots.AppendCertsFromPEM(data) || found
	}
	if !found {
		return nil, fmt.Errorf("%s has no certificate in PEM form", path)
	}
	return roots, nil
}

// pemText is PEM text of an option, where line ends may be written as \n.
func pemText(s string) []byte { return []byte(strings.ReplaceAll(s, `\n`, "\n")) }
