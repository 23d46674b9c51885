package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/kafka"
)

// Seek implements api.Host.
func (r remote) Seek(ctx context.Context, pipeline, to string) error {
	start, err := kafka.ParseStart(to)
	if err != nil || to == "" {
		return &api.Error{Code: api.BadParameter, Detail: fmt.Sprintf("to: %q must be earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z", to)}
	}
	err = refused(r.host.Seek(ctx, pipeline, start))
	var known *api.Error
	if err != nil && !errors.As(err, &known) && ctx.Err() == nil { // what the brokers say against it
		err = &api.Error{Code: api.NotAvailable, Detail: err.Error()}
	}
	return err
}

// Reload implements api.Host.
func (r remote) Reload(ctx context.Context, dry bool) (api.Reload, error) {
	do := r.host.Reload
	if dry {
		do = func(ctx context.Context) (*Plan, error) { return r.host.Plan(ctx, nil) }
	} else {
		r.host.RefreshModules()
	}
	plan, err := do(ctx)
	var restart *RestartError
	switch {
	case errors.Is(err, ErrEnds), err != nil && ctx.Err() != nil:
		return api.Reload{}, refused(err)
	case errors.As(err, &restart):
		return api.Reload{}, &api.Error{Code: api.NeedsRestart, Detail: err.Error()}
	case err != nil:
		return api.Reload{}, &api.Error{Code: api.Refused, Detail: err.Error()}
	}
	return reloadDetail(plan, !dry && plan.Changed()), nil
}

func reloadDetail(plan *Plan, applied bool) api.Reload {
	r := api.Reload{Applied: applied, Pipelines: []api.ReloadedPart{}}
	for _, p := range plan.Pipelines {
		part := api.ReloadedPart{Name: p.Name, Action: string(p.Action), Changes: []api.ReloadChange{}}
		for _, c := range p.Changes {
			part.Changes = append(part.Changes, api.ReloadChange(c))
		}
		r.Pipelines = append(r.Pipelines, part)
	}
	return r
}
