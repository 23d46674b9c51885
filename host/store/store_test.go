package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/minisign"
	"github.com/weirhq/weir/host/store"
)

func refusedBy(t *testing.T, what string, err, is error, words ...string) {
	t.Helper()
	if err == nil {
		return
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("%s: error is %v, want one of %v", what, err, is)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error is\n\t%v\nwant\n\t%s", what, err, w)
		}
	}
}

func newKey(t *testing.T) minisign.SecretKey {
	t.Helper()
	key, err := minisign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign puts signatures of a file's bytes beside it.
func sign(t *testing.T, file string, keys ...minisign.SecretKey) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, key := range keys {
		s, err := key.Sign(data, "enrich 1.2")
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, s.Bytes()...)
	}
	write(t, file+store.SignatureSuffix, text)
}

func trusting(required bool, keys ...minisign.SecretKey) store.Policy {
	p := store.Policy{RequireSignature: required}
	for _, key := range keys {
		p.Trust = append(p.Trust, key.Public())
	}
	return p
}

func TestGetPins(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.wasm"), []byte("module a"))
	s := newStore(t, store.Config{Dir: dir, Builtin: func(name string) ([]byte, bool) { return []byte("built in"), name == "drop" }})
	for _, ref := range []string{"a.wasm", "builtin:drop"} {
		m := get(t, s, ref)
		if again := get(t, s, ref+"@"+m.Digest); !bytes.Equal(again.Binary, m.Binary) {
			t.Errorf("%s: pinned it is %q", ref, again.Binary)
		}
		refused(t, s, ref+"@"+one, store.ErrPin, "the module is "+m.Digest+", but the reference is pinned to "+one)
	}
	refused(t, s, "b.wasm", fs.ErrNotExist, "looked at "+dir)
	refused(t, s, "https://h/a.wasm", nil, "has to be pinned")
	write(t, filepath.Join(dir, "a.wasm"), make([]byte, store.DefaultMaxSize+1))
	refused(t, s, "a.wasm@"+one, nil, "has 67108865 bytes, at most 67108864 are allowed")
}

func TestPolicy(t *testing.T) {
	ours, theirs := newKey(t), newKey(t)
	dir := t.TempDir()
	file := func(name string, keys ...minisign.SecretKey) string {
		path := filepath.Join(dir, name)
		write(t, path, []byte("module "+name))
		if keys != nil {
			sign(t, path, keys...)
		}
		return path
	}
	unsigned, signed, stranger := file("unsigned"), file("signed", ours), file("stranger", theirs)
	both, changed, garbled := file("both", theirs, ours), file("changed", ours), file("garbled")
	write(t, changed, []byte("module chanGed"))
	write(t, garbled+store.SignatureSuffix, []byte("four\nlines\nof\nnothing\n"))
	many := file("many", theirs, theirs, theirs, theirs, theirs, theirs, theirs, theirs, ours)
	for name, test := range map[string]struct {
		file   string
		policy store.Policy
		want   string // in the error; empty when there is none
		signer string
	}{
		"no policy":              {garbled, store.Policy{}, "", ""},
		"unsigned":               {unsigned, trusting(false, ours), "", ""},
		"unsigned, required":     {unsigned, trusting(true, ours), "is not signed, and modules.require_signature is set", ""},
		"signed":                 {signed, trusting(false, ours), "", ours.Public().ID()},
		"signed, required":       {signed, trusting(true, theirs, ours), "", ours.Public().ID()},
		"required, none trusted": {signed, trusting(true), "signed by key " + ours.Public().ID() + ", which is not trusted; add the key to modules.trust", ""},
		"stranger":               {stranger, trusting(false, ours), "", ""},
		"stranger, required":     {stranger, trusting(true, ours), "signed by key " + theirs.Public().ID() + ", which is not trusted", ""},
		"one of two":             {both, trusting(true, ours), "", ours.Public().ID()},
		"changed":                {changed, trusting(false, ours), "has other bytes: the module or the signature was changed", ""},
		"garbled":                {garbled, trusting(false, ours), "not a signature of minisign", ""},
		"too many":               {many, trusting(false, ours), "more than 8 signatures", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := newStore(t, store.Config{}).Within(test.policy).Get(t.Context(), test.file)
			if test.want != "" {
				refusedBy(t, test.file, err, store.ErrSignature, test.want)
			}
			switch {
			case (err == nil) != (test.want == ""):
				t.Errorf("error is %v", err)
			case err == nil && m.Signer != test.signer:
				t.Errorf("signer is %q, want %q", m.Signer, test.signer)
			}
		})
	}
	built := newStore(t, store.Config{Policy: trusting(true), Builtin: func(string) ([]byte, bool) { return nil, true }})
	get(t, built, "builtin:any")
}

// A file that is swapped while it is loaded is either the one that was meant or
// refused: what was checked is what is given.
func TestFileIsSwapped(t *testing.T) {
	dir, key := t.TempDir(), newKey(t)
	path := filepath.Join(dir, "m.wasm")
	good, bad := bytes.Repeat([]byte("good"), 1<<15), bytes.Repeat([]byte("evil"), 1<<15)
	write(t, path, good)
	sign(t, path, key)
	s := newStore(t, store.Config{Policy: trusting(true, key)})
	pin := get(t, s, path).Digest
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			data := [][]byte{bad, good}[i%2]
			if i%4 < 2 { // in place, so that a reader sees halves; else at once
				_ = os.WriteFile(path, data, 0o600)
				continue
			}
			_ = os.WriteFile(path+".new", data, 0o600)
			_ = os.Rename(path+".new", path)
		}
	}()
	taken := map[bool]int{}
	for _, ref := range []string{path, path + "@" + pin} {
		for range 300 {
			m, err := s.Get(t.Context(), ref)
			taken[err == nil]++
			if err == nil && (!bytes.Equal(m.Binary, good) || m.Digest != pin) {
				t.Fatalf("%s: a module was given that nobody signed: %.8q", ref, m.Binary)
			}
		}
	}
	close(stop)
	<-stopped
	if taken[false] == 0 {
		t.Errorf("nothing was refused: %v; the files were not swapped", taken)
	}
}

func TestCacheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	newStore(t, store.Config{CacheDir: dir})
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v: mode %v", err, info.Mode())
	}
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // that is what must be refused
		t.Fatal(err)
	}
	if _, err := store.New(store.Config{CacheDir: dir}); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a cache for everybody: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	if _, err := store.New(store.Config{CacheDir: file}); err == nil || !strings.Contains(err.Error(), "--cache-dir") {
		t.Errorf("a file for a cache: %v", err)
	}
}
