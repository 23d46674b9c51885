// Package store finds the bytes of modules, wherever a reference leads: to a
// file, a ready-made module, a URL or an image in a registry.
//
// A Store gives a Module only after its bytes, in memory, were held against the
// pins of the reference and, by the store's Policy, against signatures. What runs
// is made of these bytes, so nothing can change between check and use. What came
// over the network is kept in a cache on disk by its digest, and is checked again
// whenever it is read; a pinned reference needs no network then.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Config configures a Store. Zero values mean the defaults given.
type Config struct {
	// Dir is the base of relative paths. Default: the working directory.
	Dir string
	// Builtin looks up the modules that "builtin:NAME" refers to, Builtins lists
	// their names for messages. Without Builtin there are none.
	Builtin  func(name string) ([]byte, bool)
	Builtins func() []string
	// CacheDir keeps what came over the network. Empty: it is fetched each time.
	CacheDir string
	// MaxSize is the most bytes of a module. Default 64 MiB.
	MaxSize int64
	// Timeout bounds the time for fetching one module. Default one minute.
	Timeout time.Duration
	// Hosts says how to reach registries and servers, by HOST or HOST:PORT.
	Hosts map[string]Host
	// Policy says which signatures are wanted. Default: none.
	Policy Policy
	// Log is told what tags stood for. Default: nowhere.
	Log *zap.Logger
}

// The defaults of a Config.
const (
	DefaultMaxSize = 64 << 20
	DefaultTimeout = time.Minute
)

// What keeps a module from being used.
var (
	// ErrPin says that the module is not the one that the reference is pinned to.
	ErrPin = errors.New("the digest does not match")
	// ErrSignature says that a signature is missing or wrong.
	ErrSignature = errors.New("the signature is refused")
	// ErrUnavailable says that a host does not answer.
	ErrUnavailable = errors.New("does not answer")
)

// Store finds modules. It is safe for use by several goroutines.
type Store struct {
	cfg      Config
	cache    cache
	resolved *resolutions
}

// resolutions are what tags stood for when they were first asked for.
type resolutions struct {
	mu   sync.Mutex
	tags map[string]resolution // by HOST/NAME:TAG
}

type resolution struct {
	manifest string
	stale    bool // to be asked for anew
}

// New makes a store.
func New(cfg Config) (*Store, error) {
	if cfg.MaxSize == 0 {
		cfg.MaxSize = DefaultMaxSize
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	cache, err := openCache(cfg.CacheDir)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, cache: cache, resolved: &resolutions{tags: map[string]resolution{}}}, nil
}

// Within is the store under another policy, such as a tenant's. Both have the
// cache in common.
func (s *Store) Within(p Policy) *Store {
	other := *s
	other.cfg.Policy = p
	return &other
}

// Refresh has each tag resolved once more when it is next asked for. One that
// cannot be then goes on standing for what it stood for.
func (s *Store) Refresh() {
	s.resolved.mu.Lock()
	defer s.resolved.mu.Unlock()
	for tag, was := range s.resolved.tags {
		s.resolved.tags[tag] = resolution{was.manifest, true}
	}
}

// List gives what is in the cache.
func (s *Store) List() ([]Origin, error) { return s.cache.list() }

// Module is a module that passed the checks of a store.
type Module struct {
	Reference Reference
	Binary    []byte
	Digest    string // of Binary
	// Manifest is the digest of the image's manifest, empty without an image.
	Manifest string
	// Signer is the id of the trusted key by which the module is signed, and
	// Comment what it says of it. Empty where no signature was checked.
	Signer, Comment string
	// Cached tells that the network was not needed.
	Cached bool

	signatures []byte // texts of minisign, one after the other
}

// Get finds the module that a reference names, and checks it. One of more than
// MaxSize bytes is an error, but for a file without pin, which is cut one byte
// later for the compiler to refuse it.
func (s *Store) Get(ctx context.Context, ref string) (*Module, error) {
	r, err := Parse(ref)
	if err != nil {
		return nil, err
	}
	if r.NeedsDigest() {
		return nil, errors.New("a URL has to be pinned: add @sha256:DIGEST to it, or digest: sha256:DIGEST beside it; sha256sum prints the digest of a file")
	}
	var m *Module
	switch r.Kind {
	case File:
		m, err = s.file(r)
	case Builtin:
		m, err = s.builtin(r)
	default:
		m, err = s.remote(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(m.Binary)) > s.cfg.MaxSize && (r.Pinned() || s.cfg.Policy.RequireSignature) {
		return nil, s.tooLarge(int64(len(m.Binary)))
	}
	if r.Digest != "" && m.Digest != r.Digest {
		return nil, pinError("module", m.Digest, r.Digest)
	}
	return m, s.cfg.Policy.check(m)
}

func pinError(what, is, pin string) error {
	return fmt.Errorf("%w: the %s is %s, but the reference is pinned to %s; somebody changed it, or the pin is of another one", ErrPin, what, is, pin)
}

func (s *Store) tooLarge(size int64) error {
	return fmt.Errorf("has %d bytes, at most %d are allowed; strip what is not used", size, s.cfg.MaxSize)
}

func (s *Store) builtin(r Reference) (*Module, error) {
	if s.cfg.Builtin != nil {
		if binary, ok := s.cfg.Builtin(r.Name); ok {
			return &Module{Reference: r, Binary: binary, Digest: digestOf(binary)}, nil
		}
	}
	var names []string
	if s.cfg.Builtins != nil {
		names = s.cfg.Builtins()
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no builtin module %q; name a .wasm file", r.Name)
	}
	return nil, fmt.Errorf("there is no builtin module %q; there are %s", r.Name, strings.Join(names, ", "))
}

// SignatureSuffix is what a signature's file is called behind the module's name.
const SignatureSuffix = ".minisig"

func (s *Store) file(r Reference) (*Module, error) {
	path := r.Name
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.cfg.Dir, path)
	}
	binary, err := readFile(path, s.cfg.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		if abs, e := filepath.Abs(path); e == nil {
			path = abs
		}
		return nil, fmt.Errorf("%w: looked at %s", fs.ErrNotExist, path)
	}
	if err != nil {
		return nil, err
	}
	m := &Module{Reference: r, Binary: binary, Digest: digestOf(binary)}
	if m.signatures, err = readFile(path+SignatureSuffix, maxText); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return m, nil
}

// remote takes a module from the cache, or else over the network.
func (s *Store) remote(ctx context.Context, r Reference) (*Module, error) {
	kept, damage := s.kept(r)
	if kept != nil && s.cfg.Policy.check(kept) == nil {
		return kept, nil
	}
	if errors.Is(damage, errDamaged) {
		s.cfg.Log.Warn("a module in the cache is fetched again", zap.String("module", Show(r.String())), zap.Error(damage))
	}
	within, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	m, err := s.fetch(within, r)
	switch {
	case err == nil:
		return m, s.keep(m)
	case kept != nil:
		return kept, nil // for its policy to say what is wrong with it
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case within.Err() != nil:
		err = fmt.Errorf("%w in time: it has %v, by modules.timeout", ErrUnavailable, s.cfg.Timeout)
	}
	if errors.Is(err, ErrUnavailable) {
		err = s.offline(r, err)
	}
	if errors.Is(damage, errDamaged) {
		err = errors.Join(err, damage)
	}
	return nil, err
}

// offline says what would let a module be used without its host.
func (s *Store) offline(r Reference, err error) error {
	last, ok := s.cache.last(r.origin())
	if r.Pinned() {
		return fmt.Errorf("%s %w; the module is not in the cache, where weir modules pull puts it", r.Host(), err)
	}
	err = fmt.Errorf("%s %w; what the tag stands for is not known without it", r.Host(), err)
	if ok {
		return fmt.Errorf("%w; to use what it stood for at %s, from the cache, add @%s", err, last.Fetched.Format(time.RFC3339), last.Manifest)
	}
	return err
}

func (s *Store) fetch(ctx context.Context, r Reference) (*Module, error) {
	if r.Kind == HTTPS {
		return s.download(ctx, r)
	}
	return s.pull(ctx, r)
}

// kept is the module as the cache has it, nil when it is not there or cannot be
// known without asking.
func (s *Store) kept(r Reference) (*Module, error) {
	m := &Module{Reference: r, Digest: r.Digest, Cached: true}
	if r.Kind == OCI {
		m.Manifest = r.Manifest
		if m.Manifest == "" {
			m.Manifest = s.resolved.get(r.Name)
		}
		if m.Manifest != "" {
			text, err := s.cache.blob(m.Manifest, maxText)
			if err != nil {
				return nil, err
			}
			image, err := parseImage(text, s.cfg.MaxSize)
			if err != nil {
				return nil, err
			}
			m.Digest = string(image.module.Digest)
		}
	}
	if m.Digest == "" {
		return nil, fs.ErrNotExist
	}
	var err error
	if m.Binary, err = s.cache.blob(m.Digest, s.cfg.MaxSize); err != nil {
		return nil, err
	}
	if m.signatures, err = s.cache.signatures(m.Digest); err != nil {
		return nil, err
	}
	return m, nil
}

// keep puts what was fetched into the cache. Its manifest is there already.
func (s *Store) keep(m *Module) error {
	name := m.Reference.origin()
	return errors.Join(
		s.cache.putBlob(m.Binary),
		s.cache.putSignatures(m.Digest, m.signatures),
		s.cache.putOrigin(name, Origin{Reference: name, Manifest: m.Manifest, Digest: m.Digest, Fetched: time.Now().UTC().Truncate(time.Second)}),
	)
}

// origin is what the cache calls a reference: without pins and secrets.
func (r Reference) origin() string {
	r.Digest, r.Manifest = "", ""
	return Show(r.String())
}

// get is the manifest that a tag stands for, empty when it has to be resolved.
func (r *resolutions) get(tag string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.tags[tag]; !found.stale {
		return found.manifest
	}
	return ""
}

// settle takes a resolution, unless another one was taken meanwhile, which then
// counts, and returns what counts.
func (r *resolutions) settle(tag, manifest string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, ok := r.tags[tag]; ok && !first.stale {
		return first.manifest
	}
	r.tags[tag] = resolution{manifest: manifest}
	return manifest
}

// retain keeps what a tag stood for.
func (r *resolutions) retain(tag string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, ok := r.tags[tag]; ok {
		r.tags[tag] = resolution{manifest: was.manifest}
	}
}

// Save writes the module to a file, and its signatures beside it.
func (m *Module) Save(file string) error {
	if len(m.signatures) > 0 {
		if err := writeFile(file+SignatureSuffix, m.signatures, 0o644); err != nil {
			return err
		}
	}
	return writeFile(file, m.Binary, 0o644)
}
