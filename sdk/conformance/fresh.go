package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fresh tells whether a committed Rust module is what its sources give, by the
// hashes that plugins/build.sh recorded beside it: folder/NAME.wasm and
// folder/NAME.sum, NAME being the folder's. root is the repository's folder, and
// folder is relative to it, with slashes. It does not build anything; make
// guests-check does.
func Fresh(root, folder string) error {
	name := filepath.Base(folder)
	sum, err := os.ReadFile(filepath.Join(root, folder, name+".sum"))
	if err != nil {
		return fmt.Errorf("%w: run make guests", err)
	}
	source, err := sourceHash(root, folder)
	if err != nil {
		return err
	}
	wasm, err := os.ReadFile(filepath.Join(root, folder, name+".wasm"))
	if err != nil {
		return fmt.Errorf("%w: run make guests", err)
	}
	recorded := make(map[string]string)
	for line := range strings.Lines(string(sum)) {
		what, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
		recorded[what] = hash
	}
	if recorded["source"] != source {
		return fmt.Errorf("%s/%s.wasm was built from other sources: run make guests and commit the result", folder, name)
	}
	if recorded["wasm"] != hash(wasm) {
		return fmt.Errorf("%s/%s.wasm is not the module that was built: run make guests and commit the result", folder, name)
	}
	return nil
}

// sourceHash is source_hash of plugins/build.sh.
func sourceHash(root, folder string) (string, error) {
	var files []string
	trees := []string{
		folder + "/src", folder + "/Cargo.toml", "sdk/rust/src", "sdk/rust/Cargo.toml", "plugins/common/src", "plugins/Cargo.toml",
		"plugins/build.sh",
	}
	for _, about := range []string{folder + "/plugin.yaml", folder + "/tests.yaml"} {
		if _, err := os.Stat(filepath.Join(root, about)); err == nil {
			trees = append(trees, about)
		}
	}
	for _, tree := range trees {
		err := fs.WalkDir(os.DirFS(root), tree, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	slices.Sort(files)
	var list strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&list, "%s  %s\n", hash(data), file)
	}
	return hash([]byte(list.String())), nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
