package host

import (
	"context"

	"github.com/weirhq/weir/host/event"
)

// replaySink is in the place of a pipeline's sink while it is replayed. It says
// of each event what the sink would say, and writes it elsewhere or nowhere.
type replaySink struct {
	sink
	replay *Replay
	topic  string // of the sink itself
}

func (r *Replay) instead(of sink, topic string) sink {
	return &replaySink{sink: of, replay: r, topic: topic}
}

// Check holds an event against the topic for which it is meant, as the record
// that is written.
func (s *replaySink) Check(topic string, e *event.Event) *event.Failure {
	if s.replay.Topic == "" {
		return s.sink.Check(topic, e)
	}
	marked := *e
	marked.Headers = append(e.Headers[:len(e.Headers):len(e.Headers)], event.Header{Name: ReplayTopicHeader, Value: []byte(topic)})
	return s.sink.Check(topic, &marked)
}

// Write implements pipeline.Sink. The partition that a processor chose is one of
// another topic: here the key decides.
func (s *replaySink) Write(ctx context.Context, events []event.Event, done func(error)) {
	counts := map[string]uint64{}
	for i := range events {
		counts[s.meant(&events[i])]++
	}
	counted := func(err error) {
		if err == nil {
			s.replay.count(counts)
		}
		done(err)
	}
	if s.replay.Topic == "" {
		counted(nil)
		return
	}
	s.sink.Write(ctx, s.redirect(events), counted)
}

// redirect gives the events as they go to the replay's topic.
func (s *replaySink) redirect(events []event.Event) []event.Event {
	size := len(events)
	for i := range events {
		size += len(events[i].Headers)
	}
	headers := make([]event.Header, 0, size) // of all
	out := make([]event.Event, len(events))
	for i := range events {
		out[i] = events[i]
		own := len(headers)
		headers = append(headers, events[i].Headers...)
		headers = append(headers, event.Header{Name: ReplayTopicHeader, Value: []byte(s.meant(&events[i]))})
		out[i].Headers = headers[own:len(headers):len(headers)]
		out[i].Topic, out[i].Partition = s.replay.Topic, event.AnyPartition
	}
	return out
}

// meant is the topic for which an event is.
func (s *replaySink) meant(e *event.Event) string {
	if e.Topic != "" {
		return e.Topic
	}
	return s.topic
}

func (r *Replay) count(counts map[string]uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outputs == nil {
		r.outputs = map[string]uint64{}
	}
	for topic, n := range counts {
		r.outputs[topic] += n
	}
}
