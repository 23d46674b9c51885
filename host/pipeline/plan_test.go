package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/event"
)

// TestReplacedChain gives a pipeline other chains between its batches: with a
// processor more, with one in place of another, in another order, with other rules,
// and with none. Processors that stay are the same ones, those that are gone are
// closed, and the books go on.
func TestReplacedChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed, told []string
		step := func(name, version string) Step {
			return Step{Name: name, Part: name + version,
				Open: func(context.Context) (Processor, error) { return &stamp{name + version, &closed}, nil },
				Taken: func(_ Processor, _ *event.Partition, offset int64, replaced bool) {
					told = append(told, fmt.Sprintf("%s%s@%d %v", name, version, offset, replaced))
				}}
		}
		refuse := Step{Name: "refuse", Part: "refuse", OnError: All(Rule{Then: Drop}), Open: func(context.Context) (Processor, error) {
			return script{step: "refuse", open: new(atomic.Int64), attempts: map[int64]int{}}, nil
		}}
		lenient := refuse
		lenient.OnError = All(Rule{Then: DeadLetter})
		from := &event.Partition{Topic: "in", Number: 3}
		src := &feeder{from: from}
		sink := &collector{}
		p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{step("a", "1")}}, src, sink)
		retired := 0
		at := int64(100)
		next := func(c Chain) {
			p.Replace(c, func() { retired++ })
			src.lane.Feed(&values{from: from, texts: []string{"x"}, first: at})
			at++
			synctest.Wait()
		}
		src.wait = func(context.Context, <-chan struct{}) {
			src.lane.Feed(&values{from: from, texts: []string{"x"}, first: at})
			at++
			synctest.Wait()
			next(Chain{Steps: []Step{step("a", "1"), step("b", "1")}})
			next(Chain{Steps: []Step{step("b", "1"), step("a", "2")}})
			next(Chain{Steps: []Step{step("b", "1"), refuse}})
			src.lane.Feed(&values{from: from, texts: []string{"refuse:fail=reject"}, first: at})
			at++
			synctest.Wait()
			p.Replace(Chain{Steps: []Step{lenient}, DeadLetterTopic: "dead"}, func() { retired++ })
			src.lane.Feed(&values{from: from, texts: []string{"refuse:fail=reject"}, first: at})
			at++
			synctest.Wait()
			next(Chain{})
		}
		if err := p.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range sink.written {
			got = append(got, string(e.Value)+e.Topic)
		}
		want := []string{"x a1", "x a1 b1", "x b1 a2", "x b1", "refuse:fail=rejectdead", "x"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("written (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a1@100 false", "b1@101 true", "a2@102 true"}, told); diff != "" {
			t.Errorf("told (-want +got)\n%s", diff)
		}
		if want := []string{"a1", "a2", "b1"}; !slices.Equal(closed, want) {
			t.Errorf("closed %q, want %q", closed, want)
		}
		if retired != 5 {
			t.Errorf("%d of 5 chains are not used any more", retired)
		}
		s := p.Stats()
		var steps []string
		for _, step := range s.Steps {
			steps = append(steps, fmt.Sprint(step.Name, step.Dropped, step.DeadLettered[event.Reject]))
		}
		if diff := cmp.Diff([]string{"a0 0", "b0 0", "refuse1 1", "sink0 0"}, steps); diff != "" {
			t.Errorf("steps (-want +got)\n%s", diff)
		}
		if s.Consumed != 7 || s.Delivered != 5 || s.InFlight != 0 || src.account.committed != at {
			t.Errorf("%+v, committed %d", s, src.account.committed)
		}
	})
}

// TestRetiredAfterTheLastBatch keeps a chain for as long as a batch is in it.
func TestRetiredAfterTheLastBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, retired := make(chan struct{}), false
		src := oneEvent(nil)
		sink := &collector{}
		p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{{Name: "slow",
			Open: func(context.Context) (Processor, error) { return blocking{release}, nil }}}}, src, sink)
		src.wait = func(context.Context, <-chan struct{}) {
			synctest.Wait()
			p.Replace(Chain{}, func() { retired = true })
			synctest.Wait()
			if retired {
				t.Error("a chain is given up while a batch is in it")
			}
			close(release)
			synctest.Wait()
			if !retired {
				t.Error("a chain that nobody uses is not given up")
			}
		}
		if err := p.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	})
}

// TestChainThatCannotOpen stops the pipeline, with nothing lost.
func TestChainThatCannotOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed []string
		from := &event.Partition{Topic: "in", Number: 3}
		src, sink := oneEvent(nil), &collector{}
		stamps := func(name string) Step {
			return Step{Name: name, Part: name, Open: func(context.Context) (Processor, error) { return &stamp{name, &closed}, nil }}
		}
		p := New(Config{Name: "p", SinkTopic: "out", Steps: []Step{stamps("a")}}, src, sink)
		src.wait = func(_ context.Context, drain <-chan struct{}) {
			synctest.Wait()
			broken := Step{Name: "broken", Open: func(context.Context) (Processor, error) { return nil, errors.New("no memory") }}
			p.Replace(Chain{Steps: []Step{stamps("b"), broken}}, nil)
			src.lane.Feed(&values{from: from, texts: []string{"y"}, first: 101})
			select {
			case <-drain:
			case <-time.After(time.Minute):
				t.Error("the pipeline goes on")
			}
		}
		if err := p.Run(t.Context(), nil); err == nil || err.Error() != "pipeline p: processor broken: no memory" {
			t.Errorf("Run: %v", err)
		}
		if len(sink.written) != 1 || src.account.committed != 101 || !slices.Equal(closed, []string{"b", "a"}) {
			t.Errorf("%d events written, %d committed, closed %q", len(sink.written), src.account.committed, closed)
		}
	})
}

// digested is a processor of a module.
type digested struct{ script }

func (digested) Digest() string { return "d1" }

// TestProvenance: outputs tell which modules made them, in place of what an
// earlier pipeline said; dead letters have the headers of the record.
func TestProvenance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(name string) Step {
			return Step{Name: name, OnError: All(Rule{Then: DeadLetter}), Open: func(context.Context) (Processor, error) {
				return digested{script{step: name, open: new(atomic.Int64), attempts: map[int64]int{}}}, nil
			}}
		}
		src := oneEvent(func(context.Context, <-chan struct{}) { synctest.Wait() })
		src.polls[0].texts = []string{"a:copy=2", "b:fail=trap"}
		sink := &collector{}
		cfg := Config{Name: "p", SinkTopic: "out", DeadLetterTopic: "dead", Provenance: "own", Steps: []Step{open("a"), open("b")}}
		if err := New(cfg, src, sink).Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range sink.written {
			got = append(got, fmt.Sprintf("%s %s=%s", e.Topic, e.Headers[0].Name, e.Headers[0].Value))
		}
		want := []string{" own=a@sha256:d1,b@sha256:d1", " own=a@sha256:d1,b@sha256:d1", "dead own=1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("written (-want +got)\n%s", diff)
		}
	})
}
