package store

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"oras.land/oras-go/v2/registry/remote/auth"
)

const userAgent = "weir"

// download fetches a module from a URL, and its signature from beside it where
// signatures count.
func (s *Store) download(ctx context.Context, r Reference) (*Module, error) {
	host := s.cfg.Hosts[r.Host()]
	client, err := host.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	login := auth.EmptyCredential
	if host.Username != "" || !host.Token.IsZero() {
		if login, err = host.login(ctx, r.Host()); err != nil {
			return nil, err
		}
	}
	get := func(u string, most int64) ([]byte, int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
		if err != nil {
			return nil, 0, err
		}
		req.Header.Set("User-Agent", userAgent)
		switch {
		case login.AccessToken != "":
			req.Header.Set("Authorization", "Bearer "+login.AccessToken)
		case login.Username != "":
			req.SetBasicAuth(login.Username, login.Password)
		}
		return s.read(client, req, most)
	}
	binary, status, err := get(r.Name, s.cfg.MaxSize)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, refusal(r.Host(), status, nil)
	}
	m := &Module{Reference: r, Binary: binary, Digest: digestOf(binary)}
	if m.Digest != r.Digest {
		return nil, pinError("module", m.Digest, r.Digest)
	}
	if len(s.cfg.Policy.Trust) == 0 {
		return m, nil
	}
	beside, err := url.Parse(r.Name)
	if err != nil {
		return nil, err
	}
	beside.Path += SignatureSuffix
	text, status, err := get(beside.String(), maxText)
	switch {
	case err != nil:
		return nil, fmt.Errorf("signature: %w", err)
	case status == http.StatusOK:
		m.signatures = text
	case status != http.StatusNotFound && status != http.StatusForbidden && status != http.StatusGone:
		return nil, fmt.Errorf("signature: %w", refusal(r.Host(), status, nil))
	}
	return m, nil
}

// read makes a request; the body is that of an answer that is OK.
func (s *Store) read(client *http.Client, req *http.Request, most int64) (body []byte, status int, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, reason(req.URL.Host, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, resp.StatusCode, nil
	case resp.ContentLength > most:
		return nil, 0, s.tooLarge(resp.ContentLength)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%w to the end: %w", ErrUnavailable, err)
	case int64(len(body)) > most:
		return nil, 0, s.tooLarge(int64(len(body)))
	}
	return body, resp.StatusCode, nil
}
