package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// cache keeps modules and manifests on disk, under their digests. What it gives
// was read into memory and then held against the digest, so neither a damaged
// disk nor whoever writes to it can change what runs. The zero cache keeps nothing.
type cache struct{ dir string }

// The folders of a cache.
const (
	blobs      = "sha256"     // modules and manifests, by digest
	signatures = "signatures" // of modules, by their digest
	origins    = "origins"    // where modules came from, by reference
)

// maxText bounds manifests, signatures and origins.
const maxText = 1 << 20

// openCache makes the folders of a cache for their owner alone.
func openCache(dir string) (cache, error) {
	if dir == "" {
		return cache{}, nil
	}
	for _, sub := range []string{blobs, signatures, origins} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return cache{}, fmt.Errorf("module cache: %w; name another folder by --cache-dir", err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return cache{}, fmt.Errorf("module cache: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o022 != 0 {
		return cache{}, fmt.Errorf("module cache %s has mode %#o: others could write there; chmod 700 it or name another folder by --cache-dir", dir, mode)
	}
	return cache{dir}, nil
}

// errDamaged says that a file was not what its name says. It is deleted then.
var errDamaged = errors.New("the copy in the cache was damaged and is deleted")

// blob reads what has a digest. It is fs.ErrNotExist when it is not there, and
// errDamaged when it was something else.
func (c cache) blob(digest string, most int64) ([]byte, error) {
	if c.dir == "" {
		return nil, fs.ErrNotExist
	}
	path := c.path(blobs, digest)
	data, err := readFile(path, most)
	if err != nil {
		return nil, err
	}
	if digestOf(data) != digest {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, errDamaged), os.Remove(path))
	}
	return data, nil
}

func (c cache) putBlob(data []byte) error { return c.put(blobs, digestOf(data), data) }

// signatures of a module; nil when there are none. What they are worth shows
// when they are verified.
func (c cache) signatures(digest string) ([]byte, error) {
	if c.dir == "" {
		return nil, nil
	}
	data, err := readFile(c.path(signatures, digest), maxText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (c cache) putSignatures(digest string, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	return c.put(signatures, digest, data)
}

// Origin is a module in the cache, and where it came from.
type Origin struct {
	// Reference is without pins; of a URL without its query.
	Reference string    `json:"reference"`
	Manifest  string    `json:"manifest,omitempty"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	Fetched   time.Time `json:"fetched"`
}

func (c cache) putOrigin(name string, o Origin) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return c.put(origins, digestOf([]byte(name+"\n"+o.Digest)), text)
}

// list gives what is in the cache, by reference, the newest of each first. A
// file that does not tell of a module is no reason to hide the others.
func (c cache) list() ([]Origin, error) {
	if c.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(c.dir, origins))
	if err != nil {
		return nil, fmt.Errorf("module cache: %w", err)
	}
	var all []Origin
	for _, e := range entries {
		text, err := readFile(filepath.Join(c.dir, origins, e.Name()), maxText)
		var o Origin
		if err != nil || json.Unmarshal(text, &o) != nil || CheckDigest(o.Digest) != nil {
			continue
		}
		info, err := os.Stat(c.path(blobs, o.Digest))
		if err != nil {
			continue
		}
		o.Size = info.Size()
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Origin) int {
		if n := strings.Compare(a.Reference, b.Reference); n != 0 {
			return n
		}
		return b.Fetched.Compare(a.Fetched)
	})
	return all, nil
}

// last is what a reference meant when it was last fetched.
func (c cache) last(shown string) (Origin, bool) {
	all, err := c.list()
	i := slices.IndexFunc(all, func(o Origin) bool { return o.Reference == shown })
	if err != nil || i < 0 {
		return Origin{}, false
	}
	return all[i], true
}

func (c cache) path(folder, digest string) string {
	return filepath.Join(c.dir, folder, strings.TrimPrefix(digest, "sha256:"))
}

// put writes a file of the cache.
func (c cache) put(folder, digest string, data []byte) error {
	if c.dir == "" {
		return nil
	}
	if err := writeFile(c.path(folder, digest), data, 0o600); err != nil {
		return fmt.Errorf("module cache: %w", err)
	}
	return nil
}

// writeFile writes a file under its name all at once: others see the old one or
// the whole new one.
func writeFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readFile reads a regular file of up to most bytes, and one more of longer ones.
func readFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file; name the .wasm file", path)
	}
	return io.ReadAll(io.LimitReader(f, most+1))
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
