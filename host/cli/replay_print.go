package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/weirhq/weir/host/kafka"
)

// replayPlan is what a replay would read.
type replayPlan struct {
	Pipeline   string       `json:"pipeline"`
	Group      string       `json:"group"`
	ToTopic    string       `json:"to_topic,omitempty"`
	Records    int64        `json:"records"` // at most
	Partitions []replaySpan `json:"partitions"`
}

type replaySpan struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	From      int64  `json:"from"`
	To        int64  `json:"to"` // without it
	Records   int64  `json:"records"`
	Resumed   bool   `json:"resumed"`
}

// plan asks what there is to read, and sees that the target is there.
func (j *replayJob) plan(ctx context.Context) (*replayPlan, error) {
	spans, err := j.host.Spans(ctx)
	if err != nil {
		return nil, err
	}
	if j.replay.Topic != "" {
		if err := j.target.CheckTopic(ctx, j.replay.Topic); err != nil {
			return nil, fmt.Errorf("--to-topic: %w", err)
		}
	}
	p := &replayPlan{Pipeline: j.pipeline.Name, Group: j.replay.Group(j.pipeline.Name), ToTopic: j.replay.Topic, Partitions: []replaySpan{}}
	for _, s := range spans {
		p.Records += s.Len()
		p.Partitions = append(p.Partitions, newReplaySpan(s))
	}
	return p, nil
}

func newReplaySpan(s kafka.Span) replaySpan {
	return replaySpan{Topic: s.Topic, Partition: s.Number, From: s.From, To: s.To, Records: s.Len(), Resumed: s.Resumed}
}

func (p *replayPlan) print(out io.Writer, output string) error {
	if output == outputJSON {
		return writeJSON(out, p)
	}
	t := newTable(out, "")
	t.row("TOPIC", "PARTITION", "FROM", "TO", "RECORDS")
	for _, s := range p.Partitions {
		t.row(s.Topic, strconv.Itoa(int(s.Partition)), strconv.FormatInt(s.From, 10), strconv.FormatInt(s.To, 10), strconv.FormatInt(s.Records, 10))
	}
	t.end()
	return nil
}

func (p *replayPlan) String() string {
	text := fmt.Sprintf("at most %s to replay, ", plural(int(p.Records), "record"))
	if p.ToTopic == "" {
		text += "outputs only counted"
	} else {
		text += "outputs to " + p.ToTopic
	}
	resumed := 0
	for _, s := range p.Partitions {
		if s.Resumed {
			resumed++
		}
	}
	if resumed > 0 {
		text += ", going on in " + plural(resumed, "partition")
	}
	return text + " (group " + p.Group + ")"
}

// replayResult is what became of the records.
type replayResult struct {
	Pipeline     string         `json:"pipeline"`
	Group        string         `json:"group"`
	ToTopic      string         `json:"to_topic,omitempty"`
	Read         uint64         `json:"read"`
	Delivered    uint64         `json:"delivered"`
	Dropped      uint64         `json:"dropped"`
	Filtered     uint64         `json:"filtered"`
	DeadLettered uint64         `json:"dead_lettered"`
	Outputs      []replayOutput `json:"outputs"`
	Failures     []failedCause  `json:"failures"`
}

// replayOutput counts what was meant for a topic.
type replayOutput struct {
	Topic   string `json:"topic"`
	Records uint64 `json:"records"`
}

type failedCause struct {
	Count     int    `json:"count"`
	Class     string `json:"class"`
	Processor string `json:"processor,omitempty"`
	Example   string `json:"example"`
	Cause     string `json:"cause"`
	Message   string `json:"message"`
}

func (j *replayJob) result() *replayResult {
	s := j.host.Samples()[0]
	r := &replayResult{
		Pipeline: s.Pipeline, Group: j.replay.Group(s.Pipeline), ToTopic: j.replay.Topic,
		Read: s.Consumed - s.Abandoned, Delivered: s.Delivered, Outputs: []replayOutput{}, Failures: []failedCause{},
	}
	for _, p := range s.Processors {
		r.Dropped += p.Dropped
		r.Filtered += p.Filtered
		for _, f := range p.Failures {
			r.DeadLettered += f.DeadLettered
		}
	}
	outputs := j.replay.Outputs()
	for _, topic := range slices.Sorted(maps.Keys(outputs)) {
		r.Outputs = append(r.Outputs, replayOutput{topic, outputs[topic]})
	}
	for _, g := range j.replay.Failures() {
		r.Failures = append(r.Failures, failedCause{g.Count, g.Class, g.Processor, g.Example.Place(), g.Cause, g.Example.Message})
	}
	return r
}

// printReplay tells what became of the records, as far as it went.
func (j *replayJob) printReplay() error {
	r := j.result()
	if j.flags.output == outputJSON {
		return writeJSON(j.out, r)
	}
	if len(r.Outputs) > 0 {
		t := newTable(j.out, "")
		t.row("MEANT FOR", "RECORDS")
		for _, o := range r.Outputs {
			t.row(o.Topic, strconv.FormatUint(o.Records, 10))
		}
		t.end()
	}
	if len(r.Failures) > 0 {
		if len(r.Outputs) > 0 {
			writeLine(j.out, "")
		}
		t := newTable(j.out, "")
		t.row("FAILED", "CLASS", "PROCESSOR", "EXAMPLE", "CAUSE")
		for _, f := range r.Failures {
			t.row(strconv.Itoa(f.Count), f.Class, f.Processor, f.Example, cutText(f.Cause, 100))
		}
		t.end()
	}
	j.tell(fmt.Sprintf("%s replayed: %d delivered, %d dropped, %d filtered, %d dead letters", plural(int(r.Read), "record"), r.Delivered, r.Dropped, r.Filtered, r.DeadLettered))
	return nil
}
