package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// securityOpts is TLS and the login, as security.protocol says.
func securityOpts(o *Options) ([]kgo.Opt, error) {
	var opts []kgo.Opt
	protocol := o.String("security.protocol")
	if strings.HasSuffix(protocol, "ssl") {
		c, err := o.tls()
		if err != nil {
			return nil, err
		}
		if o.ownDialer() == nil { // which does the TLS itself
			opts = append(opts, kgo.DialTLSConfig(c))
		}
	}
	if strings.HasPrefix(protocol, "sasl_") {
		opts = append(opts, kgo.SASL(o.sasl()))
	}
	return opts, nil
}

func (o *Options) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := o.String("ssl.ca.location"); path != "" && path != "probe" {
		roots, err := readRoots(path)
		if err != nil {
			return nil, optionError{"ssl.ca.location", err}
		}
		c.RootCAs = roots
	}
	cert, key := o.String("ssl.certificate.location"), o.String("ssl.key.location")
	switch {
	case cert != "" && key != "":
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, optionError{"ssl.certificate.location", err}
		}
		c.Certificates = []tls.Certificate{pair}
	case cert != "":
		return nil, optionError{"ssl.certificate.location", errors.New("needs ssl.key.location too")}
	case key != "":
		return nil, optionError{"ssl.key.location", errors.New("needs ssl.certificate.location too")}
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

func readRoots(path string) (*x509.CertPool, error) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.pem")); err != nil {
			return nil, err
		}
	}
	roots, found := x509.NewCertPool(), false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found = roots.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return nil, fmt.Errorf("%s has no certificate in PEM form", path)
	}
	return roots, nil
}

// sasl is the login; check made sure that all it needs is there.
func (o *Options) sasl() sasl.Mechanism {
	login := func() (user, password string, err error) {
		if user, err = o.Secret("sasl.username").Reveal(); err != nil {
			return "", "", fmt.Errorf("sasl.username: %w", err)
		}
		if password, err = o.Secret("sasl.password").Reveal(); err != nil {
			return "", "", fmt.Errorf("sasl.password: %w", err)
		}
		return user, password, nil
	}
	scramAuth := func(context.Context) (a scram.Auth, err error) {
		a.User, a.Pass, err = login()
		return a, err
	}
	switch o.String("sasl.mechanisms") {
	case "SCRAM-SHA-256":
		return scram.Sha256(scramAuth)
	case "SCRAM-SHA-512":
		return scram.Sha512(scramAuth)
	}
	return plain.Plain(func(context.Context) (a plain.Auth, err error) {
		a.User, a.Pass, err = login()
		return a, err
	})
}
