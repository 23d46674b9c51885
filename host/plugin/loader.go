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
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/store"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
)

// Options configures a Loader.
type Options struct {
	// CacheDir is where compiled modules are kept between runs; empty means
	// nowhere.
	CacheDir string
	// Store finds modules. nil means one that knows files, and the modules that
	// Builtin looks up; Dir is the base of relative paths then.
	Store   *store.Store
	Dir     string
	Builtin func(name string) ([]byte, bool)
	// Log takes what modules log. nil means nowhere.
	Log *zap.Logger
	// Instance bounds modules that are loaded without limits of their own.
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

// modules is the store that the options name or mean.
func (o *Options) modules() (*store.Store, error) {
	if o.Store != nil {
		return o.Store, nil
	}
	return store.New(store.Config{Dir: o.Dir, Builtin: o.Builtin})
}

// Loader loads modules. It is safe for use by several goroutines.
type Loader struct {
	opts    Options
	store   *store.Store
	runtime *wasm.Runtime

	compiling sync.Mutex // lets one module compile at a time

	mu      sync.Mutex
	modules map[identity]*loaded
}

// identity tells compiled modules apart: some limits are in their code.
type identity struct {
	digest [sha256.Size]byte
	bounds wasm.Bounds
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
	modules, err := opts.modules()
	if err != nil {
		return nil, err
	}
	runtime, err := wasm.NewRuntime(ctx, wasm.Config{CacheDir: opts.CacheDir, Debug: opts.Debug, Interpreter: opts.Interpreter})
	if err != nil {
		return nil, err
	}
	return &Loader{opts: opts, store: modules, runtime: runtime, modules: make(map[identity]*loaded)}, nil
}

// Close ends the loader with all its modules. Processors must be closed before.
func (l *Loader) Close(ctx context.Context) error { return l.runtime.Close(ctx) }

// Load finds and compiles the module that ref names, in any form that the store
// knows. The error wraps a *wasm.ModuleError when the module itself is at fault.
func (l *Loader) Load(ctx context.Context, ref string) (*Plugin, error) {
	return l.LoadWithin(ctx, ref, l.opts.Instance)
}

// LoadWithin is Load with limits of the plugin's own.
func (l *Loader) LoadWithin(ctx context.Context, ref string, limits Limits) (*Plugin, error) {
	found, err := l.load(ctx, ref, limits)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", store.Show(ref), err)
	}
	return found, nil
}

// load compiles what the store gave, and so checked, and nothing else.
func (l *Loader) load(ctx context.Context, ref string, limits Limits) (*Plugin, error) {
	source, err := l.store.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	limits = limits.orDefaults()
	id := identity{sha256.Sum256(source.Binary), limits.bounds()}
	l.compiling.Lock()
	defer l.compiling.Unlock()
	l.mu.Lock()
	found := l.modules[id]
	if found != nil {
		found.users++
	}
	l.mu.Unlock()
	if found == nil {
		if found, err = l.compile(ctx, source.Binary, id.bounds); err != nil {
			return nil, err
		}
		found.identity, found.users = id, 1
		l.mu.Lock()
		l.modules[id] = found
		l.mu.Unlock()
	}
	return &Plugin{loader: l, ref: store.Show(ref), signer: source.Signer, digest: hex.EncodeToString(id.digest[:]), limits: limits, loaded: found}, nil
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

func (l *Loader) compile(ctx context.Context, binary []byte, bounds wasm.Bounds) (*loaded, error) {
	module, err := l.runtime.Compile(ctx, binary, bounds)
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
// Of a file, more than wasm.MaxModuleSize are cut one byte later.
func Find(ctx context.Context, ref string, opts Options) ([]byte, error) {
	modules, err := opts.modules()
	if err != nil {
		return nil, err
	}
	source, err := modules.Get(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", store.Show(ref), err)
	}
	return source.Binary, nil
}
