package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/weirhq/weir/host/event"
)

// sourceFunc is a source in a function.
type sourceFunc func(ctx context.Context, drain <-chan struct{}, in event.Intake) error

// Run implements Source.
func (f sourceFunc) Run(ctx context.Context, drain <-chan struct{}, in event.Intake) error {
	return f(ctx, drain, in)
}

// readiness is an intake that only hears of readiness.
type readiness struct {
	event.Intake
	times int
}

// Ready implements event.Intake.
func (r *readiness) Ready() { r.times++ }

func TestJoin(t *testing.T) {
	failure := errors.New("broken")
	untilDrain := func(_ context.Context, drain <-chan struct{}, in event.Intake) error {
		in.Ready()
		in.Ready()
		<-drain
		return nil
	}
	atEnd := func(_ context.Context, _ <-chan struct{}, in event.Intake) error {
		in.Ready()
		return nil
	}
	fails := func(context.Context, <-chan struct{}, event.Intake) error { return failure }
	drained := make(chan struct{})
	close(drained)
	for _, test := range []struct {
		name    string
		sources []Source
		drain   chan struct{}
		ready   int
		want    error
	}{
		{"drain", []Source{sourceFunc(untilDrain), sourceFunc(untilDrain)}, drained, 1, nil},
		{"one at the end", []Source{sourceFunc(atEnd), sourceFunc(untilDrain)}, drained, 1, nil},
		{"all at the end", []Source{sourceFunc(atEnd), sourceFunc(atEnd)}, nil, 1, nil},
		{"one fails and the others drain", []Source{sourceFunc(untilDrain), sourceFunc(fails), sourceFunc(untilDrain)}, nil, 0, failure},
		{"a single one is itself", []Source{sourceFunc(untilDrain)}, drained, 2, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := &readiness{}
			if err := Join(test.sources...).Run(t.Context(), test.drain, in); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if in.times != test.ready {
				t.Errorf("ready %d times, want %d", in.times, test.ready)
			}
		})
	}
}
