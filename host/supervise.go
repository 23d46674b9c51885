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
	spec     *PipelineSpec
	sources  []*kafka.Source
	sink     sink
	pipeline *pipeline.Pipeline
	parts    []part    // by step
	taps     tap.Board // around its processors
	// transactions are the sink where delivery is exactly once.
	transactions *kafka.Transactions

	clearing chan struct{}             // has a token while somebody clears the error
	clear    chan chan struct{}        // tells the supervisor to run the pipeline again
	over     chan struct{}             // closed when nobody looks after the pipeline any more
	restarts atomic.Uint64             // runs after the first
	paused   atomic.Pointer[time.Time] // since when, nil unless it is
}

func newMember(spec *PipelineSpec, sink sink) *member {
	return &member{spec: spec, sink: sink, clearing: make(chan struct{}, 1), clear: make(chan chan struct{}), over: make(chan struct{})}
}

// running counts the pipelines that run.
type running struct {
	stay bool
	idle chan struct{} // closed when none runs any more, unless they are to stay

	mu sync.Mutex
	n  int
}

func newRunning(stay bool) running { return running{stay: stay, idle: make(chan struct{})} }

// begin counts one more, unless the last one has ended.
func (r *running) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
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
	if r.n--; r.n == 0 && !r.stay {
		close(r.idle)
	}
}

// Run runs all pipelines until each has ended: by its own failure, by its
// bounded input, or because drain was closed, which stops them in good order. When
// ctx ends they are cut. A pipeline that fails leaves the others running and
// is logged at once, with its reason; ClearError makes it go on for as long as
// another runs, or with Options.Stay for as long as drain is open. The error at
// the end is a *StoppedError of those that are stopped by then.
func (h *Host) Run(ctx context.Context, drain <-chan struct{}) error {
	errs := make([]error, len(h.members))
	for range h.members { // before one of them ends
		h.running.begin()
	}
	var supervisors sync.WaitGroup
	for i, m := range h.members {
		supervisors.Go(func() { errs[i] = h.supervise(ctx, m, drain) })
	}
	supervisors.Wait()
	return stopped(h.members, errs)
}

// supervise runs a pipeline, and again whenever its error is cleared. It returns
// the failure by which it is stopped at the end.
func (h *Host) supervise(ctx context.Context, m *member, drain <-chan struct{}) error {
	defer close(m.over)
	for {
		err := m.run(ctx, drain)
		if err == nil {
			h.log.Info("pipeline ended", m.account()...)
			h.running.end()
			return nil
		}
		fields := append(m.account(), zap.Error(err))
		if h.running.stay {
			fields = append(fields, zap.String("remedy", "mend the cause; then weir pipelines clear-error "+m.spec.Name+", or SIGUSR1, makes it go on where it stopped"))
		}
		h.log.Error("pipeline stopped", fields...)
		h.running.end()
		select {
		case <-drain: // the last word, whatever else is to be done
			return err
		case <-ctx.Done():
			return err
		default:
		}
		select {
		case cleared := <-m.clear:
			m.pipeline.Clear()
			m.restarts.Add(1)
			close(cleared)
			h.log.Info("pipeline goes on after its error was cleared", zap.String("pipeline", m.spec.Name))
		case <-h.running.idle:
			return err
		case <-drain:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

func (m *member) run(ctx context.Context, drain <-chan struct{}) error {
	if err := m.sink.Open(); err != nil {
		return m.pipeline.Abort(err)
	}
	defer m.sink.Close()
	return m.pipeline.Run(ctx, drain)
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
		return fmt.Errorf("pipeline %s %w: it is %s", m.spec.Name, ErrNotStopped, m.state())
	}
	if !h.running.begin() {
		return fmt.Errorf("pipeline %s: %w", m.spec.Name, ErrEnds)
	}
	cleared := make(chan struct{})
	select {
	case m.clear <- cleared:
		<-cleared
		return nil
	case <-m.over:
		h.running.end()
		return fmt.Errorf("pipeline %s: %w", m.spec.Name, ErrEnds)
	case <-ctx.Done():
		h.running.end()
		return fmt.Errorf("pipeline %s still drains: %w", m.spec.Name, context.Cause(ctx))
	}
}

// ClearErrors does it for all pipelines that are stopped, and returns their
// names.
func (h *Host) ClearErrors(ctx context.Context) ([]string, error) {
	var cleared []string
	var errs []error
	for _, m := range h.members {
		switch err := h.clearError(ctx, m); {
		case err == nil:
			cleared = append(cleared, m.spec.Name)
		case !errors.Is(err, ErrNotStopped):
			errs = append(errs, err)
		}
	}
	return cleared, errors.Join(errs...)
}

// stopped is the error of the pipelines that failed, nil if none did.
func stopped(members []*member, errs []error) error {
	e := &StoppedError{Of: len(members)}
	for i, err := range errs {
		if err != nil {
			e.Pipelines = append(e.Pipelines, members[i].spec.Name)
			e.causes = append(e.causes, err)
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
