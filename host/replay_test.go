package host

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
)

func pipelineOf(t *testing.T, text string) (*Spec, *PipelineSpec) {
	t.Helper()
	file := t.TempDir() + "/weir.yaml"
	if err := os.WriteFile(file, []byte("connections: {c: {bootstrap_servers: b}}\npipelines:\n  p: "+text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, faults := LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return spec, spec.Pipelines[0]
}

// TestReplaySpec: a replay has a group and a transactional id of its own, and
// leaves those of the pipeline as they are.
func TestReplaySpec(t *testing.T) {
	const once = "{source: {topic: in, group_id: g}, sink: {topic: out, transactional_id: mine}, delivery: exactly_once, circuit_breaker: 20%}"
	for _, test := range []struct {
		name, pipeline, topic string
		delivery              Delivery
		id                    string
	}{
		{"at least once", "{source: {topic: in, group_id: g}, sink: {topic: out}}", "again", AtLeastOnce, ""},
		{"exactly once", once, "again", ExactlyOnce, "mine-weir.replay.p.n"},
		{"exactly once, nothing written", once, "", AtLeastOnce, ""},
	} {
		spec, p := pipelineOf(t, test.pipeline)
		before := p.Sink.Options.String("transactional.id")
		one, err := spec.Replay(p, &Replay{Name: "n", Topic: test.topic})
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		again := one.Pipelines[0]
		got := []string{again.Sources[0].Options.String("group.id"), string(again.Delivery), again.Sink.Options.String("transactional.id")}
		if diff := cmp.Diff([]string{"weir.replay.p.n", string(test.delivery), test.id}, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
		if again.Breaker.Share != 0 {
			t.Errorf("%s: the circuit breaker counts", test.name)
		}
		if group, id := p.Sources[0].Options.String("group.id"), p.Sink.Options.String("transactional.id"); group != "g" || id != before {
			t.Errorf("%s: the pipeline has group %s and transactional id %q by now", test.name, group, id)
		}
	}
}

func TestReplayRefused(t *testing.T) {
	for _, test := range []struct{ pipeline, topic, want string }{
		{"{source: {topic: in, group_id: weir.replay.p.n}, sink: {topic: out}}", "", "which would be that of the replay: choose another name"},
		{"{source: {topic: '^in-.*'}, sink: {topic: out}}", "in-again", "pipeline p reads in-again"},
		{"{source: {topic: in}, sink: {topic: out}, on_error: dead_letter, dead_letter: dead}", "dead", "is the dead-letter topic"},
		{"{source: {topic: in}, sink: {topic: out}}", "a/b", "a/b"},
	} {
		spec, p := pipelineOf(t, test.pipeline)
		if _, err := spec.Replay(p, &Replay{Name: "n", Topic: test.topic}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("replay of %s into %q: %v, want one that says %q", test.pipeline, test.topic, err, test.want)
		}
	}
}

// keeper is a sink that keeps what it gets.
type keeper struct {
	*kafka.Sink
	got []event.Event
}

func (k *keeper) Write(_ context.Context, events []event.Event, done func(error)) {
	k.got = append(k.got, events...)
	done(nil)
}

// TestReplaySink: events go to the replay's topic with the one that they were
// meant for, and to no partition in particular; their own headers stay.
func TestReplaySink(t *testing.T) {
	own := make([]event.Header, 1, 8) // with room that is not the replay's
	own[0] = event.Header{Name: "own", Value: []byte("1")}
	events := []event.Event{
		{Value: []byte("a"), Headers: own, Topic: "chosen", Partition: 7},
		{Value: []byte("b"), Headers: own, Partition: event.AnyPartition},
	}
	for _, topic := range []string{"again", ""} {
		replay, into := &Replay{Topic: topic}, &keeper{}
		called := 0
		replay.instead(into, "out").Write(t.Context(), events, func(err error) {
			called++
			if err != nil {
				t.Error(err)
			}
		})
		if called != 1 {
			t.Errorf("done was called %d times", called)
		}
		if diff := cmp.Diff(map[string]uint64{"chosen": 1, "out": 1}, replay.Outputs()); diff != "" {
			t.Errorf("outputs (-want +got)\n%s", diff)
		}
		var want []event.Event
		if topic != "" {
			meant := func(topic string) []event.Header {
				return []event.Header{own[0], {Name: ReplayTopicHeader, Value: []byte(topic)}}
			}
			want = []event.Event{
				{Value: []byte("a"), Headers: meant("chosen"), Topic: "again", Partition: event.AnyPartition},
				{Value: []byte("b"), Headers: meant("out"), Topic: "again", Partition: event.AnyPartition},
			}
		}
		if diff := cmp.Diff(want, into.got); diff != "" {
			t.Errorf("written to %q (-want +got)\n%s", topic, diff)
		}
	}
	if unlike := own[:2][1]; unlike.Name != "" {
		t.Errorf("the memory behind an event's headers was written to: %v", unlike)
	}
}
