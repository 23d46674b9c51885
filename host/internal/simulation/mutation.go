package simulation

import (
	"context"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
)

// Mutation breaks a promise of the event path on purpose, so that the tests
// can prove that the simulation would notice. The zero Mutation breaks nothing.
type Mutation struct {
	Name string
	// Intake stands between the source and the pipeline, Sink between the
	// pipeline and its sink. nil changes nothing.
	Intake func(event.Intake, *clientHook) event.Intake
	Sink   func(pipeline.Sink) pipeline.Sink
}

func (a Mutation) source(s pipeline.Source, client *clientHook) pipeline.Source {
	if a.Intake == nil {
		return s
	}
	return alteredSource{s, func(in event.Intake) event.Intake { return a.Intake(in, client) }}
}

func (a Mutation) sink(s pipeline.Sink) pipeline.Sink {
	if a.Sink == nil {
		return s
	}
	return a.Sink(s)
}

type alteredSource struct {
	pipeline.Source
	intake func(event.Intake) event.Intake
}

// Run implements pipeline.Source.
func (s alteredSource) Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	return s.Source.Run(ctx, drain, s.intake(in))
}
