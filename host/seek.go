package host

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/telemetry"
)

// ErrNotPaused says that a pipeline has to be paused, or stopped, for what is to be
// done with it.
var ErrNotPaused = errors.New("is neither paused nor stopped by a failure")

// seek is a wish that a pipeline goes on at another place.
type seek struct {
	ctx  context.Context // of who waits for it
	to   kafka.Start
	done chan error // has room
}

// Seek makes the groups of a pipeline go on at a place, whatever they have
// committed. The pipeline has to be paused: it is drained, leaves its groups, and is
// paused again in them, also when the place cannot be had. Or it is stopped by a
// failure, and stays so. The error is ErrNoPipeline, ErrNotPaused, ErrEnds, or says
// why the groups are not moved: kafka.ErrMembers where other processes are in them.
func (h *Host) Seek(ctx context.Context, pipeline string, to kafka.Start) error {
	m, err := h.member(pipeline)
	if err != nil {
		return err
	}
	if now := m.life(); now.State != telemetry.Paused && now.State != telemetry.Stopped {
		return fmt.Errorf("pipeline %s %w: it is %s", m.name, ErrNotPaused, now.State)
	}
	s := &seek{ctx: ctx, to: to, done: make(chan error, 1)}
	select {
	case m.seeks <- s:
	case <-m.over:
		return fmt.Errorf("pipeline %s: %w", m.name, ErrEnds)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// seek does what a wish says, while the pipeline does not run.
func (m *member) seek(log *zap.Logger, s *seek) {
	var errs []error
	for _, source := range m.sources {
		errs = append(errs, source.Reset(s.ctx, s.to))
	}
	err := errors.Join(errs...)
	if err != nil {
		err = fmt.Errorf("pipeline %s: %w", m.name, err)
		log.Warn("pipeline could not be moved to another place", zap.String("pipeline", m.name), zap.Error(err))
	}
	s.done <- err
}

// run runs the pipeline until its end, or until somebody wishes that it goes on at
// another place.
func (m *member) run(ctx context.Context) (wish *seek, err error) {
	if err := m.sink.Open(); err != nil {
		return nil, m.pipeline.Abort(err)
	}
	defer m.sink.Close()
	drain, ended, seen := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		select {
		case <-m.drain:
			close(drain)
		case wish = <-m.seeks:
			close(drain)
		case <-ended:
		}
	}()
	err = m.pipeline.Run(ctx, drain)
	close(ended)
	<-seen
	if wish != nil && err != nil {
		wish.done <- err
		wish = nil
	}
	return wish, err
}
