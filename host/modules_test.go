package host_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/minisign"
	"github.com/weirhq/weir/host/store"
)

// images is a registry, and how hosts reach it.
type images struct {
	*httptest.Server
	host  string
	store *store.Store
}

func startImages(t *testing.T) *images {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	r := &images{Server: server, host: server.Listener.Addr().String()}
	var err error
	if r.store, err = store.New(store.Config{Hosts: map[string]store.Host{r.host: {PlainHTTP: true}}}); err != nil {
		t.Fatal(err)
	}
	return r
}

// push puts a module into the registry and returns the reference that pins it.
func (r *images) push(t *testing.T, module []byte, tag string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(file, module, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := r.store.Get(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	to, err := store.Parse("oci://" + r.host + "/m:" + tag)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := r.store.Push(t.Context(), m, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pushed.Reference
}

func (r *images) spec(t *testing.T, modules ...string) *host.Spec {
	t.Helper()
	var steps strings.Builder
	for _, m := range modules {
		fmt.Fprintf(&steps, "      - {module: %q}\n", m)
	}
	return specOf(t, fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: "localhost:1"}}
modules: {hosts: {%q: {plain_http: true}}}
pipelines:
  p:
    source: {topic: in, group_id: g}
    sink: {topic: out}
    processors:
%s`, r.host, &steps))
}

func digests(h *host.Host) (all []string) {
	for _, s := range h.Samples() {
		for _, p := range s.Processors {
			all = append(all, p.Digest)
		}
	}
	return all
}

// A tag means for a host what it meant at its start, until somebody asks for a
// reload. A reload that cannot ask leaves all as it is.
func TestReloadOfTags(t *testing.T) {
	r := startImages(t)
	pinned := r.push(t, wasmtest.SetByte('a').Bytes(), "1")
	h, err := host.New(t.Context(), r.spec(t, "oci://"+r.host+"/m:1", pinned), host.Options{CacheDir: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	first := digests(h)
	r.push(t, wasmtest.SetByte('b').Bytes(), "1")
	if done, err := h.Reload(t.Context()); err != nil || done.Changed() {
		t.Errorf("a reload that nobody asked for: %v, %v", done, err)
	}
	h.RefreshModules()
	if done, err := h.Reload(t.Context()); err != nil || done.String() != "swap p" {
		t.Fatalf("a reload: %v, %v", done, err)
	}
	second := digests(h)
	if len(second) < 2 || second[0] == first[0] || second[1] != first[1] {
		t.Errorf("before %v, now %v", first, second)
	}
	r.Close()
	h.RefreshModules()
	if done, err := h.Reload(t.Context()); !errors.Is(err, store.ErrUnavailable) || done != nil {
		t.Errorf("a reload with the registry away: %v, %v", done, err)
	}
	if done, err := h.Reload(t.Context()); err != nil || done.Changed() {
		t.Errorf("the next that nobody asked for: %v, %v", done, err)
	}
}

// TestStartWithoutRegistry: what is pinned and was fetched once is there.
func TestStartWithoutRegistry(t *testing.T) {
	r := startImages(t)
	pinned := r.push(t, wasmtest.Passthrough().Bytes(), "1")
	opts := host.Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
	for range 2 {
		h, err := host.New(t.Context(), r.spec(t, pinned), opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	_, err := host.New(t.Context(), r.spec(t, "oci://"+r.host+"/m:1"), opts)
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "to use what it stood for at ") {
		t.Errorf("a tag without its registry: %v", err)
	}
}

// TestUnsignedReload: what is not signed takes no place of what is.
func TestUnsignedReload(t *testing.T) {
	key, err := minisign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "m.wasm")
	write := func(module []byte, signed bool) {
		if err := os.WriteFile(file, module, 0o600); err != nil {
			t.Fatal(err)
		}
		if !signed {
			return
		}
		s, err := key.Sign(module, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+store.SignatureSuffix, s.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(wasmtest.SetByte('a').Bytes(), true)
	spec := specOf(t, fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: "localhost:1"}}
modules: {trust: %q, require_signature: true}
pipelines:
  p:
    source: {topic: in, group_id: g}
    sink: {topic: out}
    processors: [{module: %q}]
`, key.Public(), file))
	h, err := host.New(t.Context(), spec, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	before := digests(h)
	write(wasmtest.SetByte('b').Bytes(), false)
	if _, err := h.Reload(t.Context()); !errors.Is(err, store.ErrSignature) || digests(h)[0] != before[0] {
		t.Errorf("a reload of what nobody signed: %v; %v became %v", err, before, digests(h))
	}
	write(wasmtest.SetByte('b').Bytes(), true)
	if done, err := h.Reload(t.Context()); err != nil || done.String() != "swap p" {
		t.Errorf("a reload of what is signed: %v, %v", done, err)
	}
}
