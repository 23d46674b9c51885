package host

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/telemetry"
)

// PipelineStatus is what there is to say of a pipeline at one moment.
type PipelineStatus struct {
	Name  string          `json:"name"`
	State telemetry.State `json:"state"`
	// Since is when the state began.
	Since time.Time `json:"since"`
	// Reason says why a pipeline is stopped or about to be, or which end of it has
	// no broker that answers.
	Reason string `json:"reason,omitempty"`
	// Stop is there when a failure stopped the pipeline, or is stopping it.
	Stop *Stop `json:"stop,omitempty"`
	// Restarts counts how often its error was cleared.
	Restarts        uint64            `json:"restarts"`
	Delivery        Delivery          `json:"delivery"`
	Sources         []SourceStatus    `json:"sources"`
	Processors      []ProcessorStatus `json:"processors"`
	Sink            SinkStatus        `json:"sink"`
	DeadLetterTopic string            `json:"dead_letter_topic,omitempty"`
}

// Stop says which failure stopped a pipeline. Class, Processor and Event are
// there where it is that of an event.
type Stop struct {
	Message   string      `json:"message"`
	Class     event.Class `json:"class,omitempty"`
	Processor string      `json:"processor,omitempty"`
	Event     *EventPlace `json:"event,omitempty"`
}

// EventPlace is where an event stands.
type EventPlace struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// SourceStatus is one source of a pipeline.
type SourceStatus struct {
	Connection string   `json:"connection"`
	Topics     []string `json:"topics"`
	Regex      bool     `json:"regex,omitempty"`
	Group      string   `json:"group"`
	Rebalances uint64   `json:"rebalances"`
	// Lags are those of the partitions that the source owns now.
	Lags []LagStatus `json:"lags,omitempty"`
}

// LagStatus is how far a source is behind the end of a partition.
type LagStatus struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Records   int64   `json:"records"`
	Seconds   float64 `json:"seconds"`
}

// SinkStatus is the sink of a pipeline. Topic is empty where processors choose
// one for every event.
type SinkStatus struct {
	Connection string `json:"connection"`
	Topic      string `json:"topic,omitempty"`
}

// ProcessorStatus is one processor of a pipeline. Module and Digest, "sha256:…",
// are there where it is a module.
type ProcessorStatus struct {
	Name   string        `json:"name"`
	Kind   ProcessorKind `json:"kind"`
	Module string        `json:"module,omitempty"`
	Digest string        `json:"digest,omitempty"`
}

// ProcessorKind is what a processor is made of.
type ProcessorKind string

// The kinds of processors.
const (
	KindModule    ProcessorKind = "module"
	KindKeyFilter ProcessorKind = "key_filter"
	KindSchema    ProcessorKind = "schema"
)

// Pipelines says what there is to say of each pipeline, in the order of the
// configuration.
func (h *Host) Pipelines() []PipelineStatus {
	members := h.list()
	all := make([]PipelineStatus, len(members))
	for i, m := range members {
		all[i] = m.status()
	}
	return all
}

// Pipeline says it of one. The error is ErrNoPipeline.
func (h *Host) Pipeline(name string) (PipelineStatus, error) {
	m, err := h.member(name)
	if err != nil {
		return PipelineStatus{}, err
	}
	return m.status(), nil
}

// Health reads every pipeline for the readiness probe.
func (h *Host) Health() []admin.Pipeline {
	members := h.list()
	pipelines := make([]admin.Pipeline, len(members))
	for i, m := range members {
		life := m.life()
		pipelines[i] = admin.Pipeline{Name: m.name, State: string(life.State), Reason: life.Reason, Health: life.health()}
	}
	return pipelines
}

func (s *PipelineStatus) health() admin.Health {
	switch s.State {
	case telemetry.Running, telemetry.Paused:
		if s.Reason != "" {
			return admin.Down
		}
		return admin.Up
	case telemetry.Starting, telemetry.Draining:
		return admin.Waiting
	}
	return admin.Down
}

// state is where the pipeline is. Running is called paused while nothing is read.
func (m *member) state() telemetry.State { return m.life().State }

// life is the part of the status that says whether the pipeline lives.
func (m *member) life() PipelineStatus {
	now := m.pipeline.Status()
	s := PipelineStatus{Name: m.name, State: telemetry.State(now.State.String()), Since: now.Since}
	paused := m.paused.Load()
	if now.State == pipeline.Running && paused != nil {
		s.State = telemetry.Paused
		if paused.After(s.Since) {
			s.Since = *paused
		}
	}
	if now.Failure != nil {
		s.Stop = stopOf(now.Failure)
		s.Reason = s.Stop.Message
	} else if now.State == pipeline.Running {
		s.Reason = m.away()
	}
	return s
}

// stopOf says which failure it is.
func stopOf(failure error) *Stop {
	s := &Stop{Message: failure.Error()}
	var guilty *pipeline.StopError
	if errors.As(failure, &guilty) {
		s.Class, s.Processor = guilty.Failure.Class, guilty.Processor
		s.Event = &EventPlace{guilty.From.Topic, guilty.From.Number, guilty.Offset}
	}
	return s
}

func (m *member) status() PipelineStatus {
	s := m.life()
	made := m.made.Load()
	s.Restarts, s.Delivery, s.DeadLetterTopic = m.restarts.Load(), made.spec.Delivery, made.spec.DeadLetterTopic
	s.Sink = SinkStatus{made.spec.Sink.Connection, made.spec.Sink.Topic}
	for i, source := range m.sources {
		from := &made.spec.Sources[i]
		one := SourceStatus{Connection: from.Connection, Topics: from.Topics, Regex: from.Regex, Group: from.Options.String("group.id"), Rebalances: source.Rebalances()}
		for _, l := range source.Lags() {
			one.Lags = append(one.Lags, LagStatus{l.Topic, l.Number, l.Records, l.Age.Seconds()})
		}
		s.Sources = append(s.Sources, one)
	}
	s.Processors = []ProcessorStatus{}
	for i := range made.parts {
		if made.parts[i].spec != nil {
			s.Processors = append(s.Processors, made.parts[i].status())
		}
	}
	return s
}

func (own *part) status() ProcessorStatus {
	p := ProcessorStatus{Name: own.spec.Name, Kind: KindModule, Module: own.spec.Module}
	switch {
	case own.filter != nil:
		p.Kind = KindKeyFilter
	case own.lookups != nil:
		p.Kind = KindSchema
	default:
		p.Digest = "sha256:" + own.slot.module.Load().Digest()
	}
	return p
}

// Takeovers says which module processed which partition from which event on, of
// the last thousand that a processor remembers, from the oldest on. The error is
// ErrNoPipeline or ErrNoProcessor.
func (h *Host) Takeovers(pipeline, processor string) ([]Takeover, error) {
	m, err := h.member(pipeline)
	if err != nil {
		return nil, err
	}
	made := m.made.Load()
	own := made.find(processor)
	if own == nil {
		var names []string
		for _, s := range made.spec.Steps {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("pipeline %s: %w: %q (%s)", pipeline, ErrNoProcessor, processor, nearest(processor, names))
	}
	if own.slot == nil {
		return []Takeover{}, nil
	}
	return own.slot.record.takeovers(), nil
}

// ErrNoProcessor says that a pipeline has no processor of a name.
var ErrNoProcessor = errors.New("no such processor")

// away says which end of the pipeline has no broker that answers, and why.
func (m *member) away() string {
	for _, source := range m.sources {
		if cause := source.Away(); cause != "" {
			return "source: " + cause
		}
	}
	if cause := m.sink.Away(); cause != "" {
		return "sink: " + cause
	}
	return ""
}
