package store_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/store"
)

// files serves a folder.
func files(t *testing.T) (dir string, s *server) {
	t.Helper()
	dir = t.TempDir()
	return dir, startServer(t, http.FileServer(http.Dir(dir)))
}

func TestDownload(t *testing.T) {
	dir, web := files(t)
	key := newKey(t)
	file := filepath.Join(dir, "m.wasm")
	write(t, file, []byte("module"))
	cache := t.TempDir()
	s := newStore(t, store.Config{CacheDir: cache, Hosts: web.hosts(t), MaxSize: 6})
	pin := get(t, s, file).Digest
	ref := web.URL + "/m.wasm?token=s3cr3t@" + pin
	refused(t, s, web.URL+"/m.wasm?token=s3cr3t", nil, "has to be pinned")
	refused(t, s, web.URL+"/m.wasm@"+one, store.ErrPin, "the module is "+pin)
	refused(t, s, web.URL+"/none.wasm@"+pin+"0", nil, "is not a digest")
	refused(t, s, web.URL+"/none.wasm@"+one, nil, web.host+" has nothing of that name")
	if m := get(t, s, ref); string(m.Binary) != "module" || m.Cached {
		t.Errorf("downloaded %+v", m)
	}
	required := s.Within(trusting(true, key))
	refused(t, required, ref, store.ErrSignature, "is not signed")
	sign(t, file, key)
	if m := get(t, required, ref); m.Signer != key.Public().ID() {
		t.Errorf("signed by %q", m.Signer)
	}
	write(t, file, []byte("module of more bytes"))
	refused(t, s, web.URL+"/m.wasm@"+one, nil, "has 20 bytes, at most 6 are allowed")
	web.Close()
	if m := get(t, required, ref); string(m.Binary) != "module" || !m.Cached {
		t.Errorf("with the server away: %+v", m)
	}
	refused(t, s, web.URL+"/m.wasm?token=s3cr3t@"+one, store.ErrUnavailable, "is not in the cache")
	list, err := s.List()
	if err != nil || len(list) != 1 || list[0].Reference != web.URL+"/m.wasm?***" {
		t.Errorf("%v: the cache lists %+v", err, list)
	}
	nowhere(t, cache, "s3cr3t")
}

// nowhere looks for a secret in all files of a folder.
func nowhere(t *testing.T, dir, secret string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%v: %d files", err, len(found))
	}
	for _, file := range found {
		data, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(data), secret) {
			t.Errorf("%s: %v, %s", file, err, data)
		}
	}
}

// A login goes to the host that it is for, and over TLS, whereto ever that
// redirects.
func TestRedirections(t *testing.T) {
	dir, web := files(t)
	write(t, filepath.Join(dir, "m.wasm"), []byte("module"))
	var seen []string
	web.before = func(_ http.ResponseWriter, r *http.Request) bool {
		seen = append(seen, r.Header.Get("Authorization"))
		return false
	}
	var to string
	front := startServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cr3t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	host := front.trusted(t) // both have the certificate of httptest
	host.Username, host.Password = "me", config.NewSecret("s3cr3t")
	s := newStore(t, store.Config{Hosts: map[string]store.Host{front.host: host}})
	pin := get(t, s, filepath.Join(dir, "m.wasm")).Digest
	to = strings.Replace(web.URL, "127.0.0.1", "localhost", 1) + "/m.wasm?signed=s3cr3t"
	ref := front.URL + "/x.wasm@" + pin
	_, err := s.Get(t.Context(), ref)
	if err == nil || strings.Contains(err.Error(), "s3cr3t") { // no name of the certificate is localhost
		t.Errorf("a redirection to another name: %v", err)
	}
	to = web.URL + "/m.wasm"
	get(t, s, ref)
	if got := fmt.Sprint(seen); !strings.HasPrefix(web.URL, "https://127.0.0.1") || strings.Contains(got, "s3cr3t") {
		t.Errorf("the other host saw %s", got)
	}
	to = "http://" + front.host + "/m.wasm?signed=s3cr3t"
	_, err = s.Get(t.Context(), ref)
	if err == nil || !strings.Contains(err.Error(), "redirects weir to a URL without TLS") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a redirection without TLS: %v", err)
	}
	none := newStore(t, store.Config{Hosts: front.hosts(t)})
	refused(t, none, ref, nil, "does not let weir in: Unauthorized")
}

func TestServerFails(t *testing.T) {
	web := startServer(t, http.NotFoundHandler())
	web.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("half"))
		return true
	}
	s := newStore(t, store.Config{Hosts: web.hosts(t)})
	refused(t, s, web.URL+"/m.wasm@"+one, store.ErrUnavailable, "does not answer to the end")
	plain := newStore(t, store.Config{Hosts: web.hosts(t)})
	refused(t, plain, "https://127.0.0.1:1/m.wasm@"+one, store.ErrUnavailable, "127.0.0.1:1 does not answer")
}
