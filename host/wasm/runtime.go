// Package wasm runs the modules of processors. It is the only one that knows
// the WebAssembly runtime.
//
// A Runtime compiles modules, once each; a Module makes Instances, which share
// the code and nothing else; an Instance serves one goroutine. Before a module
// is compiled its outward shape is held against the ABI, so that what people
// get wrong is named together with the remedy (ModuleError). A module sees the
// host functions of this package and nothing else of the machine: no files, no
// sockets, no clock or randomness but those of the batch at hand.
package wasm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/meter"
	"github.com/weirhq/weir/host/wasm/section"
)

// MaxModuleSize is the most bytes that a module may have.
const MaxModuleSize = 64 << 20

// PageSize is the size of a page of memory. An instance has at most MaxPages,
// which is all that 32 bits can address, and DefaultPages unless told otherwise.
const (
	PageSize     = 64 << 10
	MaxPages     = 1 << 16
	DefaultPages = 1024
)

// Config configures a Runtime. Zero values mean the defaults given.
type Config struct {
	// CacheDir is where compiled code is kept between runs; empty means
	// nowhere. Who can write to it can run code as this process, so it is made
	// for its owner alone, and refused when others may write to it.
	CacheDir string
	// MemoryPages is the most memory of an instance whose module is compiled
	// without a limit of its own. Default DefaultPages.
	MemoryPages uint32
	// Debug keeps all debug information of modules. Without it, much of it is
	// left out: it is searched at each trap, which takes seconds then.
	Debug bool
	// Interpreter runs modules without compiling them to machine code, 20 to 100
	// times slower. Where the platform has no compiler that is so anyway.
	Interpreter bool
}

// engine is what runs modules. A compiler needs one for the processor, and a
// system that lets it make memory executable.
func (c Config) engine() wazero.RuntimeConfig {
	if c.Interpreter {
		return wazero.NewRuntimeConfigInterpreter()
	}
	return wazero.NewRuntimeConfig()
}

// Compiles tells whether modules are compiled here, and not interpreted.
func Compiles() bool {
	return !reflect.DeepEqual(wazero.NewRuntimeConfig(), wazero.NewRuntimeConfigInterpreter())
}

// Runtime compiles modules. It is safe for use by several goroutines.
type Runtime struct {
	engine   wazero.Runtime
	cache    wazero.CompilationCache // nil without a directory
	cacheDir string
	pages    uint32
	debug    bool
}

// NewRuntime makes a runtime.
func NewRuntime(ctx context.Context, cfg Config) (*Runtime, error) {
	r := &Runtime{cacheDir: cfg.CacheDir, pages: cfg.pages()}
	rc := cfg.engine().WithCoreFeatures(api.CoreFeaturesV2)
	if cfg.CacheDir != "" {
		cache, err := openCache(cfg.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("compilation cache %s: %w", cfg.CacheDir, err)
		}
		r.cache = cache
		rc = rc.WithCompilationCache(cache)
	}
	r.engine = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := instantiateHostModules(ctx, r.engine); err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	if err := instantiateRefill(ctx, r.engine); err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	return r, nil
}

func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o022 != 0 {
		return nil, fmt.Errorf("has mode %#o: others could write code there that this process would run; chmod 700 it or name another directory", mode)
	}
	return wazero.NewCompilationCacheWithDir(dir)
}

// Close ends the runtime with all that it made.
func (r *Runtime) Close(ctx context.Context) error {
	err := r.engine.Close(ctx)
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(ctx))
	}
	return err
}

// Module is a compiled module.
type Module struct {
	runtime  *Runtime
	compiled wazero.CompiledModule
	bounds   Bounds
}

// Compile checks, meters and compiles a module. What is wrong with the module
// itself is a *ModuleError.
func (r *Runtime) Compile(ctx context.Context, binary []byte, bounds Bounds) (*Module, error) {
	if bounds.Pages == 0 {
		bounds.Pages = r.pages
	}
	bounds = bounds.orDefaults()
	checked, err := check(binary, bounds)
	if err != nil {
		return nil, err
	}
	if !r.debug && debugSize(checked) > maxDebug {
		checked.StripDebug()
	}
	if err := meter.Rewrite(checked, meter.Limits{Pages: bounds.Pages, Elements: bounds.TableElements, Calls: bounds.CallDepth}); err != nil {
		return nil, notCompiled(err)
	}
	binary = checked.Bytes()
	// Workers also let the end of ctx stop the compiler.
	ctx = experimental.WithCompilationWorkers(ctx, max(2, runtime.GOMAXPROCS(0)))
	compiled, err := r.compile(ctx, binary)
	if err != nil && ctx.Err() == nil && isCacheError(err) {
		if err := r.clearCache(); err != nil {
			return nil, fmt.Errorf("compilation cache %s is damaged and cannot be cleared; delete it: %w", r.cacheDir, err)
		}
		compiled, err = r.compile(ctx, binary)
	}
	switch {
	case err == nil:
		return &Module{runtime: r, compiled: compiled, bounds: bounds}, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("compile: %w", ctx.Err())
	case isCacheError(err):
		return nil, fmt.Errorf("compilation cache %s: %w", r.cacheDir, err)
	}
	return nil, notCompiled(err)
}

func notCompiled(err error) *ModuleError {
	if errors.Is(err, meter.ErrEffort) {
		return faultf("is not compiled: %v; split it, or have less inlined", err)
	}
	return faultf("does not compile: %v; build the module again, for core WebAssembly 2.0 without proposals beyond it", err)
}

// maxDebug is how much debug information is searched without a noticeable wait.
const maxDebug = 128 << 10

func debugSize(m *section.Module) int {
	size := 0
	for i := range m.Sections {
		if strings.HasPrefix(m.Sections[i].Name, ".debug_") {
			size += len(m.Sections[i].Body)
		}
	}
	return size
}

// compile turns a panic of the compiler, which a hostile module might find a
// way to, into an error.
func (r *Runtime) compile(ctx context.Context, binary []byte) (_ wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compiler failed: %v", p)
		}
	}()
	return r.engine.CompileModule(ctx, binary)
}

// isCacheError tells a fault of the cache's files from one of the module. The
// runtime has no error value for it.
func isCacheError(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link) || strings.Contains(err.Error(), "compilationcache:")
}

// clearCache deletes the compiled code, but for what is being written now, so
// that a file which a crash or a full disk left damaged is made anew.
func (r *Runtime) clearCache() error {
	files, err := filepath.Glob(filepath.Join(r.cacheDir, "wazero-*", "*"))
	for _, file := range files {
		if strings.HasSuffix(file, ".tmp") {
			continue
		}
		if e := os.Remove(file); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Close lets go of the compiled code. Instances must be closed before.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// Opens tells whether the module takes a config.
func (m *Module) Opens() bool {
	_, ok := m.compiled.ExportedFunctions()[abi.ExportOpen]
	return ok
}
