package trial

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// Replay is what came of a captured batch when it was run again.
type Replay struct {
	Events []event.Event
	*Result
	Logs   []Line
	Memory uint64
	// Same says that the same came of it, to the byte.
	Same bool
}

// Replay runs a captured batch again on a fresh instance, with the config, the
// names and the time that it had.
func (m *Module) Replay(ctx context.Context, b *capture.Batch) (*Replay, error) {
	cfg := plugin.Config{Pipeline: b.Pipeline, Processor: b.Processor, Config: b.Config}
	s, err := m.open(ctx, cfg, time.Unix(0, b.Time))
	if err != nil {
		return nil, err
	}
	r := &Replay{Events: capture.ToEvents(b.Events)}
	if r.Result, err = s.Process(ctx, r.Events); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	r.Memory = s.Memory()
	if err := s.Close(ctx); err != nil {
		return nil, err
	}
	r.Logs = s.Logs()
	failures := make([]capture.Failure, len(r.Failures))
	for i, f := range r.Failures {
		failures[i] = capture.Failure{Index: f.Index, Class: f.Class, Message: f.Message}
	}
	r.Same, err = b.Same(r.Outputs, failures)
	return r, err
}
