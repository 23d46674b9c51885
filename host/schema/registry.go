package schema

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/zap"
)

// ErrUnknown says that the registry answered, and does not know what was asked
// for.
var ErrUnknown = errors.New("the registry does not know it")

const (
	// unknownFor is how long an unknown id stays unknown: long enough to spare
	// the registry a question for every event that has it, short enough for a
	// schema that a slower replica of the registry has not seen yet.
	unknownFor = 10 * time.Second
	// staleFor is how long the version that was the latest goes on to count
	// when the registry does not answer.
	staleFor = 30 * time.Second
	// maxAnswer bounds what the registry sends.
	maxAnswer = 16 << 20
	// maxReferences bounds the schemas that one needs.
	maxReferences = 256
)

// Registry is a schema registry with what it has said so far. All lanes of all
// steps that use it share one.
type Registry struct {
	config  *RegistryConfig
	log     *zap.Logger
	clients []*sr.Client // by URL
	http    *http.Client
	turn    atomic.Uint32 // the client to ask first
	away    atomic.Bool   // since when is in the log

	byID      *cache[int, *schema]
	bySubject *cache[version, int] // ids
	texts     *cache[version, sr.Schema]
	backoff   func(attempt int) time.Duration
}

// version is one version of a subject.
type version struct {
	subject string
	number  int
}

// NewRegistry makes a registry, which connects when it is first asked. Files of
// certificates are read now, so that what is wrong with them shows.
func NewRegistry(c *RegistryConfig, log *zap.Logger) (*Registry, error) {
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = secure
	r := &Registry{
		config: c, log: log,
		http:      &http.Client{Transport: limited{transport}, Timeout: c.RequestTimeout},
		byID:      newCache[int, *schema](c.CacheSize),
		bySubject: newCache[version, int](c.CacheSize),
		texts:     newCache[version, sr.Schema](c.CacheSize),
		backoff:   backoff,
	}
	for _, url := range c.URLs {
		client, err := sr.NewClient(sr.URLs(url), sr.HTTPClient(r.http), sr.UserAgent("weir"), sr.PreReq(c.login))
		if err != nil {
			return nil, fmt.Errorf("schema registry %s: %w", url, err)
		}
		r.clients = append(r.clients, client)
	}
	return r, nil
}

// Close lets go of idle connections.
func (r *Registry) Close() { r.http.CloseIdleConnections() }

func (c *RegistryConfig) login(req *http.Request) error {
	if c.Username == "" {
		return nil
	}
	password, err := c.Password.Reveal()
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	req.SetBasicAuth(c.Username, password)
	return nil
}

func (c *RegistryConfig) tls() (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ssl_cafile: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ssl_cafile: %s has no certificate in PEM form", c.CAFile)
		}
	}
	if c.CertFile == "" {
		return secure, nil
	}
	pair := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("ssl_certfile and ssl_keyfile: %w", err)
		}
		return &pair, nil
	}
	if _, err := pair(); err != nil {
		return nil, err
	}
	secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair() }
	return secure, nil
}

// limited bounds the bodies of answers.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &limitedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

func (l limited) CloseIdleConnections() { l.RoundTripper.(*http.Transport).CloseIdleConnections() }

type limitedBody struct {
	io.ReadCloser
	left int
}

var errTooLong = fmt.Errorf("the registry's answer is longer than %d MiB", maxAnswer>>20)

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// ID gives the schema with an id. The error wraps ErrUnknown when there is
// none; a schema that does not compile is one, and says so when it is used. asked
// is false for what was known.
func (r *Registry) ID(ctx context.Context, id int) (s *schema, asked bool, err error) {
	s, err = r.byID.get(ctx, id, func(ctx context.Context, _ *schema) (*schema, time.Duration, error) {
		asked = true
		given, err := ask(ctx, r, fmt.Sprintf("schema id %d", id), func(ctx context.Context, c *sr.Client) (sr.Schema, error) {
			return c.SchemaByID(ctx, id)
		})
		if errors.Is(err, ErrUnknown) {
			return nil, unknownFor, err
		}
		if err != nil {
			return nil, notKept, err
		}
		s, err := r.compile(ctx, id, given)
		if err != nil {
			return nil, notKept, err
		}
		if s.broken != nil && errors.Is(s.broken, ErrUnknown) {
			return s, unknownFor, nil // a reference may come
		}
		return s, forever, nil
	})
	return s, asked, err
}

// Subject gives a version of a subject. The latest is asked for again from
// time to time; while the registry is away, what was the latest goes on to
// count.
func (r *Registry) Subject(ctx context.Context, subject string, number int) (s *schema, asked bool, err error) {
	id, err := r.bySubject.get(ctx, version{subject, number}, func(ctx context.Context, old int) (int, time.Duration, error) {
		asked = true
		given, err := r.subject(ctx, subject, number, old != 0)
		switch {
		case err == nil && number == Latest:
			return given.ID, r.config.LatestFor, nil
		case err == nil:
			return given.ID, forever, nil
		case old != 0 && !errors.Is(err, ErrUnknown) && ctx.Err() == nil:
			r.log.Warn("the latest version of a subject could not be asked for; the last one known is used",
				zap.String("subject", subject), zap.Int("schema_id", old), zap.Error(err))
			return old, staleFor, nil
		}
		return 0, notKept, err
	})
	if err != nil {
		return nil, asked, err
	}
	s, also, err := r.ID(ctx, id)
	return s, asked || also, err
}

// subject asks for a version, once only where an older answer is there.
func (r *Registry) subject(ctx context.Context, subject string, number int, once bool) (sr.SubjectSchema, error) {
	what := fmt.Sprintf("subject %s, version %s", subject, versionText(number))
	get := func(ctx context.Context, c *sr.Client) (sr.SubjectSchema, error) {
		return c.SchemaByVersion(ctx, subject, number)
	}
	if once {
		given, err := get(ctx, r.client())
		return given, describe(what, err)
	}
	return ask(ctx, r, what, get)
}

func versionText(number int) string {
	if number == Latest {
		return "latest"
	}
	return fmt.Sprint(number)
}

// references collects the schemas that one needs, the needed before those that
// need them, each once.
func (r *Registry) references(ctx context.Context, s sr.Schema) ([]reference, error) {
	var out []reference
	seen := map[version]bool{}
	names := map[string]bool{}
	var collect func(s sr.Schema) error
	collect = func(s sr.Schema) error {
		for _, ref := range s.References {
			v := version{ref.Subject, ref.Version}
			if seen[v] && names[ref.Name] {
				continue
			}
			first := !seen[v]
			seen[v], names[ref.Name] = true, true
			if len(seen) > maxReferences {
				return fmt.Errorf("%w: it needs more than %d other schemas", errBroken, maxReferences)
			}
			given, err := r.text(ctx, v)
			if errors.Is(err, ErrUnknown) {
				return fmt.Errorf("%w: it refers to %s: %w", errBroken, ref.Name, err)
			}
			if err != nil {
				return err
			}
			if first {
				if err := collect(given); err != nil {
					return err
				}
			}
			out = append(out, reference{ref.Name, given.Schema})
		}
		return nil
	}
	return out, collect(s)
}

// errBroken marks what is wrong with a schema, not with the registry.
var errBroken = errors.New("the schema is broken")

// reference is a schema that another one needs, by the name that it uses.
type reference struct{ name, text string }

// text is a version of a subject that another schema needs: they stay even
// when they were deleted.
func (r *Registry) text(ctx context.Context, v version) (sr.Schema, error) {
	return r.texts.get(ctx, v, func(ctx context.Context, _ sr.Schema) (sr.Schema, time.Duration, error) {
		given, err := ask(ctx, r, fmt.Sprintf("subject %s, version %d", v.subject, v.number), func(ctx context.Context, c *sr.Client) (sr.Schema, error) {
			given, err := c.SchemaByVersion(sr.WithParams(ctx, sr.ShowDeleted), v.subject, v.number)
			return given.Schema, err
		})
		switch {
		case errors.Is(err, ErrUnknown):
			return given, unknownFor, err
		case err != nil:
			return given, notKept, err
		}
		return given, forever, nil
	})
}
