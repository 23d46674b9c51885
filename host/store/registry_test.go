package store_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/weirhq/weir/host/store"
)

// server is a registry, or whatever its handler makes of it, with TLS.
type server struct {
	*httptest.Server
	host     string
	requests atomic.Int64
	// before sees each request; it answers by itself when it returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
}

func startServer(t *testing.T, handler http.Handler) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if s.before == nil || !s.before(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	s.host = strings.TrimPrefix(s.URL, "https://")
	return s
}

func startRegistry(t *testing.T) *server {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return startServer(t, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
}

// trusted is how to reach the server with its certificate.
func (s *server) trusted(t *testing.T) store.Host {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	return store.Host{CAFile: file}
}

func (s *server) hosts(t *testing.T) map[string]store.Host {
	return map[string]store.Host{s.host: s.trusted(t)}
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func newStore(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// get gives a module, or ends the test.
func get(t *testing.T, s *store.Store, ref string) *store.Module {
	t.Helper()
	m, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return m
}

// push puts bytes into a registry.
func push(t *testing.T, s *store.Store, binary, ref string) store.Pushed {
	t.Helper()
	file := filepath.Join(t.TempDir(), "module.wasm")
	write(t, file, []byte(binary))
	return pushFile(t, s, file, ref)
}

func pushFile(t *testing.T, s *store.Store, file, ref string) store.Pushed {
	t.Helper()
	to, err := store.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := s.Push(t.Context(), get(t, s, file), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pushed
}

// refused wants an error with all of the words.
func refused(t *testing.T, s *store.Store, ref string, is error, words ...string) {
	t.Helper()
	m, err := s.Get(t.Context(), ref)
	refusedBy(t, ref, err, is, words...)
	if err == nil {
		t.Errorf("%s: got %+v", ref, m)
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
