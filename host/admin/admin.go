// Package admin serves the operator's HTTP endpoints: metrics and probes.
//
// /metrics speaks Prometheus. /healthz says that the process is alive and
// nothing else: a liveness probe that asks for Kafka turns an outage of Kafka
// into a storm of restarts. /readyz says whether events can flow.
package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// DefaultListen is where the endpoints are unless told otherwise: loopback,
// since they are open to who can reach them.
const DefaultListen = "127.0.0.1:8480"

// ErrPortTaken says that another process listens on the wanted address.
var ErrPortTaken = errors.New("the port is taken")

// Config says what to serve, and where.
type Config struct {
	// Listen is host:port. Default DefaultListen; port 0 takes a free one.
	Listen string
	// Metrics serves /metrics.
	Metrics http.Handler
	// Pipelines tells the state of every pipeline. It is called once a request
	// and must be safe for concurrent use.
	Pipelines func() []Pipeline
	Log       *zap.Logger
}

// Server serves the endpoints.
type Server struct {
	http     *http.Server
	listener net.Listener
}

// Listen takes the port, so that a taken one shows before any pipeline
// starts. Serve answers.
func Listen(cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = DefaultListen
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("admin: %s: %w by another process; choose another with --listen HOST:PORT, or --listen off", cfg.Listen, ErrPortTaken)
	case err != nil:
		return nil, fmt.Errorf("admin: listen on %q: %w; --listen takes HOST:PORT or off", cfg.Listen, err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.HandleFunc("GET /healthz", healthz)
	mux.Handle("GET /readyz", &readyz{pipelines: cfg.Pipelines})
	mux.HandleFunc("GET /{$}", index)
	return &Server{
		listener: listener,
		http: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          zap.NewStdLog(cfg.Log.Named("admin")),
		},
	}, nil
}

// Addr is the host:port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve answers until Close; then it returns nil.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: serve on %s: %w", s.Addr(), err)
	}
	return nil
}

// Close lets running requests end until ctx does, then cuts them. It also
// closes a server that never served.
func (s *Server) Close(ctx context.Context) error {
	if err := Stop(ctx, s.http, s.listener); err != nil {
		return fmt.Errorf("admin: close: %w", err)
	}
	return nil
}

// Stop is how a server and its listener are closed, whether it served or not:
// running requests have until ctx ends, then they are cut.
func Stop(ctx context.Context, server *http.Server, listener net.Listener) error {
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if cerr := listener.Close(); cerr != nil && !errors.Is(cerr, net.ErrClosed) {
		err = errors.Join(err, cerr)
	}
	return err
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "weir\n\n/metrics  Prometheus metrics\n/healthz  the process is alive\n/readyz   events can flow; 503 with the reasons when they cannot\n")
}
