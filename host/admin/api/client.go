package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// ErrNobody says that no weir answers at the address of a client.
var ErrNobody = errors.New("no weir answers")

// ClientConfig says where the API is and who asks.
type ClientConfig struct {
	// Address is http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix:PATH.
	Address string
	Token   string
	// CAFile, when set, has the authorities that sign the server's certificate;
	// CertFile and KeyFile are what to show.
	CAFile, CertFile, KeyFile string
}

// Remote is the API seen from the other end. Its errors are *Error where the
// server answered with a problem, and wrap ErrNobody where none did.
type Remote struct {
	address string
	base    string
	token   string
	http    *http.Client
}

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// Dial makes a client. It connects to nothing.
func Dial(cfg ClientConfig) (*Remote, error) {
	c := &Remote{address: cfg.Address, token: cfg.Token}
	transport := &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4}
	if path, ok := strings.CutPrefix(cfg.Address, unixPrefix); ok {
		if path == "" {
			return nil, fmt.Errorf("the address %q names no socket", cfg.Address)
		}
		c.base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	} else {
		base := cfg.Address
		if !strings.Contains(base, "://") {
			base = "http://" + base
		}
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return nil, fmt.Errorf("the address %q is neither http://HOST:PORT, https://HOST:PORT nor unix:PATH", cfg.Address)
		}
		if u.Scheme == "http" && cfg.Token != "" && !isLoopback(u.Hostname()) {
			return nil, fmt.Errorf("the address %q would send the token in clear text to another machine; use https", cfg.Address)
		}
		c.base = u.Scheme + "://" + u.Host
	}
	settings, err := cfg.settings()
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = settings
	// An answer that sends somewhere else is none of weir's.
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

func (cfg *ClientConfig) settings() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.CAFile != "" {
		text, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, err
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: %w", cfg.CAFile, errNoCertificate)
		}
	}
	if cfg.CertFile != "" || cfg.KeyFile != "" {
		cert, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("the client's certificate: %w", err)
		}
		settings.Certificates = []tls.Certificate{cert}
	}
	return settings, nil
}

// Pipelines lists the pipelines that the client may see.
func (c *Remote) Pipelines(ctx context.Context) ([]Pipeline, error) {
	var list PipelineList
	err := c.do(ctx, http.MethodGet, pipelinesPath, nil, &list)
	return list.Pipelines, err
}

// Pipeline shows one.
func (c *Remote) Pipeline(ctx context.Context, name string) (*PipelineDetail, error) {
	return c.steer(ctx, http.MethodGet, name, "", nil)
}

// Pause keeps a pipeline from reading more.
func (c *Remote) Pause(ctx context.Context, name string) (*PipelineDetail, error) {
	return c.steer(ctx, http.MethodPost, name, ":pause", nil)
}

// Resume lets it read on.
func (c *Remote) Resume(ctx context.Context, name string) (*PipelineDetail, error) {
	return c.steer(ctx, http.MethodPost, name, ":resume", nil)
}

// ClearError makes it go on after a failure.
func (c *Remote) ClearError(ctx context.Context, name string) (*PipelineDetail, error) {
	return c.steer(ctx, http.MethodPost, name, ":clear-error", nil)
}

// Seek makes one that is paused or stopped go on at another place.
func (c *Remote) Seek(ctx context.Context, name, to string) (*PipelineDetail, error) {
	return c.steer(ctx, http.MethodPost, name, ":seek", url.Values{"to": {to}})
}

// Reload has the configuration read anew and applied, or with dry only planned.
func (c *Remote) Reload(ctx context.Context, dry bool) (*Reload, error) {
	r := new(Reload)
	query := url.Values{}
	if dry {
		query.Set("dryRun", "true")
	}
	if err := c.do(ctx, http.MethodPost, reloadPath, query, r); err != nil {
		return nil, err
	}
	return r, nil
}

// Tap hands what a tap shows to sink until the server ends it, whose reason it
// returns, or a call-back fails.
func (c *Remote) Tap(ctx context.Context, name string, want TapQuery, sink TapSink) (reason string, err error) {
	query := url.Values{}
	for key, value := range map[string]string{"processor": want.Processor, "topic": want.Topic, "where": want.Where} {
		if value != "" {
			query.Set(key, value)
		}
	}
	for key, value := range map[string]int{"rate": want.Rate, "limit": want.Limit} {
		if value != 0 {
			query.Set(key, strconv.Itoa(value))
		}
	}
	if want.Key != nil {
		query.Set("key", *want.Key)
	}
	resp, err := c.request(ctx, http.MethodGet, pipelinesPath+"/"+url.PathEscape(name)+":tap", query)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var end *End
	err = messages(resp.Body, func(name string, data []byte) error {
		switch name {
		case "exchange":
			return decode(data, sink.Exchange)
		case "counts":
			return decode(data, sink.Counts)
		case "end":
			return decode(data, func(e End) error { end = &e; return nil })
		}
		return nil // of a weir that is newer
	})
	switch {
	case err != nil:
		return "", err
	case end == nil:
		return "", fmt.Errorf("admin API at %s: the answer ends early: %w", c.address, io.ErrUnexpectedEOF)
	}
	return end.Reason, nil
}

func decode[T any](data []byte, visit func(T) error) error {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	return visit(v)
}

// messages reads server-sent events, each with one line of data.
func messages(r io.Reader, visit func(name string, data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	name := ""
	for lines.Scan() {
		line := lines.Text()
		if n, ok := strings.CutPrefix(line, "event: "); ok {
			name = n
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := visit(name, []byte(data)); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// Differences shows where the candidates of a pipeline differ.
func (c *Remote) Differences(ctx context.Context, name string) ([]Difference, error) {
	var list DifferenceList
	err := c.do(ctx, http.MethodGet, pipelinesPath+"/"+url.PathEscape(name)+"/differences", nil, &list)
	return list.Differences, err
}

func (c *Remote) steer(ctx context.Context, method, name, verb string, query url.Values) (*PipelineDetail, error) {
	p := new(PipelineDetail)
	if err := c.do(ctx, method, pipelinesPath+"/"+url.PathEscape(name)+verb, query, p); err != nil {
		return nil, err
	}
	return p, nil
}

// do makes one request and reads its answer into a value.
func (c *Remote) do(ctx context.Context, method, path string, query url.Values, into any) error {
	resp, err := c.request(ctx, method, path, query)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("admin API at %s: the answer ends early: %w", c.address, err)
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(into); err != nil {
		return fmt.Errorf("%w at %s: what answers there speaks something else: %w", ErrNobody, c.address, err)
	}
	return nil
}

// request returns an answer that is a good one; its body is the caller's.
func (c *Remote) request(ctx context.Context, method, path string, query url.Values) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	var wrapped *url.Error
	switch {
	case errors.As(err, &wrapped) && ctx.Err() == nil:
		return nil, fmt.Errorf("%w at %s: %w", ErrNobody, c.address, wrapped.Err)
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusOK:
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, c.problem(resp)
}

// problem reads the answer that is no good one.
func (c *Remote) problem(resp *http.Response) error {
	var p Problem
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil || p.Code == "" {
		return fmt.Errorf("%w at %s: what answers there says %s", ErrNobody, c.address, resp.Status)
	}
	if p.Detail == "" {
		p.Detail = p.Title
	}
	return &Error{Code: p.Code, Detail: p.Detail, Hint: p.Hint}
}
