package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

// reloadTriggers are what makes a service reload its configuration.
type reloadTriggers struct {
	hangUp bool            // SIGHUP does
	files  func() []string // a change of one of these does; nil: of none
}

// watchModulesEvery is how often files are looked at. A change counts once it
// has stood for one look, so that a file that is being written is not read.
const watchModulesEvery = time.Second

// start calls reload, one call after the other, whenever a trigger says so,
// until ctx ends or stop is called, which waits for a call that is under way.
// asked tells that somebody asked for it, and no file changed.
func (t reloadTriggers) start(ctx context.Context, reload func(ctx context.Context, asked bool)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	hangUps := make(chan os.Signal, 1)
	if t.hangUp && !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(hangUps, syscall.SIGHUP)
	}
	var running sync.WaitGroup
	running.Go(func() {
		ticker := time.NewTicker(watchModulesEvery)
		defer ticker.Stop()
		w := newFileWatch(nil)
		if t.files != nil {
			w = newFileWatch(t.files())
		}
		again := func(asked bool) {
			reload(ctx, asked)
			if t.files != nil {
				w.watch(t.files())
			}
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangUps:
				w.look() // before: what changes from now on is not missed
				again(true)
			case <-ticker.C:
				if w.changed() {
					again(false)
				}
			}
		}
	})
	return func() {
		signal.Stop(hangUps)
		cancel()
		running.Wait()
	}
}

// fileWatch tells whether files have changed, by size and time.
type fileWatch struct {
	files         []string
	known, before []stamp
}

type stamp struct {
	size int64
	at   time.Time
}

func newFileWatch(files []string) *fileWatch {
	w := &fileWatch{files: files}
	w.look()
	return w
}

// watch takes other files. Those that it had are known as they were, so that a
// change that came while they were read is not missed.
func (w *fileWatch) watch(files []string) {
	next := newFileWatch(files)
	next.before = slices.Clone(next.known)
	for i, file := range files {
		if k := slices.Index(w.files, file); k >= 0 {
			next.known[i], next.before[i] = w.known[k], w.before[k]
		}
	}
	*w = *next
}

// look takes the files as they are for known.
func (w *fileWatch) look() {
	w.known = w.stamps()
	w.before = w.known
}

// changed tells whether a file is another than known and the same as at the
// last look. It then is known.
func (w *fileWatch) changed() bool {
	now := w.stamps()
	changed := false
	for i := range now {
		if now[i] != w.known[i] && now[i] == w.before[i] {
			w.known[i] = now[i]
			changed = true
		}
	}
	w.before = now
	return changed
}

// stamps looks at the files. One that is away for a moment, as while it is
// replaced, is as it was.
func (w *fileWatch) stamps() []stamp {
	all := make([]stamp, len(w.files))
	for i, file := range w.files {
		info, err := os.Stat(file)
		switch {
		case err == nil:
			all[i] = stamp{info.Size(), info.ModTime()}
		case w.known != nil:
			all[i] = w.known[i]
		}
	}
	return all
}
