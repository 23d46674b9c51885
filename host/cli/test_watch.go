package cli

import (
	"context"
	"crypto/sha256"
	"os"
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

// changed tells whether a file is another than the run saw.
func (t *tester) changed() bool {
	for file, before := range t.files {
		if contentOf(file) != before {
			return true
		}
	}
	return false
}
