package cli

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/weirhq/weir/host/manifest"
)

// projects are the folders of modules that have a manifest beside them, with the
// module that a build of each has to make.
func (w *workshop) projects() map[string]string {
	all := make(map[string]string)
	for _, module := range w.spec.ModuleFiles() {
		dir := filepath.Dir(module)
		if _, err := os.Stat(filepath.Join(dir, manifest.File)); err == nil {
			all[dir] = module
		}
	}
	return all
}

// rebuild looks at the sources of projects and builds those that changed. What a
// build cannot do is shown, and the old module goes on.
func (w *workshop) rebuild(ctx context.Context, projects map[string]string) error {
	known := make(map[string]map[string]content)
	for dir := range projects {
		known[dir] = contents(dir)
	}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, dir := range slices.Sorted(maps.Keys(projects)) {
			now := contents(dir)
			if maps.Equal(now, known[dir]) {
				continue
			}
			known[dir] = now
			if err := w.makeAnew(ctx, w.flags, dir, projects[dir]); err != nil {
				w.report(w.root(), err)
			}
		}
	}
}

// makeFirst builds the project that a configuration stands in, as weir new makes
// it, where it has no module yet.
func (a *app) makeFirst(ctx context.Context, f devFlags) error {
	for _, config := range f.config.files {
		dir := filepath.Dir(config)
		if _, err := os.Stat(filepath.Join(dir, manifest.File)); err != nil {
			continue
		}
		modules, err := filepath.Glob(filepath.Join(dir, "*.wasm"))
		if err != nil || len(modules) > 0 {
			continue // what is wrong with the folder's name shows when it is read
		}
		if err := a.makeAnew(ctx, f, dir, ""); err != nil {
			return err
		}
	}
	return nil
}

// makeAnew builds the module of a project, by default NAME.wasm in it. Broken off,
// it has nothing to say.
func (a *app) makeAnew(ctx context.Context, f devFlags, dir, module string) error {
	b := buildFlags{cache: f.cache, out: module}
	b.Dir = dir
	report, err := a.makeModule(ctx, b)
	if err != nil {
		return unlessOver(ctx, err)
	}
	writeLine(a.err, "%s %s", a.err.green("built"), report.File)
	return nil
}

// contents are the sources of a folder with what is in them.
func contents(dir string) map[string]content {
	all := make(map[string]content)
	for _, file := range sources(dir) {
		all[file] = contentOf(file)
	}
	return all
}
