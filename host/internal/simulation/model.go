package simulation

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/verify"
)

// The topics of every world.
const (
	inputTopic = "in"
	heavyTopic = "heavy"
	lightTopic = "light"
	deadTopic  = "dead"
)

var outputTopics = []string{heavyTopic, lightTopic, deadTopic}

// runName is in every input's value.
const runName = "simulation"

// The headers of outputs: which of its input it is, and which session wrote it.
const (
	indexHeader   = "index"
	sessionHeader = "session"
)

// fate is what the processors make of an input.
type fate int

const (
	routed fate = iota
	filtered
	dropped
	rejected
	fannedOut
)

// fateOf depends on the origin alone, so that the checker knows it too.
func fateOf(o verify.Origin) fate {
	switch (o.Seq*31 + int64(o.Partition)*17) % 16 {
	case 3:
		return filtered
	case 7:
		return dropped
	case 11:
		return rejected
	case 14:
		return fannedOut
	}
	return routed
}

// outputsOf lists the topics of an input's outputs, in order.
func outputsOf(o verify.Origin) []string {
	topic := lightTopic
	if verify.Weight(o) > 10 {
		topic = heavyTopic
	}
	switch fateOf(o) {
	case filtered, dropped:
		return nil
	case rejected:
		return []string{deadTopic}
	case fannedOut:
		return []string{topic, lightTopic, heavyTopic}
	}
	return []string{topic}
}

// steps are the chain of a member: a filter, and a router that drops, fans out
// and rejects.
func (m *Member) steps() []pipeline.Step {
	open := func(p pipeline.Processor) func(context.Context) (pipeline.Processor, error) {
		return func(context.Context) (pipeline.Processor, error) { return p, nil }
	}
	return []pipeline.Step{
		{Name: "filter", Filter: true, Open: open(processor(m.filter))},
		{Name: "route", OnError: pipeline.All(m.world.OnReject), Open: open(processor(m.route))},
	}
}

// processor makes a pipeline.Processor of a function that knows no lane.
type processor func(ctx context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error)

// Process implements pipeline.Processor.
func (p processor) Process(ctx context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	return p(ctx, in, out, fail)
}

// Close implements pipeline.Processor.
func (processor) Close(context.Context) error { return nil }

func (m *Member) filter(_ context.Context, in, out []event.Event, _ func(int, *event.Failure)) ([]event.Event, error) {
	m.began(m, in)
	if m.stuck != nil {
		<-m.stuck
	}
	time.Sleep(m.network.between(0, m.world.Pause))
	for i := range in {
		_, origin, err := verify.Parse(in[i].Value)
		if err != nil {
			return nil, err
		}
		if fateOf(origin) == filtered {
			continue
		}
		out = append(out, in[i])
	}
	return out, nil
}

// odd tells whether an event has come for the first time, or the third, …
func (m *Member) odd(o verify.Origin) bool {
	count, _ := m.attempts.LoadOrStore(o, new(atomic.Int64))
	return count.(*atomic.Int64).Add(1)%2 == 1
}

func (m *Member) route(_ context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	for i := range in {
		_, origin, err := verify.Parse(in[i].Value)
		if err != nil {
			return nil, err
		}
		fate := fateOf(origin)
		if fate == rejected || fate == fannedOut && m.world.OnReject.Retry.Max > 0 && m.odd(origin) {
			fail(i, &event.Failure{Class: event.Reject, Message: "as the model says", Attempt: 1})
			continue
		}
		for index, topic := range outputsOf(origin) {
			e := in[i]
			e.Topic = topic
			e.Headers = []event.Header{
				{Name: indexHeader, Value: strconv.AppendInt(nil, int64(index), 10)},
				{Name: sessionHeader, Value: m.session(e.From)},
			}
			out = append(out, e)
		}
	}
	return out, nil
}
