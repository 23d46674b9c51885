package host

import (
	"context"
	"slices"
	"strings"
)

// Plan says what another configuration changes.
type Plan struct {
	// Pipelines are those of the new configuration, in its order, and then those
	// that are gone.
	Pipelines []PipelinePlan `json:"pipelines"`
}

// PipelinePlan says what becomes of one pipeline, and why.
type PipelinePlan struct {
	Name    string   `json:"name"`
	Action  Action   `json:"action"`
	Changes []Change `json:"changes"`
}

// Action is what becomes of a pipeline.
type Action string

// The actions.
const (
	// Keep: nothing of it changes.
	Keep Action = "keep"
	// Swap: it goes on, with other processors or rules from the next batch on.
	Swap Action = "swap"
	// Restart: it is drained and started anew, since it reads or writes in another
	// way.
	Restart Action = "restart"
	// Add: it starts.
	Add Action = "add"
	// Remove: it is drained.
	Remove Action = "remove"
)

// Changed tells whether there is anything to do.
func (p *Plan) Changed() bool {
	return slices.ContainsFunc(p.Pipelines, func(c PipelinePlan) bool { return c.Action != Keep })
}

// configures tells whether anything but files of modules has changed.
func (p *Plan) configures() bool {
	return slices.ContainsFunc(p.Pipelines, func(c PipelinePlan) bool {
		return c.Action != Keep && (c.Action != Swap || slices.ContainsFunc(c.Changes, func(c Change) bool { return !strings.HasPrefix(c.Was, digestPrefix) }))
	})
}

// digestPrefix is what digests of modules begin with.
const digestPrefix = "sha256:"

// transition is a plan with all that it takes to make it.
type transition struct {
	plan    *Plan
	changes []change
}

// change is what becomes of one pipeline: it stays as it is, stays with other
// parts, or a fresh one takes its place. Either may be nil.
type change struct {
	was   *member
	made  *made
	fresh *member
	gone  bool
	keeps bool
}

// after is who is there then.
func (c *change) after() *member {
	switch {
	case c.gone:
		return nil
	case c.fresh != nil:
		return c.fresh
	}
	return c.was
}

// transition builds all that a configuration changes. The error has all that is
// wrong with it.
func (h *Host) transition(ctx context.Context, b *builder, spec *Spec) (*transition, error) {
	if changes := diffProcess(h.spec, spec); len(changes) > 0 {
		return nil, &RestartError{changes}
	}
	t := &transition{plan: &Plan{Pipelines: []PipelinePlan{}}}
	add := func(c change, p PipelinePlan) {
		if p.Changes == nil {
			p.Changes = []Change{}
		}
		t.changes, t.plan.Pipelines = append(t.changes, c), append(t.plan.Pipelines, p)
	}
	for _, p := range spec.Pipelines {
		c, planned := h.plan(ctx, b, p)
		add(c, planned)
	}
	for _, m := range h.list() {
		if !slices.ContainsFunc(spec.Pipelines, func(p *PipelineSpec) bool { return p.Name == m.name }) {
			add(change{was: m, gone: true}, PipelinePlan{Name: m.name, Action: Remove})
		}
	}
	return t, b.err()
}

// RestartError says that a configuration changes what only a start of the process
// sets up: the admin API and where modules come from.
type RestartError struct{ Changes []Change }

func (e *RestartError) Error() string {
	var paths []string
	for _, c := range e.Changes {
		paths = append(paths, c.Path)
	}
	return "a change of " + strings.Join(paths, ", ") + " takes a restart of the process; SIGTERM ends it in good order"
}

func (h *Host) plan(ctx context.Context, b *builder, p *PipelineSpec) (change, PipelinePlan) {
	plan := PipelinePlan{Name: p.Name}
	was, err := h.member(p.Name)
	if err != nil {
		plan.Action = Add
		return change{fresh: b.member(ctx, p)}, plan
	}
	now := was.made.Load()
	changes, moves := diffPipelines(now.spec, p)
	plan.Changes = changes
	if !moves {
		plan.Action = Restart
		fresh := b.member(ctx, p)
		for _, own := range fresh.made.Load().parts {
			if before := now.find(own.step.Name); own.slot != nil && before != nil && before.slot != nil {
				own.slot.record = before.slot.record
			}
		}
		return change{was: was, fresh: fresh}, plan
	}
	next := b.make(ctx, p, now)
	for i := range next.parts {
		if own := &next.parts[i]; own.next != nil {
			plan.Changes = append(plan.Changes, Change{
				join("processors", join(own.spec.Name, "module")), digestPrefix + own.slot.module.Load().Digest(), digestPrefix + own.next.Digest(),
			})
		}
	}
	for i := range next.parts {
		own := &next.parts[i]
		if own.spec == nil {
			continue
		}
		if was, is := now.find(own.spec.Name).candidate(), own.candidate(); was != nil && is != nil && was.Digest() != is.Digest() {
			plan.Changes = append(plan.Changes, Change{
				join("processors", join(own.spec.Name, "shadow.module")), digestPrefix + was.Digest(), digestPrefix + is.Digest(),
			})
		}
	}
	if plan.Action = Swap; len(plan.Changes) == 0 {
		plan.Action = Keep
	}
	return change{was: was, made: next, keeps: plan.Action == Keep}, plan
}
