package simulation

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/tracker"
)

// mutation is a broken event path with the fault that gives it away.
type mutation struct {
	Mutation
	fault string
}

var mutations = []mutation{
	{Mutation{Name: "acknowledges before the sink has it", Sink: writing(ackEarly)}, "is ahead of"},
	{Mutation{Name: "marks after the revoke", Intake: offsets(markLate)}, "belongs to"},
	{Mutation{Name: "commits past a gap", Intake: offsets(markPastGaps)}, "is ahead of"},
	{Mutation{Name: "does not wait at a revoke", Intake: hasty}, "duplicate"},
	{Mutation{Name: "loses an output", Sink: writing(altered(func(e []event.Event) []event.Event { return e[1:] }))}, "lost"},
	{Mutation{Name: "writes an output twice", Sink: writing(altered(func(e []event.Event) []event.Event { return append(e, e[len(e)-1]) }))}, "reordered"},
	{Mutation{Name: "changes the order", Sink: writing(altered(func(e []event.Event) []event.Event { slices.Reverse(e); return e }))}, "reordered"},
	{Mutation{Name: "changes a byte", Sink: writing(altered(corrupt))}, "corrupt"},
}

// exactlyOnceMutations are those that break what exactly once promises on top.
var exactlyOnceMutations = []mutation{
	{Mutation{Name: "acknowledges before the sink has it", Sink: writing(ackEarly)}, "lost"},
	{Mutation{Name: "does not wait at a revoke", Intake: hasty}, "duplicate"},
	{Mutation{Name: "loses an output", Sink: writing(altered(func(e []event.Event) []event.Event { return e[1:] }))}, "lost"},
	{Mutation{Name: "writes outside of the batch", Sink: writing(writeAgain)}, "duplicate"},
}

// keyMutations are those that break the order of a key where lanes share a
// partition by key.
var keyMutations = []mutation{
	{Mutation{Name: "sends a key through several lanes", Intake: scattered}, "reordered"},
	{Mutation{Name: "writes two events of a key the wrong way round", Sink: writing(altered(swapped))}, "reordered"},
}

// drawByKey makes worlds in which lanes share each partition by key.
func drawByKey(seed uint64) World {
	w := Draw(seed)
	w.Ordering, w.Lanes = pipeline.ByKey, 3
	return w
}

// writeAgain writes a batch a second time when the first time is done.
func writeAgain(to pipeline.Sink, ctx context.Context, events []event.Event, done func(error)) {
	again := slices.Clone(events)
	to.Write(ctx, events, func(err error) {
		done(err)
		go to.Write(ctx, again, func(error) {})
	})
}

// TestMutationsAreCaught proves that the simulation can fail.
func TestMutationsAreCaught(t *testing.T) { catch(t, mutations, Draw) }

func TestExactlyOnceMutationsAreCaught(t *testing.T) {
	catch(t, exactlyOnceMutations, DrawExactlyOnce)
}

func TestKeyMutationsAreCaught(t *testing.T) { catch(t, keyMutations, drawByKey) }

func catch(t *testing.T, mutations []mutation, draw func(uint64) World) {
	t.Helper()
	requireBubbles(t)
	const within = 50 // seeds
	for _, m := range mutations {
		t.Run(m.Name, func(t *testing.T) {
			for seed := range uint64(within) {
				r := run(t, draw(seed), m.Mutation)
				if i := slices.IndexFunc(r.Faults, func(f string) bool { return strings.Contains(f, m.fault) }); i >= 0 {
					t.Logf("seed %d: %s", seed, r.Faults[i])
					return
				}
			}
			t.Errorf("not caught by %d seeds", within)
		})
	}
}

// sinkFunc is how a broken sink writes.
type sinkFunc func(to pipeline.Sink, ctx context.Context, events []event.Event, done func(error))

type alteredSink struct {
	pipeline.Sink
	write sinkFunc
}

func writing(write sinkFunc) func(pipeline.Sink) pipeline.Sink {
	return func(s pipeline.Sink) pipeline.Sink { return alteredSink{s, write} }
}

// Write implements pipeline.Sink.
func (s alteredSink) Write(ctx context.Context, events []event.Event, done func(error)) {
	s.write(s.Sink, ctx, events, done)
}

func ackEarly(to pipeline.Sink, ctx context.Context, events []event.Event, done func(error)) {
	done(nil)
	to.Write(ctx, events, func(error) {})
}

// altered changes what is written of batches of more than one event.
func altered(change func([]event.Event) []event.Event) sinkFunc {
	return func(to pipeline.Sink, ctx context.Context, events []event.Event, done func(error)) {
		if len(events) > 1 {
			events = change(slices.Clone(events))
		}
		to.Write(ctx, events, done)
	}
}

// swapped changes the places of the first two events in a row that have one key
// and come from two records.
func swapped(events []event.Event) []event.Event {
	for i := range events {
		for j := i + 1; j < len(events); j++ {
			a, b := &events[i], &events[j]
			if a.Key != nil && bytes.Equal(a.Key, b.Key) && a.Origin != b.Origin && a.Topic == b.Topic {
				*a, *b = *b, *a
				return events
			}
		}
	}
	return events
}

// scattered makes several keys of each, so that events of one go through several
// lanes.
func scattered(in event.Intake, _ *clientHook) event.Intake { return scatteredIntake{in} }

type scatteredIntake struct{ event.Intake }

// Open implements event.Intake.
func (in scatteredIntake) Open(ctx context.Context, p *event.Partition, o event.Offsets) event.Lane {
	return scatteredLane{in.Intake.Open(ctx, p, o)}
}

// Drain implements event.Intake.
func (in scatteredIntake) Drain(ctx context.Context, lanes []event.Lane) error {
	own := make([]event.Lane, len(lanes))
	for i, l := range lanes {
		own[i] = l.(scatteredLane).Lane
	}
	return in.Intake.Drain(ctx, own)
}

type scatteredLane struct{ event.Lane }

// Feed implements event.Lane.
func (l scatteredLane) Feed(r event.Records) { l.Lane.Feed(scatteredRecords{r}) }

type scatteredRecords struct{ event.Records }

// Fill implements event.Records.
func (r scatteredRecords) Fill(dst []event.Event, from int, origin int32) int {
	size := r.Records.Fill(dst, from, origin)
	for i := range dst {
		if dst[i].Key != nil {
			dst[i].Key = append(slices.Clone(dst[i].Key), byte('0'+dst[i].Offset%7))
		}
	}
	return size
}

func corrupt(events []event.Event) []event.Event {
	events[0].Value = bytes.Replace(events[0].Value, []byte("simulation"), []byte("Simulation"), 1)
	return events
}

// alteredIntake opens lanes with other offsets, and drains in another way.
type alteredIntake struct {
	event.Intake
	offsets func(*event.Partition, event.Offsets) event.Offsets
	drain   func(ctx context.Context, in event.Intake, lanes []event.Lane) error
}

// Open implements event.Intake.
func (a alteredIntake) Open(ctx context.Context, p *event.Partition, o event.Offsets) event.Lane {
	if a.offsets != nil {
		o = a.offsets(p, o)
	}
	return a.Intake.Open(ctx, p, o)
}

// Drain implements event.Intake.
func (a alteredIntake) Drain(ctx context.Context, lanes []event.Lane) error {
	if a.drain != nil {
		return a.drain(ctx, a.Intake, lanes)
	}
	return a.Intake.Drain(ctx, lanes)
}

// hasty closes the lanes and waits for nothing.
func hasty(in event.Intake, _ *clientHook) event.Intake {
	return alteredIntake{Intake: in, drain: func(_ context.Context, in event.Intake, lanes []event.Lane) error {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		_ = in.Drain(gone, lanes) // says that it did not wait
		return nil
	}}
}

// offsets marks by itself, beside what the source does.
func offsets(position func(*tracker.Tracker, tracker.Batch, tracker.Position) (tracker.Position, bool)) func(event.Intake, *clientHook) event.Intake {
	return func(in event.Intake, client *clientHook) event.Intake {
		return alteredIntake{Intake: in, offsets: func(p *event.Partition, o event.Offsets) event.Offsets {
			return &marking{Offsets: o, client: client, partition: p, position: position, positions: map[uint64]tracker.Position{}}
		}}
	}
}

// markLate does what is right, but goes on after a revoke.
func markLate(t *tracker.Tracker, b tracker.Batch, _ tracker.Position) (tracker.Position, bool) {
	p, moved, _, _ := t.End(b)
	return p, moved
}

// markPastGaps takes any batch that ended for the end of all before it.
func markPastGaps(_ *tracker.Tracker, _ tracker.Batch, p tracker.Position) (tracker.Position, bool) {
	return p, true
}

type marking struct {
	event.Offsets
	client    *clientHook
	partition *event.Partition
	position  func(*tracker.Tracker, tracker.Batch, tracker.Position) (tracker.Position, bool)

	mu        sync.Mutex
	account   tracker.Tracker
	positions map[uint64]tracker.Position
}

// Begin implements event.Offsets.
func (m *marking) Begin(next int64, epoch int32, count, size int) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := tracker.Position{Next: next, Epoch: epoch}
	m.account.Begin(p, count, size) // numbers as the source's own account does
	batch := m.Offsets.Begin(next, epoch, count, size)
	m.positions[batch] = p
	return batch
}

// End implements event.Offsets.
func (m *marking) End(batch uint64) {
	m.Offsets.End(batch)
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, moved := m.position(&m.account, tracker.Batch(batch), m.positions[batch]); moved {
		m.client.client.Load().MarkCommitRecords(&kgo.Record{
			Topic: m.partition.Topic, Partition: m.partition.Number, Offset: p.Next - 1, LeaderEpoch: p.Epoch,
		})
	}
}
