package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/weirhq/weir/host/event"
)

// Join makes one source of several. Each feeds lanes of its own, so their events
// are in order for each partition of each source and not among one another. The
// whole has joined when all have, is at its end when all are, and stops when one
// fails.
func Join(sources ...Source) Source {
	if len(sources) == 1 {
		return sources[0]
	}
	return joined(sources)
}

type joined []Source

// Run implements Source.
func (j joined) Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	stop := make(chan struct{}) // closed by the drain signal or the first failure
	var once sync.Once
	halt := func() { once.Do(func() { close(stop) }) }
	ended := make(chan struct{})
	var relay, running sync.WaitGroup
	relay.Go(func() {
		select {
		case <-drain:
			halt()
		case <-ended:
		}
	})
	waiting := new(atomic.Int64)
	waiting.Store(int64(len(j)))
	errs := make([]error, len(j))
	for i, s := range j {
		running.Go(func() {
			if errs[i] = s.Run(ctx, stop, &joinedIntake{Intake: in, waiting: waiting}); errs[i] != nil {
				halt()
			}
		})
	}
	running.Wait()
	close(ended)
	relay.Wait()
	return errors.Join(errs...)
}

// joinedIntake is the intake as one of several sources sees it.
type joinedIntake struct {
	event.Intake
	waiting *atomic.Int64 // sources that have not joined
	once    sync.Once
}

// Ready implements event.Intake.
func (in *joinedIntake) Ready() {
	in.once.Do(func() {
		if in.waiting.Add(-1) == 0 {
			in.Intake.Ready()
		}
	})
}
