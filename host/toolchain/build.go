package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm/section"
)

// TestsFile is the name that test cases have beside the sources.
const TestsFile = "tests.yaml"

// Result is a module that was built.
type Result struct {
	// Language is empty for a module that was built already, of something that is
	// none of Languages.
	Language string
	// Name is what its file is called, without ".wasm": the manifest's name, or
	// the folder's.
	Name     string
	Manifest *manifest.Manifest
	// Tests are the bytes of the project's cases, nil without any.
	Tests  []byte
	module *section.Module
}

// Attach puts the test cases into the module.
func (r *Result) Attach() { r.module.SetCustom(manifest.TestsSection, r.Tests) }

// Bytes is the module's file.
func (r *Result) Bytes() []byte { return r.module.Bytes() }

// Build makes the module of a project. Its manifest goes into it; whether its
// test cases do is for the caller, who can read them, to say (Attach). The error
// is config.Faults where the manifest is at fault.
func Build(ctx context.Context, opts Options) (_ *Result, err error) {
	if info, err := os.Stat(opts.Dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%w: %s is not a folder; name the project's", ErrBuild, opts.Dir)
	}
	r := new(Result)
	if err := r.read(opts.Dir); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "weir-build-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	p := &project{Options: opts, env: opts.Environ, out: filepath.Join(work, "module.wasm"), work: work, name: r.Name}
	l, err := find(opts.Dir, opts.Language)
	if opts.Module != "" {
		p.out = opts.Module // of whatever language
	} else if err == nil {
		err = p.make(ctx, l)
	}
	if err != nil && opts.Module == "" {
		return nil, err
	}
	r.Language = l.name
	return r, r.finish(ctx, p)
}

// read takes what stands beside the sources.
func (r *Result) read(dir string) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	r.Name = filepath.Base(abs)
	file := filepath.Join(dir, manifest.File)
	switch data, err := config.ReadFile(file); {
	case err == nil:
		m, faults := manifest.Parse(file, data)
		if m == nil {
			return faults
		}
		r.Manifest, r.Name = m, m.Name
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %w", file, err)
	}
	tests, err := config.ReadFile(filepath.Join(dir, TestsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s %w", filepath.Join(dir, TestsFile), err)
	}
	r.Tests = tests
	return nil
}

// finish reads the module that the tools made, strips it, and puts in the
// manifest.
func (r *Result) finish(ctx context.Context, p *project) error {
	module, err := readModule(p.out)
	if err != nil {
		return err
	}
	if !p.Debug {
		module.StripDebug()
	}
	if p.Optimize {
		if module, err = p.optimize(ctx, module); err != nil {
			return err
		}
	}
	module.RemoveCustom(func(name string) bool { return name == manifest.Section || name == manifest.TestsSection })
	r.module = module
	if r.Manifest == nil {
		return nil
	}
	if r.Manifest.SDK == "" {
		r.Manifest.SDK = r.Language
	}
	return manifest.Attach(module, r.Manifest, nil)
}

func readModule(file string) (*section.Module, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	module, err := section.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModule, file, err)
	}
	return module, nil
}

// optimize runs wasm-opt, for the features that the host has.
func (p *project) optimize(ctx context.Context, module *section.Module) (*section.Module, error) {
	tool := p.env.look("wasm-opt")
	if tool == "" {
		return nil, missing("wasm-opt is not in PATH", "install binaryen (Debian: apt-get install binaryen, macOS: brew install binaryen), or build without --optimize")
	}
	in, out := filepath.Join(p.work, "in.wasm"), filepath.Join(p.work, "optimized.wasm")
	if err := os.WriteFile(in, module.Bytes(), 0o600); err != nil {
		return nil, err
	}
	args := []string{tool, "-O3", "-g", "--enable-bulk-memory", "--enable-sign-ext", "--enable-mutable-globals",
		"--enable-nontrapping-float-to-int", "--enable-multivalue", "--enable-reference-types", "--enable-simd", in, "-o", out}
	if err := p.run(ctx, command{args: args}); err != nil {
		return nil, err
	}
	return readModule(out)
}
