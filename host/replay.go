package host

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/deadletter"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/plugins"
)

// Replay makes of a pipeline one that reads again what it has read: in a group
// of its own, and with its outputs in another topic or nowhere. It counts what
// becomes of the records.
type Replay struct {
	// Name tells the replays of a pipeline apart. One goes on where an earlier
	// one of its name has got to.
	Name string
	// Topic gets all outputs, those to the dead-letter topic too; without one
	// they are only counted.
	Topic string
	// Modules take the places of those that processors have, by their names.
	Modules map[string]string

	mu       sync.Mutex
	failures deadletter.Groups
	outputs  map[string]uint64
}

// ReplayTopicHeader says where an output would have gone.
const ReplayTopicHeader = "weir.replay.topic"

// Group is the consumer group of a replay.
func (r *Replay) Group(pipeline string) string { return groupOf("replay", pipeline) + "." + r.Name }

// Replay gives a Spec of one pipeline, that of the name as it is now, which reads
// a range of its topics again. Where it delivers exactly once, its replay does so
// too, by a transactional id of its own.
func (s *Spec) Replay(p *PipelineSpec, r *Replay) (*Spec, error) {
	group := r.Group(p.Name)
	again := *p
	again.Replay = r
	again.Breaker.Share = 0 // which guards the topics that a replay does not write to
	again.Sources = slices.Clone(p.Sources)
	for i := range again.Sources {
		source := &again.Sources[i]
		if source.Options.String("group.id") == group {
			return nil, fmt.Errorf("%s: %s reads in the group %s, which would be that of the replay: choose another name", source.Pos, source.Path, group)
		}
		source.Options = source.Options.InGroup(group)
	}
	if err := p.checkReplayTopic(r.Topic); err != nil {
		return nil, err
	}
	switch {
	case p.Delivery != ExactlyOnce:
	case r.Topic == "": // there is nothing to write in transactions
		again.Delivery = AtLeastOnce
		again.Sink.Options = p.Sink.Options.TransactAs("")
	default:
		again.Sink.Options = p.Sink.Options.TransactAs(p.Sink.Options.String("transactional.id") + "-" + group)
	}
	var err error
	if again.Steps, err = r.steps(p.Steps); err != nil {
		return nil, err
	}
	return &Spec{Connections: s.Connections, Pipelines: []*PipelineSpec{&again}, Tenants: s.Tenants}, nil
}

// checkReplayTopic refuses what would mix a replay with the pipeline itself.
func (p *PipelineSpec) checkReplayTopic(topic string) error {
	if topic == "" {
		return nil
	}
	if err := kafka.CheckTopicName(topic); err != nil {
		return err
	}
	if topic == p.DeadLetterTopic {
		return fmt.Errorf("%s is the dead-letter topic of pipeline %s: choose another one", topic, p.Name)
	}
	for _, source := range p.Sources {
		if source.Connection == p.Sink.Connection && source.reads(topic) {
			return fmt.Errorf("pipeline %s reads %s: its replay would feed it; choose another one", p.Name, topic)
		}
	}
	return nil
}

// steps puts the other modules in. Nothing is captured, as the folders are those
// of the pipeline itself, and nothing runs beside.
func (r *Replay) steps(steps []StepSpec) ([]StepSpec, error) {
	steps = slices.Clone(steps)
	left := maps.Clone(r.Modules)
	var names []string
	for i := range steps {
		step := &steps[i]
		step.Capture, step.Shadow = capture.Config{}, nil
		if step.Module == "" {
			continue
		}
		names = append(names, step.Name)
		ref, ok := left[step.Name]
		if !ok {
			continue
		}
		delete(left, step.Name)
		path, message, hint := findModule(ref, "", plugins.Names())
		if message != "" {
			return nil, fmt.Errorf("module for %s: %s (%s)", step.Name, message, hint)
		}
		step.Module = path
	}
	for name := range left {
		if near := config.Nearest(name, names); near != "" {
			return nil, fmt.Errorf("no module is called %q in the pipeline (did you mean %q?)", name, near)
		}
		return nil, fmt.Errorf("no module is called %q in the pipeline (there are: %s)", name, strings.Join(names, ", "))
	}
	return steps, nil
}

// note gathers failures by their causes, and tells next of them.
func (r *Replay) note(next func(pipeline.Report)) func(pipeline.Report) {
	return func(failed pipeline.Report) {
		next(failed)
		l := &deadletter.Letter{
			Class: string(failed.Failure.Class), Message: failed.Failure.Message, Processor: failed.Processor,
			Source: *failed.From, SourceOffset: failed.Offset, Time: time.Now(),
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failures.Add(l)
	}
}

// Failures are the causes for which records failed so far, the most frequent
// first, each with a record as an example.
func (r *Replay) Failures() []*deadletter.Group {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures.List()
}

// Outputs counts so far what would have gone to each topic, dead letters too.
func (r *Replay) Outputs() map[string]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.outputs)
}
