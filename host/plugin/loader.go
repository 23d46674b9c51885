// Package plugin makes processors of WebAssembly modules.
//
// A Loader finds modules by reference, compiles each once, however many
// pipelines name it, and gives a Plugin. A Plugin opens a Processor for a lane:
// one instance of the module with its config. A Processor hands batches over
// the border and keeps guilty events from taking others with them: it satisfies
// the pipeline's Processor interface.
package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
)

// Options configures a Loader.
type Options struct {
	// CacheDir is where compiled modules are kept between runs; empty means
	// nowhere.
	CacheDir string
	// Dir is the base of relative paths; empty means the working directory.
	Dir string
	// Builtin looks up the modules that "builtin:name" refers to, Builtins
	// lists their names for messages. Without Builtin there are none.
	Builtin  func(name string) ([]byte, bool)
	Builtins func() []string
	// Log takes what modules log. nil means nowhere.
	Log *zap.Logger
	// Limits bound what a module may return for one batch.
	Limits abi.Limits
	// Instance bounds what instances may use of modules that are loaded without
	// limits of their own.
	Instance Limits
	// Debug keeps all debug information of modules, by which a trap names lines of
	// the sources: see wasm.Config.
	Debug bool
	// Interpreter runs modules without a compiler: see wasm.Config.
	Interpreter bool
	// Now is the clock that batches are given. nil means the machine's; another
	// one repeats an earlier run.
	Now func() time.Time
}

// The schemes of references. One without a scheme is a path.
const (
	schemeFile    = "file"
	schemeBuiltin = "builtin"
)

// Loader loads modules. It is safe for use by several goroutines.
type Loader struct {
	opts    Options
	runtime *wasm.Runtime

	compiling sync.Mutex // lets one module compile at a time

	mu      sync.Mutex
	modules map[identity]*loaded
}

// identity tells compiled modules apart: the limit of memory is in their code.
type identity struct {
	digest [sha256.Size]byte
	pages  uint32
}

// loaded is a compiled module with what it says about itself. It is kept for as
// long as a plugin or a processor is made of it.
type loaded struct {
	identity
	module   *wasm.Module
	manifest *manifest.Manifest
	users    int // under the loader's mu
}

// NewLoader makes a loader.
func NewLoader(ctx context.Context, opts Options) (*Loader, error) {
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	runtime, err := wasm.NewRuntime(ctx, wasm.Config{CacheDir: opts.CacheDir, Debug: opts.Debug, Interpreter: opts.Interpreter})
	if err != nil {
		return nil, err
	}
	return &Loader{opts: opts, runtime: runtime, modules: make(map[identity]*loaded)}, nil
}

// Close ends the loader with all its modules. Processors must be closed before.
func (l *Loader) Close(ctx context.Context) error { return l.runtime.Close(ctx) }

// Load finds and compiles the module that ref names: a path, "file:path" or
// "builtin:name". The error wraps a *wasm.ModuleError when the module itself is
// at fault.
func (l *Loader) Load(ctx context.Context, ref string) (*Plugin, error) {
	return l.LoadWithin(ctx, ref, l.opts.Instance)
}

// LoadWithin is Load with limits of the plugin's own.
func (l *Loader) LoadWithin(ctx context.Context, ref string, limits Limits) (*Plugin, error) {
	binary, err := l.read(ref)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", ref, err)
	}
	id := identity{sha256.Sum256(binary), limits.pages()}
	l.compiling.Lock()
	defer l.compiling.Unlock()
	l.mu.Lock()
	found := l.modules[id]
	if found != nil {
		found.users++
	}
	l.mu.Unlock()
	if found == nil {
		if found, err = l.compile(ctx, binary, id.pages); err != nil {
			return nil, fmt.Errorf("module %s: %w", ref, err)
		}
		found.identity, found.users = id, 1
		l.mu.Lock()
		l.modules[id] = found
		l.mu.Unlock()
	}
	return &Plugin{loader: l, ref: ref, digest: hex.EncodeToString(id.digest[:]), limits: limits, loaded: found}, nil
}

// hold adds a user of a module, unless the last one has let it go.
func (l *Loader) hold(m *loaded) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.users == 0 {
		return false
	}
	m.users++
	return true
}

// release takes a user away, and closes the module with the last.
func (l *Loader) release(ctx context.Context, m *loaded) error {
	l.mu.Lock()
	m.users--
	last := m.users == 0
	if last {
		delete(l.modules, m.identity)
	}
	l.mu.Unlock()
	if !last {
		return nil
	}
	return m.module.Close(ctx)
}

func (l *Loader) compile(ctx context.Context, binary []byte, pages uint32) (*loaded, error) {
	module, err := l.runtime.Compile(ctx, binary, pages)
	if err != nil {
		return nil, err
	}
	sections, err := section.Parse(binary)
	if err == nil {
		var m *manifest.Manifest
		if m, err = manifest.Read(sections); err == nil {
			return &loaded{module: module, manifest: m}, nil
		}
	}
	return nil, errors.Join(&wasm.ModuleError{Faults: []string{err.Error()}}, module.Close(ctx))
}

// Find returns the bytes that ref names, as Load finds them, whatever they are.
// More than wasm.MaxModuleSize are cut one byte later.
func Find(ref string, opts Options) ([]byte, error) {
	l := Loader{opts: opts}
	binary, err := l.read(ref)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", ref, err)
	}
	return binary, nil
}

func (l *Loader) read(ref string) ([]byte, error) {
	scheme, rest, ok := strings.Cut(ref, ":")
	switch {
	case ref == "":
		return nil, errors.New("the reference is empty; name a .wasm file or builtin:NAME")
	case !ok:
		return l.readFile(ref)
	case scheme == schemeFile:
		return l.readFile(rest)
	case scheme == schemeBuiltin:
		return l.readBuiltin(rest)
	}
	if _, err := os.Stat(l.path(ref)); err == nil {
		return l.readFile(ref) // a colon in the name
	}
	return nil, fmt.Errorf("unknown scheme %q; name a path, %s:PATH or %s:NAME", scheme, schemeFile, schemeBuiltin)
}

func (l *Loader) readBuiltin(name string) ([]byte, error) {
	if l.opts.Builtin != nil {
		if binary, ok := l.opts.Builtin(name); ok {
			return binary, nil
		}
	}
	var names []string
	if l.opts.Builtins != nil {
		names = l.opts.Builtins()
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no builtin module %q; name a .wasm file", name)
	}
	return nil, fmt.Errorf("there is no builtin module %q; there are %s", name, strings.Join(names, ", "))
}

func (l *Loader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(l.opts.Dir, name)
}

func (l *Loader) readFile(name string) ([]byte, error) {
	path := l.path(name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if abs, e := filepath.Abs(path); e == nil {
			path = abs
		}
		return nil, fmt.Errorf("%w: looked at %s", fs.ErrNotExist, path)
	}
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
	return io.ReadAll(io.LimitReader(f, wasm.MaxModuleSize+1)) // one more, for the compiler to refuse it
}
