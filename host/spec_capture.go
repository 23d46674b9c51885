package host

import (
	"path/filepath"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/config"
)

// How many batches a processor keeps in which its module failed.
const (
	defaultCapture = 20
	maxCapture     = 10_000
)

// readCapture reads where batches are kept in which a module failed. Paths
// begin at the folder of the file that has them.
func readCapture(s *config.Section) capture.Config {
	sub := s.Section("capture")
	cfg := capture.Config{Max: int(sub.Int("max", defaultCapture, 1, maxCapture))}
	cfg.Redact = sub.Bool("redact", false)
	dir, pos, ok := sub.Text("dir")
	switch {
	case !sub.Present():
		return capture.Config{}
	case !ok:
		sub.Fault(sub.Pos(), "dir", "is missing", "name the folder that batches are kept in")
		return capture.Config{}
	case !filepath.IsAbs(dir) && pos.Line != 0: // a place in a file
		dir = filepath.Join(filepath.Dir(pos.File), dir)
	}
	cfg.Dir = dir
	return cfg
}
