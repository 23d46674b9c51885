package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/admin/api"
)

// clearError is the verb that does not concern pipelines that run.
const clearError = "clear-error"

// completeWithin bounds the wait of a shell that completes a name.
const completeWithin = 2 * time.Second

func (a *app) pipelinesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "pipelines",
		Short:   "look after the pipelines of a weir that runs",
		GroupID: groupRun,
		Long: `Shows the pipelines of a weir that runs, and steers them, by its admin API. By
default that is the one on this machine; --admin names another.`,
		Example: `  weir pipelines list
  weir pipelines show orders
  weir pipelines pause orders
  weir pipelines clear-error --all
  weir pipelines list --admin unix:/run/weir/admin.sock -o json`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(a.pipelinesList(), a.pipelinesShow(), a.pipelinesShadow(), a.pipelinesSeek(),
		a.pipelinesVerb("pause", "let pipelines read nothing more", `Keeps pipelines from reading more. What they have read goes through to the sink and
is committed; they stay in their groups, so nothing rebalances. Returns when nothing
more begins. A restart of weir resumes them.`, (*api.Remote).Pause),
		a.pipelinesVerb("resume", "let paused pipelines read on", "", (*api.Remote).Resume),
		a.pipelinesVerb(clearError, "let pipelines go on that a failure stopped", `Lets pipelines go on that a failure stopped, once its cause is mended: from the
offsets that their groups have committed, so that a guilty event is tried again, by
the modules that are there now. With --all, those that are not stopped are passed
over. A process that stays for it is told by weir run: see its --exit-on-stop.`, (*api.Remote).ClearError),
	)
	return cmd
}

func (a *app) pipelinesList() *cobra.Command {
	var output string
	var failed bool
	cmd := &cobra.Command{
		Use: "list", Short: "list the pipelines, with their states", Args: noArgs,
		Example: "  weir pipelines list\n  weir pipelines list --down -o name\n  weir pipelines list -o json",
	}
	cmd.Flags().BoolVar(&failed, "down", false, "only those in which events do not flow any more")
	addOutput(cmd, &output, outputTable, outputName)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, _ []string) error {
		all, err := remote.Pipelines(ctx)
		if err != nil {
			return err
		}
		if failed {
			all = slices.DeleteFunc(all, func(p api.Pipeline) bool { return p.Health != api.Down })
		}
		return a.printPipelines(all, output)
	})
}

func (a *app) pipelinesShow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "show PIPELINE", Short: "show one pipeline whole", Args: onePipeline,
		Example: "  weir pipelines show orders\n  weir pipelines show orders -o json",
	}
	addOutput(cmd, &output, outputText)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		p, err := remote.Pipeline(ctx, args[0])
		if err != nil {
			return err
		}
		if output == outputJSON {
			return writeJSON(a.out, p)
		}
		a.printPipeline(p)
		return nil
	})
}

func (a *app) pipelinesSeek() *cobra.Command {
	var output, to string
	cmd := &cobra.Command{
		Use: "seek PIPELINE --to PLACE", Short: "let a paused or stopped pipeline go on at another place",
		Long: `Sets the offsets of a pipeline's groups in all partitions of its topics, so that
events are skipped or read again. The pipeline has to be paused, and is drained for it
and paused again, or has to be stopped by a failure; resume or clear-error then lets
it go on there. Other processes must not have members in the groups.`,
		Example: `  weir pipelines pause orders
  weir pipelines seek orders --to 2026-01-31T12:00:00Z
  weir pipelines resume orders`,
		Args: onePipeline,
	}
	cmd.Flags().StringVar(&to, "to", "", "the `PLACE`: earliest, latest, an offset, or a time as 2026-01-31T12:00:00Z")
	addOutput(cmd, &output, outputTable, outputName)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		if to == "" {
			return usageError{errors.New("say where to go on: --to earliest, latest, an offset or a time")}
		}
		p, err := remote.Seek(ctx, args[0], to)
		if err != nil {
			return err
		}
		return a.printPipelines([]api.Pipeline{p.Pipeline}, output)
	})
}

// pipelinesVerb makes a command that does one thing to pipelines.
func (a *app) pipelinesVerb(verb, short, long string, do func(*api.Remote, context.Context, string) (*api.PipelineDetail, error)) *cobra.Command {
	var output string
	var all bool
	cmd := &cobra.Command{
		Use: verb + " PIPELINE...", Short: short, Long: long,
		Example: fmt.Sprintf("  weir pipelines %s orders\n  weir pipelines %s --all", verb, verb),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return usageError{errors.New("--all and names of pipelines do not go together")}
			case !all && len(args) == 0:
				return usageError{errors.New("name a pipeline, or say --all")}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all pipelines")
	addOutput(cmd, &output, outputTable, outputName)
	return a.askAdmin(cmd, func(ctx context.Context, remote *api.Remote, args []string) error {
		if all {
			list, err := remote.Pipelines(ctx)
			if err != nil {
				return err
			}
			for _, p := range list {
				if verb != clearError || p.Stop != nil {
					args = append(args, p.Name)
				}
			}
			if len(args) == 0 {
				writeLine(a.err, "no pipeline is stopped")
			}
		}
		done := []api.Pipeline{}
		var errs []error
		for _, name := range args {
			p, err := do(remote, ctx, name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			done = append(done, p.Pipeline)
		}
		if len(done) > 0 {
			errs = append(errs, a.printPipelines(done, output))
		}
		return errors.Join(errs...)
	})
}

func onePipeline(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{errors.New("name one pipeline; weir pipelines list shows them")}
	}
	return nil
}

func (a *app) printPipelines(all []api.Pipeline, output string) error {
	return printAll(a, output, all, "no pipelines", func(p api.Pipeline) string { return p.Name }, func(t *table) {
		t.row("NAME", "STATE", "LAG", "BEHIND", "CONSUMED", "DELIVERED", "DEAD", "REASON")
		for _, p := range all {
			reason, _, _ := strings.Cut(p.Reason, "\n")
			t.row(p.Name, p.State, fmt.Sprint(p.Lag.Records), behind(p.Lag.Seconds), fmt.Sprint(p.Events.Consumed), fmt.Sprint(p.Events.Delivered), fmt.Sprint(p.Events.DeadLettered), reason)
		}
	})
}

func (a *app) printPipeline(p *api.PipelineDetail) {
	t := newTable(a.out, "")
	t.row("name", p.Name)
	t.rowIf(p.Tenant != "", "tenant", p.Tenant)
	t.row("state", p.State)
	t.rowIf(p.Reason != "", "reason", strings.ReplaceAll(p.Reason, "\n", "\n          "))
	if p.Stop != nil && p.Stop.Event != nil {
		t.row("event", fmt.Sprintf("%s[%d]@%d", p.Stop.Event.Topic, p.Stop.Event.Partition, p.Stop.Event.Offset))
	}
	t.row("since", p.Since.Local().Format(time.RFC3339))
	t.rowIf(p.Restarts > 0, "restarts", fmt.Sprint(p.Restarts))
	t.row("delivery", p.Delivery)
	for _, s := range p.Sources {
		t.row("source", fmt.Sprintf("%s of %s, group %s, %s", strings.Join(s.Topics, ", "), s.Connection, s.Group, plural(len(s.Partitions), "partition")))
	}
	sink := p.Sink.Topic
	if sink == "" {
		sink = "topics that processors choose"
	}
	t.row("sink", fmt.Sprintf("%s of %s", sink, p.Sink.Connection))
	t.rowIf(p.DeadLetter != "", "dead", p.DeadLetter)
	t.row("lag", fmt.Sprintf("%s records, %s", fmt.Sprint(p.Lag.Records), behind(p.Lag.Seconds)))
	t.row("held", fmt.Sprintf("%s of %s records, %s of %s", fmt.Sprint(p.Held.Records), fmt.Sprint(p.Held.MaxRecords), bytesText(uint64(p.Held.Bytes)), bytesText(uint64(p.Held.MaxBytes))))
	e := p.Events
	t.row("events", fmt.Sprintf("%s consumed: %s delivered, %s dropped, %s filtered, %s dead-lettered, %s abandoned, %s in flight",
		fmt.Sprint(e.Consumed), fmt.Sprint(e.Delivered), fmt.Sprint(e.Dropped), fmt.Sprint(e.Filtered), fmt.Sprint(e.DeadLettered), fmt.Sprint(e.Abandoned), fmt.Sprint(e.InFlight)))
	t.end()
	writeLine(a.out, "")
	steps := newTable(a.out, "")
	steps.row("PROCESSOR", "KIND", "DROPPED", "FILTERED", "FAILED", "TIME", "MODULE", "DIGEST")
	for _, s := range p.Processors {
		failed := uint64(0)
		for _, n := range s.Failed {
			failed += n
		}
		took := time.Duration(s.Seconds * float64(time.Second))
		steps.row(s.Name, s.Kind, fmt.Sprint(s.Dropped), fmt.Sprint(s.Filtered), fmt.Sprint(failed), took.Round(time.Millisecond).String(), s.Module, shortDigest(s.Digest))
	}
	steps.end()
	lags := slices.Concat(partitions(p)...)
	if len(lags) == 0 {
		return
	}
	writeLine(a.out, "")
	parts := newTable(a.out, "")
	parts.row("PARTITION", "LAG", "BEHIND")
	for _, l := range lags {
		parts.row(fmt.Sprintf("%s[%d]", l.Topic, l.Partition), fmt.Sprint(l.Records), behind(l.Seconds))
	}
	parts.end()
}

func partitions(p *api.PipelineDetail) [][]api.PartitionLag {
	var all [][]api.PartitionLag
	for _, s := range p.Sources {
		all = append(all, s.Partitions)
	}
	return all
}

// shortDigest is enough of a digest to tell modules apart; JSON has it whole.
func shortDigest(digest string) string { return digest[:min(len(digest), len("sha256:")+12)] }

// behind is how old the oldest record is that is not done.
func behind(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d == 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
