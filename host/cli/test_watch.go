package cli

import (
	"context"
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// watchEvery is how often files are looked at. They are read anew each time:
// builds and editors put other files in the place of the old ones.
const watchEvery = 300 * time.Millisecond

// watch runs the cases, and again at each tick that finds a file changed, until
// ctx ends. What fails is shown, and waited out when there are files to watch.
func (t *tester) watch(ctx context.Context, ticks <-chan time.Time) error {
	for ctx.Err() == nil {
		err := t.once(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case len(t.files) == 0:
			return err
		case err != nil:
			t.app.report(t.cmd, err)
		}
		writeLine(t.err, "%s", t.err.dim("waiting for a change; Ctrl-C ends"))
		for !t.changed() {
			select {
			case <-ctx.Done():
				return nil
			case <-ticks:
			}
		}
	}
	return nil
}

// content is the digest of a file, or nothing where there is none.
type content [sha256.Size]byte

func contentOf(file string) content {
	data, err := os.ReadFile(file)
	if err != nil {
		return content{}
	}
	return sha256.Sum256(data)
}

// note remembers files as they are before they are used, so that no change is
// missed.
func (t *tester) note(files ...string) {
	for _, file := range files {
		if _, known := t.files[file]; !known {
			t.files[file] = contentOf(file)
		}
	}
}

// sources are the files of a project, without what builds leave behind. A
// folder that cannot be read has none; the build says why.
func sources(dir string) []string {
	var files []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name := path
		if entry != nil {
			name = entry.Name()
		}
		switch {
		case err != nil:
			return fs.SkipDir
		case path != dir && entry.IsDir() && (strings.HasPrefix(name, ".") || slices.Contains(buildFolders, name)):
			return fs.SkipDir
		case entry.Type().IsRegular() && filepath.Ext(name) != ".wasm":
			files = append(files, path)
		}
		return nil
	})
	return files
}

// buildFolders are what builds leave behind.
var buildFolders = []string{"target", "node_modules", "build", "zig-out"}

// changed tells whether a file is another than the run saw, or new.
func (t *tester) changed() bool {
	for _, dir := range t.dirs {
		for _, file := range sources(dir) {
			if _, known := t.files[file]; !known {
				return true
			}
		}
	}
	for file, before := range t.files {
		if contentOf(file) != before {
			return true
		}
	}
	return false
}
