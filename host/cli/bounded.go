package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/host"
)

// What redrive and replay have in common: they run a pipeline once, over what is
// there, after they showed what that is.

// agree asks, on a terminal, whether to do what show shows. Elsewhere there is
// nobody to ask: who started the command has to say yes. undone says what does
// not happen otherwise.
func (a *app) agree(ctx context.Context, yes bool, undone string, show func() error) error {
	switch {
	case yes:
		return nil
	case !a.in.interactive || !a.err.interactive:
		return usageError{fmt.Errorf("there is nobody to ask here: say --yes too, or --dry-run to look only; %s", undone)}
	}
	if err := show(); err != nil {
		return err
	}
	if a.ask(ctx) {
		return nil
	}
	return errors.New(undone)
}

// runBounded runs a host to its end and tells how far it is.
func (a *app) runBounded(ctx context.Context, drain <-chan struct{}, h *host.Host, step string, done func() int, total int) error {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	progress := newProgressLine(a.err, ticker.C, a.tell)
	defer progress.end()
	looks := time.NewTicker(200 * time.Millisecond)
	defer looks.Stop()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, drain) }()
	for {
		select {
		case <-looks.C:
			progress.at(step, done(), total)
		case err := <-ended:
			return err
		}
	}
}
