package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/weirhq/weir/host/event"
)

// Chain is the part of a Config of which a running pipeline can be given another.
type Chain struct {
	Steps           []Step
	OnError         Rules
	Breaker         Breaker
	DeadLetterTopic string
}

// plan is a chain with its books. A batch is taken, processed and booked by one
// plan, whatever takes its place meanwhile.
type plan struct {
	Chain
	counters []*stepCounters // one a step, and the last for the sink
	users    atomic.Int64    // batches, and one for as long as it is the present plan
	done     atomic.Bool
	retired  func() // called when there are no users any more
}

func (p *Pipeline) newPlan(c Chain) *plan {
	n := &plan{Chain: c}
	for i := range c.Steps {
		n.counters = append(n.counters, p.counters.step(c.Steps[i].Name))
	}
	n.counters = append(n.counters, &p.counters.sink)
	n.users.Store(1)
	return n
}

// Replace gives the pipeline another chain. Each batch that begins from now on
// is processed by it, those that have begun are not. A lane takes the new processors
// before its next batch, and closes those that are gone; nothing waits. retired
// is called when no batch is left that the chain before could be asked for. The books of
// steps go on by their names. Calls must not be concurrent.
func (p *Pipeline) Replace(c Chain, retired func()) {
	p.breaker.bound(c.Breaker)
	before := p.plan.Load()
	before.retired = retired
	p.plan.Store(p.newPlan(c))
	before.leave()
}

// use gives the present plan to a batch, which has to leave it.
func (p *Pipeline) use() *plan {
	for {
		n := p.plan.Load()
		n.users.Add(1)
		if p.plan.Load() == n { // its own user had not left when the batch came
			return n
		}
		n.leave()
	}
}

func (n *plan) leave() {
	if n.users.Add(-1) == 0 && !n.done.Swap(true) && n.retired != nil {
		n.retired()
	}
}

func (n *plan) stepName(i int) string {
	if i < len(n.Steps) {
		return n.Steps[i].Name
	}
	return sinkStep
}

// follow takes the processors of the plan of the batch, and those of which there
// is another version by now. The inputs of the part at hand are the first that
// they get.
func (c *chain) follow(ctx context.Context) error {
	changed := c.plan != c.batch.plan
	if changed {
		if err := c.adopt(ctx, c.batch.plan); err != nil {
			return err
		}
	}
	for i := range c.processors {
		step := &c.plan.Steps[i]
		if step.Version == nil || step.Version() == c.versions[i] {
			continue
		}
		proc, version, err := openStep(ctx, step)
		if err != nil {
			return err
		}
		old := c.processors[i]
		c.processors[i], c.versions[i] = proc, version
		changed = true
		c.taken(step, proc, true)
		if err := old.Close(ctx); err != nil {
			return fmt.Errorf("processor %s: close: %w", step.Name, err)
		}
	}
	if changed && c.p.cfg.Provenance != "" {
		c.stamp = provenance(c.plan, c.processors)
	}
	return nil
}

// adopt opens the processors of another plan and closes those that are not in it.
func (c *chain) adopt(ctx context.Context, next *plan) error {
	processors, versions := make([]Processor, len(next.Steps)), make([]uint64, len(next.Steps))
	stays := make([]bool, len(c.processors))
	var opened []int
	for i := range next.Steps {
		if k := c.find(next.Steps[i].Part); k >= 0 && !stays[k] {
			processors[i], versions[i], stays[k] = c.processors[k], c.versions[k], true
			continue
		}
		var err error
		if processors[i], versions[i], err = openStep(ctx, &next.Steps[i]); err != nil {
			for _, k := range opened {
				err = errors.Join(err, processors[k].Close(ctx))
			}
			return err
		}
		opened = append(opened, i)
	}
	before, gone := c.plan, c.processors
	c.plan, c.processors, c.versions = next, processors, versions
	for _, i := range opened {
		c.taken(&next.Steps[i], processors[i], before != nil)
	}
	for k, proc := range gone {
		if stays[k] {
			continue
		}
		if err := proc.Close(ctx); err != nil {
			return fmt.Errorf("processor %s: close: %w", before.Steps[k].Name, err)
		}
	}
	return nil
}

// find is the step of the present plan that has a part, negative without one.
func (c *chain) find(part any) int {
	if c.plan == nil || part == nil {
		return -1
	}
	for i := range c.plan.Steps {
		if c.plan.Steps[i].Part == part {
			return i
		}
	}
	return -1
}

func (c *chain) taken(step *Step, proc Processor, replaced bool) {
	if step.Taken != nil {
		step.Taken(proc, c.inputs[0].From, c.inputs[0].Offset, replaced)
	}
}

// openStep makes the processor of a step. The version is asked before: one that
// changes meanwhile is seen at the next batch.
func openStep(ctx context.Context, step *Step) (Processor, uint64, error) {
	version := uint64(0)
	if step.Version != nil {
		version = step.Version()
	}
	proc, err := step.Open(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("processor %s: %w", step.Name, err)
	}
	return proc, version, nil
}

// provenance names the modules of a chain, nil where it has none.
func provenance(n *plan, processors []Processor) []byte {
	var names []string
	for i, proc := range processors {
		if m, ok := proc.(Module); ok && m.Digest() != "" {
			names = append(names, n.Steps[i].Name+"@sha256:"+m.Digest())
		}
	}
	if names == nil {
		return nil
	}
	return []byte(strings.Join(names, ","))
}

// stamped gives each event the header that says which modules made it, in place
// of one that another pipeline gave it. Headers that the inputs share are left alone.
func (c *chain) stamped(events []event.Event) {
	if c.stamp == nil {
		return
	}
	size := len(events)
	for i := range events {
		size += len(events[i].Headers)
	}
	all := make([]event.Header, 0, size)
	for i := range events {
		from := len(all)
		for _, h := range events[i].Headers {
			if h.Name != c.p.cfg.Provenance {
				all = append(all, h)
			}
		}
		all = append(all, event.Header{Name: c.p.cfg.Provenance, Value: c.stamp})
		events[i].Headers = all[from:len(all):len(all)]
	}
}
