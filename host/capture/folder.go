package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says where batches are kept and how many.
type Config struct {
	Dir string
	// Max is how many; the oldest go first.
	Max int
	// Redact takes what the events hold out of what is kept.
	Redact bool
}

// Interval is the least time between two batches that a folder takes: a topic
// full of bad events must not become a load on the disk.
const Interval = time.Second

// Folder keeps batches of one processor, as files that are open to nobody else.
// It is safe for use by several goroutines.
type Folder struct {
	cfg Config

	mu   sync.Mutex
	last time.Time
}

// NewFolder checks the folder, which is made when it is first needed. One that
// others can read is refused: events are nobody else's business.
func NewFolder(cfg Config) (*Folder, error) {
	info, err := os.Stat(cfg.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder; name one", cfg.Dir)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("folder %s has mode %#o: others could read the events there; chmod 700 it or name another folder", cfg.Dir, info.Mode().Perm())
	}
	return &Folder{cfg: cfg}, nil
}

// Due tells whether a batch that failed now is to be kept.
func (f *Folder) Due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() && now.Sub(f.last) < Interval {
		return false
	}
	f.last = now
	return true
}

// Keep writes a batch into a file of its own and deletes the oldest of those
// that are too many.
func (f *Folder) Keep(b *Batch, now time.Time) (file string, err error) {
	b.Version = version
	if f.cfg.Redact {
		b.redact()
	}
	text, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("%d bytes are more than %d", len(text), maxFile)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.MkdirAll(f.cfg.Dir, 0o700); err != nil {
		return "", err
	}
	stem := plainName(b.Pipeline) + "." + plainName(b.Processor) + "."
	file = filepath.Join(f.cfg.Dir, stem+now.UTC().Format("20060102T150405.000000000Z")+".json")
	if err := write(file, text); err != nil {
		return "", err
	}
	return file, f.prune(stem)
}

// write makes a file that is there as a whole or not at all.
func write(file string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), ".capture-*") // for its owner alone
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// prune deletes the oldest files of a processor, whose names begin with stem.
func (f *Folder) prune(stem string) error {
	entries, err := os.ReadDir(f.cfg.Dir)
	if err != nil {
		return err
	}
	var files []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stem) && strings.HasSuffix(e.Name(), ".json") {
			files = append(files, e.Name())
		}
	}
	slices.Sort(files) // by time, which ends the name
	for _, name := range files[:max(0, len(files)-f.cfg.Max)] {
		if e := os.Remove(filepath.Join(f.cfg.Dir, name)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// plainName is a name with what a file's name should not have replaced.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
}
