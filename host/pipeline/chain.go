package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/event"
)

// chain runs parts of batches through processors of its own. Its buffers are
// reused from part to part.
type chain struct {
	p          *Pipeline
	plan       *plan // of the processors; nil before the first part
	processors []Processor
	versions   []uint64 // of the processors
	stamp      []byte   // of the processors, where outputs tell of them

	*part                  // that runs
	spare [2][]event.Event // the outputs of even and odd steps

	seen    []uint64
	letters []letter
	failed  []failed // of the step that runs
	trying  []failed // those of them that may be tried again
	topics  recent   // good ones
	fail    func(i int, f *event.Failure)
	pause   func(ctx context.Context, d time.Duration) bool // of the worker
	in      []event.Event                                   // input of the step that runs, for fail

	waited time.Duration // of the step that runs, before further attempts
}

// fate is how an origin ended before the sink.
type fate struct {
	kind  fateKind
	step  int
	class int
}

type fateKind uint8

const (
	dropped fateKind = iota
	filtered
	failedDropped
	deadLettered
)

type letter struct {
	origin int
	step   int
	f      *event.Failure
}

type failed struct {
	at     int // among the inputs of the step
	origin int
	f      *event.Failure
}

// StopError says which event stopped a pipeline, by policy.
type StopError struct {
	Processor string
	From      *event.Partition
	Offset    int64
	Failure   *event.Failure
}

func (e *StopError) Error() string {
	failure, stack, _ := strings.Cut(e.Failure.Error(), "\n")
	text := fmt.Sprintf("processor %s: event at topic %s partition %d offset %d: %s (on_error: stop; the offset stays at this event; mend the module, or set on_error to drop or dead_letter)",
		e.Processor, e.From.Topic, e.From.Number, e.Offset, failure)
	if stack != "" {
		text += "\n" + stack
	}
	return text
}

func (e *StopError) Unwrap() error { return e.Failure }

func newChain(p *Pipeline, pause func(context.Context, time.Duration) bool) *chain {
	c := &chain{p: p, pause: pause}
	c.fail = func(i int, f *event.Failure) {
		c.failed = append(c.failed, failed{i, int(c.in[i].Origin), f})
	}
	return c
}

func (c *chain) close(ctx context.Context) error {
	var errs []error
	for i, proc := range c.processors {
		if err := proc.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("processor %s: close: %w", c.plan.stepName(i), err))
		}
	}
	c.processors = nil
	return errors.Join(errs...)
}

// rest forgets the events of the last part, so that an idle lane does not
// hold on to the bytes that it read.
func (c *chain) rest() {
	for i := range c.spare {
		clear(c.spare[i][:cap(c.spare[i])])
	}
}

// run takes the inputs of a part through every processor and returns the events
// to write, dead letters among them; they are valid until the next run. The part
// gets what became of the inputs.
func (c *chain) run(ctx context.Context, q *part) ([]event.Event, error) {
	c.part = q
	n := len(c.inputs)
	c.begin(n)
	if n == 0 {
		return nil, nil
	}
	if err := c.follow(ctx); err != nil {
		return nil, err
	}
	events := c.inputs
	now := time.Now()
	for i, proc := range c.processors {
		if len(events) == 0 {
			break
		}
		c.in = events
		out, err := proc.Process(ctx, events, c.spare[i&1][:0], c.fail)
		if err != nil {
			return nil, fmt.Errorf("processor %s: %w", c.plan.Steps[i].Name, err)
		}
		if len(c.failed) > 0 {
			if out, err = c.retry(ctx, i, events, out); err != nil {
				return nil, err
			}
		}
		events = c.settle(i, out)
		c.spare[i&1] = events
		now = c.clock(i, now)
	}
	c.stamped(events)
	return c.address(c.admit(events)), nil
}

func (c *chain) begin(n int) {
	words := (n + 63) / 64
	c.live, c.seen = slices.Grow(c.live[:0], words)[:words], slices.Grow(c.seen[:0], words)[:words]
	for i := range c.live {
		c.live[i] = ^uint64(0)
	}
	if n%64 != 0 {
		c.live[words-1] = 1<<(n%64) - 1
	}
	c.fates = slices.Grow(c.fates[:0], n)[:n]
	c.letters, c.cut, c.reason, c.faults = c.letters[:0], n, nil, 0
	c.waited, c.spent = 0, 0
}

// settle books what step i did: whom it failed, and which origins have no
// event left. It returns the events that go on.
func (c *chain) settle(i int, out []event.Event) []event.Event {
	step := &c.plan.Steps[i]
	if len(c.failed) > 0 || c.cut < len(c.inputs) {
		out = c.judge(i, &step.OnError, out)
	}
	clear(c.seen)
	for k := range out {
		o := out[k].Origin
		c.seen[o>>6] |= 1 << (o & 63)
	}
	end := fate{kind: dropped, step: i}
	if step.Filter {
		end.kind = filtered
	}
	for w := range c.live {
		gone := c.live[w] &^ c.seen[w]
		for gone != 0 {
			c.fates[w<<6+bits.TrailingZeros64(gone)] = end
			gone &= gone - 1
		}
		c.live[w] &= c.seen[w]
	}
	return out
}

// judge applies the policies to the failures of step i and takes the events of
// the failed origins out, and those that are cut off. An event fails as a whole: what else derives from
// the same record is withdrawn, so that a record is delivered, dropped or
// dead-lettered, never two of them.
func (c *chain) judge(i int, rules *Rules, out []event.Event) []event.Event {
	for _, f := range c.failed {
		bit := uint64(1) << (f.origin & 63)
		if c.live[f.origin>>6]&bit == 0 {
			continue // failed before in this batch
		}
		c.live[f.origin>>6] &^= bit
		c.faults++
		policy := rules.Of(f.f.Class).policy()
		input := &c.inputs[f.origin]
		if c.p.cfg.OnFailure != nil {
			c.p.cfg.OnFailure(Report{c.plan.stepName(i), policy, input.From, input.Offset, f.f})
		}
		class := f.f.Class.Index()
		switch policy {
		case Drop:
			c.fates[f.origin] = fate{failedDropped, i, class}
		case DeadLetter:
			c.fates[f.origin] = fate{deadLettered, i, class}
			c.letters = append(c.letters, letter{f.origin, i, f.f})
		default:
			c.plan.counters[i].failed[class].Add(1)
			if f.origin < c.cut {
				c.cut = f.origin
				c.reason = &StopError{c.plan.stepName(i), input.From, input.Offset, f.f}
			}
		}
	}
	c.failed = c.failed[:0]
	kept := out[:0]
	for k := range out {
		o := int(out[k].Origin)
		if o < c.cut && c.live[o>>6]&(1<<(o&63)) != 0 {
			kept = append(kept, out[k])
		}
	}
	return kept
}

// admit fails the events that the sink could not write: those that nobody gave
// a topic, when it has none of its own, those whose topic no broker would take,
// and those that it finds wrong itself. Such is the fault of an event, and must not
// become one of the sink.
func (c *chain) admit(events []event.Event) []event.Event {
	cfg := &c.p.cfg
	if len(c.processors) == 0 && cfg.SinkTopic != "" && cfg.CheckEvent == nil {
		return events
	}
	c.in = events
	for k := range events {
		if f := c.check(&events[k]); f != nil {
			c.fail(k, f)
		}
	}
	if len(c.failed) == 0 {
		return events
	}
	if len(c.processors) == 0 { // events are the inputs, which dead letters need
		events = append(c.spare[0][:0], events...)
	}
	return c.judge(len(c.plan.Steps), &c.plan.OnError, events)
}

func (c *chain) check(e *event.Event) *event.Failure {
	cfg := &c.p.cfg
	topic := e.Topic
	if topic == "" {
		if topic = cfg.SinkTopic; topic == "" {
			return &event.Failure{Class: event.NoTopic, Attempt: 1, Message: "no processor set kafka_topic and the sink has no topic: set one of them"}
		}
	} else if !c.topics.has(topic) {
		if f := cfg.checkTopic(topic); f != nil {
			return f
		}
		c.topics.add(topic)
	}
	if cfg.CheckEvent == nil {
		return nil
	}
	return cfg.CheckEvent(topic, e)
}

// checkTopic says why a topic that a processor chose is none for the sink.
func (c *Config) checkTopic(topic string) *event.Failure {
	var err error
	class := event.BadTopic
	if c.CheckTopic != nil {
		err = c.CheckTopic(topic)
	}
	if err == nil && c.AllowTopic != nil {
		class, err = event.ForbiddenTopic, c.AllowTopic(topic)
	}
	if err == nil {
		return nil
	}
	return &event.Failure{Class: class, Attempt: 1, Message: "kafka_topic: " + err.Error()}
}

// recent remembers the last few topics that were found good. Pipelines write to
// few, and equal names are mostly the same string, so a look costs less than a
// map's.
type recent struct {
	topics [8]string
	next   int
}

func (r *recent) has(topic string) bool {
	for i := range r.topics {
		if r.topics[i] == topic {
			return true
		}
	}
	return false
}

func (r *recent) add(topic string) {
	r.topics[r.next] = topic
	r.next = (r.next + 1) % len(r.topics)
}

// address appends the dead letters to the events.
func (c *chain) address(events []event.Event) []event.Event {
	for i := range c.letters {
		if l := &c.letters[i]; l.origin < c.cut {
			events = append(events, c.p.deadLetter(c.plan.DeadLetterTopic, &c.inputs[l.origin], c.plan.stepName(l.step), l.f))
		}
	}
	return events
}
