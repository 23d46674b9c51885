package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

// callError is an event that failed.
type callError struct{ failure failureReport }

func (e callError) Error() string { return failedAs(e.failure.Class) + ": " + e.failure.Message }

// failedAs says in a word what became of an event that failed.
func failedAs(class event.Class) string {
	switch class {
	case event.Reject:
		return "rejected"
	case event.Trap:
		return "trapped"
	}
	return string(class)
}

func (a *app) printCall(r *callReport, form string) error {
	if form == outputJSON {
		if err := writeJSON(a.out, r); err != nil {
			return err
		}
	} else {
		r.show(a.out)
		writeLine(a.err, "%s", a.err.dim(r.cost()))
	}
	if r.Failure != nil {
		return callError{*r.Failure}
	}
	return nil
}

// show prints, for people, what became of the event.
func (r *callReport) show(t *terminal) {
	switch {
	case r.Failure != nil:
		writeLine(t, "%s", t.red(failedAs(r.Failure.Class)))
	case r.Dropped:
		writeLine(t, "%s", t.yellow("dropped"))
	}
	for i := range r.out {
		if len(r.out) > 1 {
			writeLine(t, "%s", t.bold(fmt.Sprintf("event %d of %d", i+1, len(r.out))))
		}
		showChanges(t, &r.in, &r.out[i])
	}
	for _, l := range r.Logs {
		writeLine(t, "%s %s %s", t.cyan("log"), l.Level, strings.ReplaceAll(l.Message, "\n", "\n    "))
	}
	for _, m := range r.Metrics {
		writeLine(t, "%s %s %v %s", t.cyan("metric"), m.Name, m.Value, t.dim(m.Kind))
	}
}

// showChanges prints what is other than in the input, and a value that is not.
func showChanges(t *terminal, in, out *event.Event) {
	changes := trial.Changes(in, out)
	if !slices.ContainsFunc(changes, func(c trial.Change) bool { return c.What == "value" }) {
		writeLine(t, "value %s", t.dim("unchanged: "+shortValue(in.Value)))
	}
	for _, c := range changes {
		if strings.Contains(c.Before+c.After, "\n") {
			writeLine(t, "%s", c.What)
			t.diff("  ", c.Before, c.After)
			continue
		}
		writeLine(t, "%s %s -> %s", c.What, t.red(c.Before), t.green(c.After))
	}
}

// shortValue is the beginning of a payload, in one line.
func shortValue(value []byte) string {
	const most = 120
	switch {
	case value == nil:
		return "null"
	case len(value) > most:
		return fmt.Sprintf("%q... (%d bytes)", value[:most], len(value))
	}
	return fmt.Sprintf("%#q", value)
}

// cost is what the call took.
func (r *callReport) cost() string {
	took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Microsecond)
	text := fmt.Sprintf("%s, %d KiB of memory, %d fuel", took, r.Memory>>10, r.Fuel)
	if n := r.Repeated; n != nil {
		text += fmt.Sprintf("\n%s in batches of %d: %.0f ns and %.0f fuel an event", plural(n.Events, "event"), min(n.Events, repeatBatch), n.Nanos, n.Fuel)
	}
	return text
}
