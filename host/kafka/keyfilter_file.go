package kafka

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// lookEvery is how often a file of keys is looked at, at the border of a batch.
const lookEvery = time.Second

// keysFile is a set of keys in a file, a key in each line. While the file cannot
// be read, the set that was read last stays in force.
type keysFile struct {
	path string
	log  *zap.Logger
	// began is where its clock begins, which nobody who sets the machine's moves.
	began time.Time
	set   atomic.Pointer[map[string]struct{}]
	look  atomic.Int64 // when to look next, in ns since began

	mu    sync.Mutex
	state fileState
	told  string // the last complaint
}

// fileState tells a file from the one that it was.
type fileState struct {
	modified time.Time
	size     int64
}

func openKeysFile(path string, log *zap.Logger) (*keysFile, error) {
	if log == nil {
		log = zap.NewNop()
	}
	f := &keysFile{path: path, log: log, began: time.Now()}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	f.look.Store(int64(lookEvery))
	return f, nil
}

// current is the set for a batch. Once a second the first lane that comes looks
// at the file and reads it when it changed; the others use the old set meanwhile.
func (f *keysFile) current() map[string]struct{} {
	now, due := int64(time.Since(f.began)), f.look.Load()
	if now >= due && f.look.CompareAndSwap(due, now+int64(lookEvery)) {
		f.refresh()
	}
	return *f.set.Load()
}

func (f *keysFile) refresh() {
	if !f.mu.TryLock() { // a large file takes longer than a second
		return
	}
	defer f.mu.Unlock()
	if info, err := os.Stat(f.path); err == nil && (fileState{info.ModTime(), info.Size()}) == f.state {
		return
	}
	err := f.read()
	switch {
	case err == nil:
		f.told = ""
		f.log.Info("the keys were read again", zap.String("file", f.path), zap.Int("keys", len(*f.set.Load())))
	case err.Error() != f.told:
		f.told = err.Error()
		f.log.Warn("the file of keys cannot be used; the keys that were read before stay in force", zap.String("file", f.path), zap.Error(err))
	}
}

// read takes the whole file or nothing.
func (f *keysFile) read() error {
	info, err := os.Stat(f.path) // before: a change meanwhile is seen at the next look
	if err != nil {
		return err
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	set, err := parseKeysFile(data)
	if err != nil {
		return fmt.Errorf("%s:%w", f.path, err)
	}
	f.set.Store(&set)
	f.state = fileState{info.ModTime(), info.Size()}
	return nil
}

// parseKeysFile takes a key from each line that is not empty.
func parseKeysFile(data []byte) (map[string]struct{}, error) {
	set := make(map[string]struct{}, bytes.Count(data, []byte{'\n'})+1)
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		key, err := parseKey(string(line))
		if err != nil {
			return nil, fmt.Errorf("%d: %w", number, err)
		}
		set[string(key)] = struct{}{}
	}
	return set, nil
}
