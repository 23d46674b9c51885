package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/trial"
)

func (a *app) tapCommand() *cobra.Command {
	var want api.TapQuery
	var key, output string
	cmd := &cobra.Command{
		Use:     "tap PIPELINE",
		Short:   "watch what processors make of events, as they pass",
		GroupID: groupRun,
		Long: `Shows what each processor of a pipeline that runs makes of events: what is other
after it than before, what it dropped, what failed and why. Until a signal.

It never holds events up: it follows as many records as --rate allows, each through
all processors, and says at the end how many passed without a look. A condition compares members of a JSON payload, before
or after the processor, with ==, !=, <, <=, >, >= or ~ (a regular expression); a path
alone has to be there, and with ! must not. && joins terms.`,
		Example: `  weir tap orders
  weir tap orders --processor enrich --key eu-1 --limit 10
  weir tap orders --where 'weight > 10 && customer.country == "CZ"'
  weir tap orders --where 'items[0].name ~ "^box" && !error' -o json`,
		Args: onePipeline,
	}
	flags := cmd.Flags()
	flags.StringVar(&want.Processor, "processor", "", "only this `PROCESSOR`")
	flags.StringVar(&want.Topic, "topic", "", "only records of this `TOPIC`")
	flags.StringVar(&key, "key", "", "only events with this `KEY`")
	flags.StringVar(&want.Where, "where", "", "only events of which a `CONDITION` is true")
	flags.IntVar(&want.Rate, "rate", 20, "follow so many records a second at most, up to 1000")
	flags.IntVar(&want.Limit, "limit", 0, "end after so many were shown; 0 is never")
	addOutput(cmd, &output, outputText)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		if flags.Changed("key") {
			want.Key = &key
		}
		if want.Rate < 1 || want.Rate > 1000 {
			return usageError{errors.New("--rate must be from 1 to 1000")}
		}
		if want.Limit < 0 {
			return usageError{errors.New("--limit is less than 0")}
		}
		return a.tap(ctx, remote, args[0], want, output)
	})
}

func (a *app) tap(ctx context.Context, remote *api.Remote, pipeline string, want api.TapQuery, output string) error {
	var counts api.TapCounts
	shown := 0
	sink := api.TapSink{
		Counts: func(c api.TapCounts) error { counts = c; return nil },
		Exchange: func(x api.TapExchange) error {
			shown++
			if output == outputJSON {
				return writeJSON(a.out, x)
			}
			showExchange(a.out, &x)
			return a.out.lost()
		},
	}
	reason, err := remote.Tap(ctx, pipeline, want, sink)
	stopped := ctx.Err() != nil
	if err != nil && !stopped {
		return err
	}
	if reason == "" {
		reason = "stopped"
	}
	text := fmt.Sprintf("%s: %d shown", reason, shown)
	if counts.Missed > 0 {
		text += fmt.Sprintf(", %d passed without a look (see --rate)", counts.Missed)
	}
	if counts.Dropped > 0 {
		text += fmt.Sprintf(", %d looked at and left out", counts.Dropped)
	}
	writeLine(a.err, "%s", a.err.dim(text))
	return nil
}

// showExchange prints, for people, what a processor made of a record.
func showExchange(t *terminal, x *api.TapExchange) {
	key := ""
	if len(x.Before) > 0 && x.Before[0].Key != nil {
		key = fmt.Sprintf(" key %q", *x.Before[0].Key)
	}
	writeLine(t, "%s %s", t.bold(x.Processor), t.dim(fmt.Sprintf("%s[%d]@%d%s %s", x.Topic, x.Partition, x.Offset, key, x.At.Local().Format("15:04:05.000"))))
	switch x.Outcome {
	case "failed":
		message, _, _ := strings.Cut(x.Failure.Message, "\n")
		writeLine(t, "%s %s", t.red(failedAs(event.Class(x.Failure.Class))), message)
	case "dropped", "filtered":
		writeLine(t, "%s", t.yellow(x.Outcome))
	}
	before := tappedEvents(x.Before)
	if len(x.After) == 0 {
		for i := range before {
			writeLine(t, "value %s", shortValue(before[i].Value))
		}
	}
	for i, after := range tappedEvents(x.After) {
		if len(x.After) > 1 {
			writeLine(t, "%s", t.bold(fmt.Sprintf("event %d of %d", i+1, len(x.After))))
		}
		from := &before[0]
		if len(before) == len(x.After) {
			from = &before[i]
		}
		showChanges(t, from, &after)
	}
	if x.More > 0 {
		writeLine(t, "%s", t.dim(fmt.Sprintf("and %s more", plural(x.More, "event"))))
	}
	writeLine(t, "")
}

func tappedEvents(all []api.TapEvent) []event.Event {
	out := make([]event.Event, len(all))
	for i := range all {
		e := &all[i]
		out[i] = event.Event{
			Topic: e.Topic, Partition: event.AnyPartition, Timestamp: e.Timestamp, Stamped: e.Stamped,
			Key: bytesOf(e.Key, e.KeyBase64), Value: bytesOf(e.Value, e.ValueBase64),
		}
		if e.Partition != nil {
			out[i].Partition = *e.Partition
		}
		for _, h := range e.Headers {
			out[i].Headers = append(out[i].Headers, event.Header{Name: h.Name, Value: bytesOf(h.Value, h.ValueBase64)})
		}
		for _, name := range slices.Sorted(maps.Keys(e.Context)) {
			out[i].Context = append(out[i].Context, event.Pair{Name: name, Value: trial.ContextValue(e.Context[name])})
		}
	}
	return out
}

func bytesOf(text *string, data []byte) []byte {
	if text != nil {
		return []byte(*text)
	}
	return data
}
