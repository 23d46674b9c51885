package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/weirhq/weir/host/config"
)

// Host is how to reach a registry or a server. The zero Host is one with the
// system's authorities and, if it is a registry, the login that docker has for it.
type Host struct {
	Username string
	Password config.Secret
	// Token is shown instead of a login.
	Token config.Secret
	// CAFile has the authorities to trust, in PEM form; empty means the system's.
	CAFile string
	// PlainHTTP reaches a registry without TLS.
	PlainHTTP bool
}

// client makes a client for one host. Files are read now, so that new ones
// count without a restart.
func (h *Host) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if h.CAFile != "" {
		pem, err := os.ReadFile(h.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ssl_cafile: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ssl_cafile: %s has no certificate in PEM form", h.CAFile)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	return &http.Client{Transport: retry.NewTransport(transport), CheckRedirect: h.redirect}, nil
}

var errRedirected = errors.New("redirects weir")

// redirect keeps redirections from leaving TLS.
func (h *Host) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return fmt.Errorf("%w ten times", errRedirected)
	case req.URL.Scheme != "https" && !h.PlainHTTP:
		return fmt.Errorf("%w to a URL without TLS", errRedirected)
	}
	return nil
}

// loginError is a login that cannot be had.
type loginError struct{ error }

func (e loginError) Unwrap() error { return e.error }

// login is what the host is shown; docker's own configuration is asked where
// there is nothing else.
func (h *Host) login(ctx context.Context, host string) (auth.Credential, error) {
	token, err := h.Token.Reveal()
	if err != nil {
		return auth.EmptyCredential, loginError{fmt.Errorf("token: %w", err)}
	}
	password, err := h.Password.Reveal()
	if err != nil {
		return auth.EmptyCredential, loginError{fmt.Errorf("password: %w", err)}
	}
	switch {
	case token != "":
		return auth.Credential{AccessToken: token}, nil
	case h.Username != "":
		return auth.Credential{Username: h.Username, Password: password}, nil
	}
	if _, err := os.UserHomeDir(); err != nil && os.Getenv("DOCKER_CONFIG") == "" {
		return auth.EmptyCredential, nil // a service without a home
	}
	docker, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return auth.EmptyCredential, loginError{fmt.Errorf("docker's configuration, which may have the login: %w", err)}
	}
	found, err := docker.Get(ctx, credentials.ServerAddressFromRegistry(host))
	if err != nil {
		return auth.EmptyCredential, loginError{fmt.Errorf("the login in docker's configuration: %w", err)}
	}
	return found, nil
}

// reason says why a request to a host came to nothing. The words of libraries
// show whole URLs, redirections among them, which can hold secrets.
func reason(host string, err error) error {
	var login loginError
	var answer *errcode.ErrorResponse
	var certificate *tls.CertificateVerificationError
	var request *url.Error
	switch {
	case errors.As(err, &login):
		return login
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return refusal(host, http.StatusUnauthorized, nil)
	case errors.As(err, &answer):
		return refusal(host, answer.StatusCode, answer.Errors)
	case errors.As(err, &certificate):
		return fmt.Errorf("%s shows a certificate that is not trusted: %w; name its authority by modules.hosts.%s.ssl_cafile", host, certificate.Err, host)
	case !errors.As(err, &request):
	case errors.Is(err, errRedirected):
		return fmt.Errorf("%s %w", host, request.Err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s speaks no TLS; if a registry is meant to be reached without, set modules.hosts.%s.plain_http", host, host)
	default:
		return fmt.Errorf("%w: %w", ErrUnavailable, request.Err)
	}
	for next := err; next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return fmt.Errorf("%s: %w", host, err)
}

// maxRemark bounds what a server's own words may add to a message.
const maxRemark = 200

func refusal(host string, status int, remarks errcode.Errors) error {
	remark := ""
	if len(remarks) > 0 {
		remark = fmt.Sprintf(" (%.*s)", maxRemark, remarks[0].Error())
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s does not let weir in: %s%s; give a login by modules.hosts.%s, or for a registry by docker login", host, http.StatusText(status), remark, host)
	case http.StatusNotFound:
		return fmt.Errorf("%s has nothing of that name%s", host, remark)
	}
	return fmt.Errorf("%w as it should: %d %s%s", ErrUnavailable, status, http.StatusText(status), remark)
}
