// Package api serves weir's admin API, and has the client of it.
//
// What the API is stands in one table, operations.go: routing, roles, checks of
// requests and the OpenAPI document that the server serves are made of it. A
// request passes, in this order, the guard against browsers that were led here
// (guard.go), routing, authentication and role (principal.go), and the checks of
// its parameters and body; what is refused gets a problem (problem.go). The
// process behind it is seen through the interface Host.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/admin"
)

// DefaultListen is where the API is unless told otherwise: loopback, since
// without tokens it is open to who can reach it.
const DefaultListen = "127.0.0.1:8481"

// Config says what to serve, where, and to whom. Check says what is wrong with
// one; Listen does so itself.
type Config struct {
	// Listen is HOST:PORT or unix:PATH. Default DefaultListen.
	Listen string
	// TLS is nil without.
	TLS *TLS
	// Names are those that requests may name as their host, besides loopback
	// and the names of the certificate.
	Names []string
	// Tokens and Clients say who may do what. Without any, and without TLS's
	// ClientCA, who reaches the API may do everything.
	Tokens  []Token
	Clients []Client

	Version Version
	Host    Host
	Log     *zap.Logger
}

// How much of it a client may take up.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	// A pause waits for the end of batches, which may take long.
	writeTimeout   = 60 * time.Second
	answerWithin   = writeTimeout - 5*time.Second
	idleTimeout    = 2 * time.Minute
	maxHeader      = 16 << 10
	maxBody        = 1 << 20
	maxConnections = 1024
	// maxReading is how many requests are answered at one time: the cores are
	// for events.
	maxReading = 2
	// maxStreams is how many answers may go on at one time.
	maxStreams = 16
)

// Server serves the API.
type Server struct {
	cfg       Config
	http      *http.Server
	listener  net.Listener
	router    router
	audit     *audit
	reading   chan struct{}
	streaming chan struct{}
	ending    chan struct{} // closed when streams are to end
	document  []byte
	authority *authority // nil without TLS
}

// Listen takes the address, so that a taken one shows at the start. Serve
// answers.
func Listen(cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	if fault := cfg.Check(); fault != nil {
		return nil, fault
	}
	log := cfg.Log.Named("admin")
	s := &Server{cfg: cfg, router: newRouter(operations), audit: newAudit(log), reading: make(chan struct{}, maxReading), streaming: make(chan struct{}, maxStreams), ending: make(chan struct{})}
	document, err := Document(cfg.Version, !cfg.authenticates())
	if err != nil {
		return nil, fmt.Errorf("admin API: %w", err)
	}
	s.document = document
	var settings *tls.Config
	if cfg.TLS != nil {
		if s.authority, err = newAuthority(*cfg.TLS, len(cfg.Tokens) > 0, log); err != nil {
			return nil, fmt.Errorf("admin API: %w", err)
		}
		settings = s.authority.config()
	}
	if s.listener, err = listen(cfg.Listen); err != nil {
		return nil, err
	}
	if settings != nil {
		s.listener = tls.NewListener(s.listener, settings)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          zap.NewStdLog(log),
	}
	s.http.RegisterOnShutdown(sync.OnceFunc(func() { close(s.ending) }))
	return s, nil
}

// Addr is what a client gives to reach the server: a URL or unix:PATH.
func (s *Server) Addr() string {
	addr := s.listener.Addr()
	switch {
	case addr.Network() == "unix":
		return unixPrefix + addr.String()
	case s.cfg.TLS != nil:
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}

// Open tells whether who reaches the server may do everything.
func (s *Server) Open() bool { return !s.cfg.authenticates() }

// Serve answers until Close; then it returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin API: serve on %s: %w", s.Addr(), err)
	}
	return nil
}

// Close lets running requests end until ctx does, then cuts them. It also
// closes a server that never served.
func (s *Server) Close(ctx context.Context) error {
	if err := admin.Stop(ctx, s.http, s.listener); err != nil {
		return fmt.Errorf("admin API: close: %w", err)
	}
	return nil
}
