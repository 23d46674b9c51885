package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Sums tells whether a committed module is what its sources give, by the hashes
// that sdk/build.sh recorded: sum is the path of that file, with slashes from
// root, the repository's folder. Its lines are those of sha256sum, for the
// sources and the module; the first names the compiler. It does not build
// anything; make guests-check does.
func Sums(root, sum string) error {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(sum)))
	if err != nil {
		return fmt.Errorf("%w: run make guests", err)
	}
	files := 0
	for line := range strings.Lines(string(text)) {
		recorded, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			continue
		}
		files++
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return fmt.Errorf("%s: %w: run make guests", sum, err)
		}
		if hash(data) != recorded {
			return fmt.Errorf("%s: %s is not what the module was built from: run make guests and commit the result", sum, name)
		}
	}
	if files < 2 {
		return fmt.Errorf("%s lists %d files, want a module and what it was built from", sum, files)
	}
	return nil
}
