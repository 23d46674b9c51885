package trial

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/weirhq/weir/host/event"
)

// batchSize is the most events of a batch, as in a pipeline.
const batchSize = 256

// Rounds of a case of made-up events: memory has settled after the first of
// them, and must not go on growing in the others.
const (
	settleRounds = 3
	leakRounds   = 8
	leakPages    = 4 // of growth that is no leak
	pageSize     = 64 << 10
)

// checkRandom makes up events of all shapes and looks whether the module keeps
// what every module promises: it does not trap or break the ABI; the same batch
// gives the same; unless it is stateful, how events are cut into batches makes
// no difference; and its memory settles.
func checkRandom(ctx context.Context, m *Module, c *Case) (*Outcome, error) {
	o := &Outcome{Case: c}
	began := time.Now()
	events := newShaper(c).events(c.Random)
	whole, err := o.play(ctx, m, events, batchSize)
	if err != nil || !o.Passed() {
		return o, err
	}
	o.judgeTraps(events, whole)
	for _, again := range []struct {
		what string
		size int
		skip bool
	}{
		{"the same batches again", batchSize, false},
		{"batches of one event", 1, c.Stateful},
		{"batches of 7 events", 7, c.Stateful},
	} {
		if again.skip || !o.Passed() {
			continue
		}
		got, err := o.play(ctx, m, events, again.size)
		if err != nil {
			return o, err
		}
		o.compare(again.what, events, whole, got)
	}
	if o.Passed() {
		err = o.checkMemory(ctx, m, events)
	}
	o.Elapsed = time.Since(began)
	return o, err
}

// play runs the events in batches through a session of its own. What comes of
// each event stands under its index.
func (o *Outcome) play(ctx context.Context, m *Module, events []event.Event, size int) ([]fate, error) {
	s, err := m.Open(ctx, o.Case.Config, o.Case.Now)
	if err != nil {
		if !isRefusal(err) {
			return nil, err
		}
		o.fail("open", "opens", reason(err))
		return nil, nil
	}
	fates, err := s.fates(ctx, events, size)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("case %q: %w", o.Case.Name, err), s.Close(ctx))
	}
	o.Memory = s.Memory()
	if err := s.Close(ctx); err != nil {
		o.fail("close", "closes", err.Error())
	}
	return fates, nil
}

// fate is what came of one event.
type fate struct {
	outputs []event.Event
	failure *event.Failure
}

// fates runs the events in batches, up to the first batch in which one traps.
func (s *Session) fates(ctx context.Context, events []event.Event, size int) ([]fate, error) {
	fates := make([]fate, len(events))
	for first := 0; first < len(events); first += size {
		r, err := s.Process(ctx, events[first:min(first+size, len(events))])
		if err != nil {
			return nil, err
		}
		for _, e := range r.Outputs {
			f := &fates[first+int(e.Origin)]
			e.Origin = 0 // its place in the batch, which is not what is compared
			f.outputs = append(f.outputs, e)
		}
		trapped := false
		for _, f := range r.Failures {
			fates[first+f.Index].failure = f.Failure
			trapped = trapped || f.Class != event.Reject
		}
		if trapped {
			break // one is enough to fail, and each takes its time
		}
	}
	return fates, nil
}

// judgeTraps reports the first event that traps or breaks the ABI.
func (o *Outcome) judgeTraps(events []event.Event, fates []fate) {
	for i, f := range fates {
		if f.failure != nil && f.failure.Class != event.Reject {
			o.fail(madeUp(i), "passes, is dropped or rejected", f.String()+"\nthe event:\n"+sample(&events[i]))
			return
		}
	}
}

// compare reports the first event that fared otherwise than before.
func (o *Outcome) compare(what string, events []event.Event, want, got []fate) {
	for i := range got {
		if !reflect.DeepEqual(want[i], got[i]) {
			o.fail(madeUp(i)+", in "+what, want[i].String(), got[i].String()+"\nthe event:\n"+sample(&events[i]))
			return
		}
	}
}

func madeUp(i int) string { return fmt.Sprintf("made-up event %d", i) }

func (f fate) String() string {
	if f.failure != nil {
		return string(f.failure.Class) + ": " + f.failure.Message
	}
	if len(f.outputs) == 0 {
		return "dropped"
	}
	text := ""
	for i := range f.outputs {
		if i > 0 {
			text += "\n"
		}
		text += cutShown(ShowOutput(&f.outputs[i]))
	}
	return text
}

// cutShown keeps a made-up value of a megabyte off the screen.
func cutShown(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:most], len(text))
}

// checkMemory plays the events over and over in one session.
func (o *Outcome) checkMemory(ctx context.Context, m *Module, events []event.Event) error {
	s, err := m.Open(ctx, o.Case.Config, o.Case.Now)
	if err != nil {
		return err
	}
	var settled uint64
	for round := range settleRounds + leakRounds {
		if round == settleRounds {
			settled = s.Memory()
		}
		if _, err := s.fates(ctx, events, batchSize); err != nil {
			return errors.Join(err, s.Close(ctx))
		}
	}
	o.Memory = s.Memory()
	if most := settled + max(settled/4, leakPages*pageSize); o.Memory > most {
		o.fail("memory", fmt.Sprintf("settles: %d KiB after %d rounds of the events", settled>>10, settleRounds),
			fmt.Sprintf("goes on growing: %d KiB after %d more", o.Memory>>10, leakRounds))
	}
	return s.Close(ctx)
}
