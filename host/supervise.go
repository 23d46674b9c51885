package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/tap"
)

// member is one pipeline with its parts, and who looks after its life.
type member struct {
	name     string
	sources  []*kafka.Source
	sink     sink
	pipeline *pipeline.Pipeline
	made     atomic.Pointer[made]
	taps     tap.Board // around its processors
	// transactions are the sink where delivery is exactly once.
	transactions *kafka.Transactions

	drain     chan struct{} // closed when the pipeline is to end in good order
	drainOnce sync.Once
	clearing  chan struct{}             // has a token while somebody clears the error
	clear     chan chan struct{}        // tells the supervisor to run the pipeline again
	seeks     chan *seek                // tells it that the pipeline goes on at another place
	over      chan struct{}             // closed when nobody looks after the pipeline any more
	err       error                     // by which it is stopped then
	restarts  atomic.Uint64             // runs after the first
	paused    atomic.Pointer[time.Time] // since when, nil unless it is
}

func newMember(name string, sink sink) *member {
	return &member{name: name, sink: sink, drain: make(chan struct{}), clearing: make(chan struct{}, 1), clear: make(chan chan struct{}), seeks: make(chan *seek), over: make(chan struct{})}
}

// end asks the pipeline to end in good order.
func (m *member) end() { m.drainOnce.Do(func() { close(m.drain) }) }

// running is the life of a host: it counts the pipelines that run.
type running struct {
	stay    bool
	idle    chan struct{} // closed when none runs any more, unless they are to stay
	closing chan struct{} // closed when nothing begins any more

	mu  sync.Mutex
	ctx context.Context // of Run; nil before
	n   int
}

func newRunning(stay bool) running {
	return running{stay: stay, idle: make(chan struct{}), closing: make(chan struct{})}
}

// open begins the life.
func (r *running) open(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ctx = ctx
}

// close ends it: nothing begins any more.
func (r *running) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.closing)
}

// begin counts one more, unless the host ends.
func (r *running) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closing:
		return false
	case <-r.idle:
		return false
	default:
		r.n++
		return true
	}
}

func (r *running) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n--; r.n == 0 && r.ctx != nil && !r.stay {
		close(r.idle)
	}
}

// context is that of Run, nil before.
func (r *running) context() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ctx
}

// Run runs all pipelines until each has ended: by its own failure, by its
// bounded input, or because drain was closed, which stops them in good order. When
// ctx ends they are cut. A pipeline that fails leaves the others running and
// is logged at once, with its reason; ClearError makes it go on for as long as
// another runs, or with Options.Stay for as long as drain is open. The error at
// the end is a *StoppedError of those that are stopped by then.
func (h *Host) Run(ctx context.Context, drain <-chan struct{}) error {
	h.running.open(ctx)
	h.running.begin() // until all have begun
	h.reloading.Lock()
	for _, m := range h.list() {
		h.start(m)
	}
	h.reloading.Unlock()
	h.running.end()
	select {
	case <-h.running.idle:
	case <-drain:
	case <-ctx.Done():
	}
	h.running.close()
	members := h.list()
	for _, m := range members {
		m.end()
	}
	for _, m := range members {
		<-m.over
	}
	h.reloading.Lock() // a pipeline that a reload drains is waited for
	defer h.reloading.Unlock()
	return stopped(members)
}

// start begins to look after a pipeline, once the host runs.
func (h *Host) start(m *member) {
	ctx := h.running.context()
	switch {
	case ctx == nil: // Run will
	case h.running.begin():
		go func() {
			defer close(m.over)
			m.err = h.supervise(ctx, m)
		}()
	default:
		close(m.over)
	}
}

// supervise runs a pipeline, and again whenever its error is cleared. It returns
// the failure by which it is stopped at the end.
func (h *Host) supervise(ctx context.Context, m *member) error {
	for {
		wish, err := m.run(ctx)
		if wish != nil {
			m.seek(h.log, wish)
			m.pipeline.Clear()
			continue
		}
		if err == nil {
			h.log.Info("pipeline ended", m.account()...)
			h.running.end()
			return nil
		}
		fields := append(m.account(), zap.Error(err))
		if h.running.stay {
			fields = append(fields, zap.String("remedy", "mend the cause; then weir pipelines clear-error "+m.name+", or SIGUSR1, makes it go on where it stopped"))
		}
		h.log.Error("pipeline stopped", fields...)
		h.running.end()
		if !h.awaitClear(ctx, m) {
			return err
		}
		m.restarts.Add(1)
		h.log.Info("pipeline goes on after its error was cleared", zap.String("pipeline", m.name))
	}
}

// awaitClear waits until the error is cleared, or returns false when the pipeline
// is to end.
func (h *Host) awaitClear(ctx context.Context, m *member) bool {
	select {
	case <-m.drain: // the last word, whatever else is to be done
		return false
	default:
	}
	for {
		select {
		case cleared := <-m.clear:
			m.pipeline.Clear()
			close(cleared)
			return true
		case wish := <-m.seeks:
			m.seek(h.log, wish)
		case <-m.drain:
			return false
		case <-h.running.idle:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// ErrEnds says that the host ends, so that nothing begins any more.
var ErrEnds = errors.New("the host ends")

// ErrNotStopped says that there is no error to clear.
var ErrNotStopped = errors.New("is not stopped by a failure")

// ClearError makes a pipeline go on that a failure stopped, from the offsets that
// its group has committed: a guilty event is tried again, by the modules that are
// there now. One that still drains is waited for until ctx ends. The error is
// ErrNoPipeline, ErrNotStopped where there is nothing to clear, or ErrEnds.
func (h *Host) ClearError(ctx context.Context, pipeline string) error {
	m, err := h.member(pipeline)
	if err != nil {
		return err
	}
	return h.clearError(ctx, m)
}

func (h *Host) clearError(ctx context.Context, m *member) error {
	select {
	case m.clearing <- struct{}{}: // who comes second finds a pipeline that runs
		defer func() { <-m.clearing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if m.pipeline.Status().Failure == nil {
		return fmt.Errorf("pipeline %s %w: it is %s", m.name, ErrNotStopped, m.state())
	}
	if !h.running.begin() {
		return fmt.Errorf("pipeline %s: %w", m.name, ErrEnds)
	}
	cleared := make(chan struct{})
	select {
	case m.clear <- cleared:
		<-cleared
		return nil
	case <-m.over:
		h.running.end()
		return fmt.Errorf("pipeline %s: %w", m.name, ErrEnds)
	case <-ctx.Done():
		h.running.end()
		return fmt.Errorf("pipeline %s still drains: %w", m.name, context.Cause(ctx))
	}
}

// ClearErrors does it for all pipelines that are stopped, and returns their
// names.
func (h *Host) ClearErrors(ctx context.Context) ([]string, error) {
	var cleared []string
	var errs []error
	for _, m := range h.list() {
		switch err := h.clearError(ctx, m); {
		case err == nil:
			cleared = append(cleared, m.name)
		case !errors.Is(err, ErrNotStopped):
			errs = append(errs, err)
		}
	}
	return cleared, errors.Join(errs...)
}

// stopped is the error of the pipelines that failed, nil if none did.
func stopped(members []*member) error {
	e := &StoppedError{Of: len(members)}
	for _, m := range members {
		if m.err != nil {
			e.Pipelines = append(e.Pipelines, m.name)
			e.causes = append(e.causes, m.err)
		}
	}
	if len(e.causes) == 0 {
		return nil
	}
	return e
}

// StoppedError says which pipelines failed while the host ran. Why each did
// stands in the log, and can be asked for by errors.Is and errors.As.
type StoppedError struct {
	Pipelines []string // in the order of the configuration
	Of        int      // how many the host ran
	causes    []error
}

func (e *StoppedError) Error() string {
	return fmt.Sprintf("%d of %d pipelines stopped by a failure, which the log has: %s", len(e.causes), e.Of, strings.Join(e.Pipelines, ", "))
}

func (e *StoppedError) Unwrap() []error { return e.causes }
