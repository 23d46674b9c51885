package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
)

// ErrNoPipeline says that the host has no pipeline of a name.
var ErrNoPipeline = errors.New("no such pipeline")

// Pause keeps a pipeline from reading more until Resume. What it has read goes
// through to the sink and is committed, its sources stay in their groups, and a
// stop is as of a pipeline that runs. Pause returns when its lanes get no more, or
// with the error of ctx; the pipeline is paused then too.
func (h *Host) Pause(ctx context.Context, pipeline string) error {
	m, err := h.member(pipeline)
	if err != nil {
		return err
	}
	return m.pause(ctx)
}

func (m *member) pause(ctx context.Context) error {
	now := time.Now()
	m.paused.CompareAndSwap(nil, &now)
	var errs []error
	for _, source := range m.sources {
		errs = append(errs, source.Pause(ctx))
	}
	return errors.Join(errs...)
}

// Resume lets a paused pipeline read on.
func (h *Host) Resume(pipeline string) error {
	m, err := h.member(pipeline)
	if err != nil {
		return err
	}
	for _, source := range m.sources {
		source.Resume()
	}
	m.paused.Store(nil)
	return nil
}

// member finds a pipeline by its name.
func (h *Host) member(name string) (*member, error) {
	var names []string
	for _, m := range h.list() {
		if m.name == name {
			return m, nil
		}
		names = append(names, m.name)
	}
	return nil, fmt.Errorf("%w: %q (%s)", ErrNoPipeline, name, nearest(name, names))
}

// nearest says which name may have been meant.
func nearest(name string, names []string) string {
	if near := config.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "there are: " + strings.Join(names, ", ")
}
