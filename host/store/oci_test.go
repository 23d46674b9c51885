package store_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/store"
)

func TestPushAndPull(t *testing.T) {
	r := startRegistry(t)
	cache := t.TempDir()
	s := newStore(t, store.Config{CacheDir: cache, Hosts: r.hosts(t)})
	ref := "oci://" + r.host + "/team/enrich:1"
	pushed := push(t, s, "module one", ref)
	if again := push(t, s, "module one", ref); again != pushed {
		t.Errorf("the same module makes another image: %+v, %+v", again, pushed)
	}
	m := get(t, s, ref)
	if string(m.Binary) != "module one" || m.Digest != pushed.Digest || m.Manifest != pushed.Manifest || m.Cached {
		t.Errorf("pulled %+v, pushed %+v", m, pushed)
	}
	before := r.requests.Load()
	for _, pinned := range []string{pushed.Reference, ref + "#" + m.Digest, "oci://" + r.host + "/team/enrich@" + m.Manifest + "#" + m.Digest, ref} {
		if m := get(t, newOrSame(t, s, pinned != ref, cache), pinned); string(m.Binary) != "module one" || !m.Cached {
			t.Errorf("%s: %+v", pinned, m)
		}
	}
	if n := r.requests.Load() - before; n != 0 {
		t.Errorf("%d requests for what is in the cache", n)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Origin{{Reference: ref, Manifest: m.Manifest, Digest: m.Digest, Size: 10}}
	for i := range list {
		list[i].Fetched = time.Time{}
	}
	if diff := cmp.Diff(want, list[:1]); diff != "" {
		t.Error(diff)
	}
	refused(t, s, ref+"@"+one, nil, r.host+" has no team/enrich:1@"+one)
	refused(t, s, ref+"#"+one, store.ErrPin, "pinned to "+one)
	refused(t, s, "oci://"+r.host+"/team/enrich:2", nil, "has no team/enrich:2; look for the tag")
}

// newOrSame gives a store that knows of the cache alone, or the same.
func newOrSame(t *testing.T, s *store.Store, fresh bool, cache string) *store.Store {
	if !fresh {
		return s
	}
	return newStore(t, store.Config{CacheDir: cache})
}

// A tag that moves means for a store what it meant first, until Refresh.
func TestTagsAreResolvedOnce(t *testing.T) {
	r := startRegistry(t)
	core, logs := observer.New(zap.InfoLevel)
	s := newStore(t, store.Config{CacheDir: t.TempDir(), Hosts: r.hosts(t), Log: zap.New(core)})
	ref := "oci://" + r.host + "/team/enrich:latest"
	first := push(t, s, "one", ref)
	get(t, s, ref)
	second := push(t, s, "two", ref)
	if m := get(t, s, ref); string(m.Binary) != "one" {
		t.Errorf("the tag moved under a store: %s", m.Binary)
	}
	s.Refresh()
	if m := get(t, s, ref); string(m.Binary) != "two" {
		t.Errorf("after Refresh the tag is still %s", m.Binary)
	}
	r.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	s.Refresh()
	refused(t, s, ref, nil, "does not let weir in")
	if m := get(t, s, ref); string(m.Binary) != "two" {
		t.Errorf("a tag that could not be resolved again is %s", m.Binary)
	}
	var said []string
	for _, e := range logs.FilterMessage("tag resolved").All() {
		said = append(said, e.ContextMap()["manifest"].(string))
	}
	if diff := cmp.Diff([]string{first.Manifest, second.Manifest}, said); diff != "" {
		t.Error(diff)
	}
	if m := get(t, s, first.Reference); string(m.Binary) != "one" {
		t.Errorf("pinned it is %s", m.Binary)
	}
}

func TestRegistryIsAway(t *testing.T) {
	r := startRegistry(t)
	dir := t.TempDir()
	cfg := store.Config{CacheDir: dir, Hosts: r.hosts(t)}
	ref := "oci://" + r.host + "/team/enrich:1"
	pushed := push(t, newStore(t, cfg), "module", ref)
	get(t, newStore(t, cfg), ref)
	r.Close()
	s := newStore(t, cfg)
	for _, pinned := range []string{pushed.Reference, ref + "#" + pushed.Digest} {
		if m := get(t, s, pinned); string(m.Binary) != "module" {
			t.Errorf("%s: %q", pinned, m.Binary)
		}
	}
	refused(t, s, ref, store.ErrUnavailable, r.host+" does not answer", "what the tag stands for is not known", "from the cache, add @"+pushed.Manifest)
	refused(t, s, "oci://"+r.host+"/team/other@"+one, store.ErrUnavailable, "is not in the cache, where weir modules pull puts it")
	refused(t, newStore(t, store.Config{Hosts: r.hosts(t)}), pushed.Reference, store.ErrUnavailable, "does not answer")
}

// Whatever byte of the cache changes, it does not run: it is fetched again, or
// refused when it cannot be.
func TestCacheIsDamaged(t *testing.T) {
	r, key := startRegistry(t), newKey(t)
	dir := t.TempDir()
	cfg := store.Config{CacheDir: dir, Hosts: r.hosts(t), Policy: trusting(true, key)}
	file := filepath.Join(t.TempDir(), "m.wasm")
	write(t, file, []byte("\x00asm, and a body of some length"))
	sign(t, file, key)
	pushed := pushFile(t, newStore(t, cfg), file, "oci://"+r.host+"/team/enrich:1")
	kept := func(folder, digest string) string {
		return filepath.Join(dir, folder, strings.TrimPrefix(digest, "sha256:"))
	}
	files := []string{kept("sha256", pushed.Digest), kept("sha256", pushed.Manifest), kept("signatures", pushed.Digest)}
	get(t, newStore(t, cfg), pushed.Reference)
	damage := func(file string, at int) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[at%len(data)] ^= 4
		write(t, file, data)
	}
	for _, file := range files {
		for _, at := range []int{90, 0, 1, 5, 7, 20, 91, 140} { // in a signature, 0 to 20 are of its untrusted comment
			damage(file, at)
			if m := get(t, newStore(t, cfg), pushed.Reference); string(m.Binary) != "\x00asm, and a body of some length" {
				t.Errorf("%s, byte %d: %q", file, at, m.Binary)
			}
		}
	}
	r.Close()
	damage(files[2], 90)
	refused(t, newStore(t, cfg), pushed.Reference, store.ErrSignature)
	damage(files[0], 3)
	refused(t, newStore(t, cfg), pushed.Reference, store.ErrUnavailable, "does not answer", "was damaged and is deleted")
	refused(t, newStore(t, cfg), pushed.Reference, store.ErrUnavailable, "is not in the cache")
}

func TestSignaturesTravelWithImages(t *testing.T) {
	r, key := startRegistry(t), newKey(t)
	s := newStore(t, store.Config{CacheDir: t.TempDir(), Hosts: r.hosts(t)})
	file := filepath.Join(t.TempDir(), "m.wasm")
	write(t, file, []byte("module"))
	bare := pushFile(t, s, file, "oci://"+r.host+"/team/enrich:bare")
	sign(t, file, newKey(t), key)
	signed := pushFile(t, s, file, "oci://"+r.host+"/team/enrich:signed")
	if bare.Signed || !signed.Signed || bare.Digest != signed.Digest || bare.Manifest == signed.Manifest {
		t.Errorf("pushed %+v and %+v", bare, signed)
	}
	required := s.Within(trusting(true, key))
	refused(t, required, bare.Reference, store.ErrSignature, "is not signed")
	if m := get(t, required, signed.Reference); m.Signer != key.Public().ID() || m.Comment != "enrich 1.2" {
		t.Errorf("signed by %q: %q", m.Signer, m.Comment)
	}
	refused(t, s.Within(trusting(true, newKey(t))), signed.Reference, store.ErrSignature, "which is not trusted")
}

func TestImagesWithoutModule(t *testing.T) {
	r := startRegistry(t)
	layer := func(media, digest string, size int64) map[string]any {
		return map[string]any{"mediaType": media, "digest": digest, "size": size}
	}
	const wasm = "application/wasm"
	for name, test := range map[string]struct {
		manifest any
		want     string
	}{
		"no JSON":   {"text", "the manifest is no JSON"},
		"index":     {map[string]any{"manifests": []any{}}, "names an index of several images"},
		"empty":     {map[string]any{}, "holds no module: it has no layer of type application/wasm, but none at all"},
		"container": {map[string]any{"layers": []any{layer("application/vnd.oci.image.layer.v1.tar+gzip", one, 1)}}, `but "application/vnd.oci.image.layer.v1.tar+gzip"; push modules by weir modules push`},
		"two":       {map[string]any{"layers": []any{layer(wasm, one, 1), layer(wasm, two, 1)}}, "holds several modules"},
		"path":      {map[string]any{"layers": []any{layer(wasm, "sha256:../../etc/passwd", 1)}}, "is not a digest"},
		"huge":      {map[string]any{"layers": []any{layer(wasm, one, 1<<40)}}, "at most 67108864 are allowed"},
		"negative":  {map[string]any{"layers": []any{layer(wasm, one, -1)}}, "has -1 bytes"},
		"signature": {map[string]any{"layers": []any{layer("application/vnd.minisign.signature", one, 1<<30)}}, "has signatures of over 1048576 bytes"},
		"long":      {map[string]any{"annotations": map[string]string{"x": strings.Repeat("x", 1<<20)}}, "the manifest has more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			manifest := test.manifest
			r.before = func(w http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodGet || !strings.Contains(req.URL.Path, "/manifests/") {
					return false
				}
				w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
				text := jsonText(t, manifest)
				w.Header().Set("Content-Length", strconv.Itoa(len(text)))
				_, _ = w.Write([]byte(text))
				return true
			}
			refused(t, newStore(t, store.Config{Hosts: r.hosts(t)}), "oci://"+r.host+"/team/enrich:1", nil, test.want)
		})
	}
}

// A registry that sends other bytes than the manifest says is found out.
func TestRegistryLies(t *testing.T) {
	r := startRegistry(t)
	s := newStore(t, store.Config{Hosts: r.hosts(t)})
	pushed := push(t, s, "module", "oci://"+r.host+"/team/enrich:1")
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, pushed.Digest) {
			return false
		}
		_, _ = w.Write([]byte("Module"))
		return true
	}
	refused(t, s, pushed.Reference, store.ErrPin, "sent sha256:")
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, pushed.Manifest) {
			return false
		}
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		_, _ = w.Write([]byte("{}"))
		return true
	}
	refused(t, s, pushed.Reference, nil, "")
}

func TestLogins(t *testing.T) {
	const canary = "s3cr3t-canary"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+canary))
	challenge := `Basic realm="test"`
	r := startRegistry(t)
	file := filepath.Join(t.TempDir(), "m.wasm")
	write(t, file, []byte("module"))
	pushFile(t, newStore(t, store.Config{Hosts: r.hosts(t)}), file, "oci://"+r.host+"/team/enrich:1")
	r.before = func(w http.ResponseWriter, req *http.Request) bool {
		switch got := req.Header.Get("Authorization"); {
		case got == basic, got == "Bearer "+canary:
			return false
		case got != "":
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	ref := "oci://" + r.host + "/team/enrich:1"
	with := func(change func(h *store.Host)) *store.Store {
		h := r.trusted(t)
		change(&h)
		return newStore(t, store.Config{Hosts: map[string]store.Host{r.host: h}})
	}
	none := with(func(*store.Host) {})
	refused(t, none, ref, nil, "does not let weir in: Unauthorized", "modules.hosts."+r.host, "docker login")
	wrong := with(func(h *store.Host) { h.Username, h.Password = "me", config.NewSecret(canary+"x") })
	refused(t, wrong, ref, nil, "does not let weir in: Forbidden")
	if _, err := wrong.Get(t.Context(), ref); strings.Contains(err.Error(), canary) {
		t.Errorf("the password shows: %v", err)
	}
	get(t, with(func(h *store.Host) { h.Username, h.Password = "me", config.NewSecret(canary) }), ref)
	refused(t, with(func(h *store.Host) { h.Username = "me" }), ref, nil, r.host+": missing username or password")
	docker := filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")
	write(t, docker, fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, r.host, strings.TrimPrefix(basic, "Basic ")))
	get(t, none, ref)
	write(t, docker, []byte("{"))
	refused(t, none, ref, nil, "docker's configuration, which may have the login")
	challenge = `Bearer realm="https://` + r.host + `/token",service="test"`
	get(t, with(func(h *store.Host) { h.Token = config.NewSecret(canary) }), ref)
}

func TestTLS(t *testing.T) {
	r := startRegistry(t)
	ref := "oci://" + r.host + "/team/enrich:1"
	refused(t, newStore(t, store.Config{}), ref, nil, "shows a certificate that is not trusted", "modules.hosts."+r.host+".ssl_cafile")
	refused(t, newStore(t, store.Config{Hosts: map[string]store.Host{r.host: {CAFile: "/nowhere"}}}), ref, os.ErrNotExist, "ssl_cafile")
	plain := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(plain.Close)
	host := strings.TrimPrefix(plain.URL, "http://")
	ref = "oci://" + host + "/team/enrich:1"
	refused(t, newStore(t, store.Config{}), ref, nil, "speaks no TLS", "modules.hosts."+host+".plain_http")
	s := newStore(t, store.Config{Hosts: map[string]store.Host{host: {PlainHTTP: true}}})
	push(t, s, "module", ref)
	get(t, s, ref)
}

// A host that accepts and says nothing costs the time allowed, and no more.
func TestTimeout(t *testing.T) {
	r := startRegistry(t)
	release := make(chan struct{})
	r.before = func(_ http.ResponseWriter, req *http.Request) bool {
		select {
		case <-release:
		case <-req.Context().Done():
		}
		return true
	}
	t.Cleanup(func() { close(release) })
	s := newStore(t, store.Config{Hosts: r.hosts(t), Timeout: 50 * time.Millisecond})
	refused(t, s, "oci://"+r.host+"/team/enrich:1", store.ErrUnavailable, "does not answer in time: it has 50ms, by modules.timeout")
}
