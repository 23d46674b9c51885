package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/deadletter"
)

type redriveFlags struct {
	letterFlags
	cache                cacheFlag
	foreign, dryRun, yes bool
	output               string
}

func (a *app) deadletterRedrive() *cobra.Command {
	var f redriveFlags
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "give dead letters to their pipeline again",
		Long: `Runs the pipeline as the configuration has it now, with its dead letters as the
source, up to what the topic holds at the start, in their order. The processors see
the records as they first came. What fails again becomes a dead letter again, with
the attempts added up.

A consumer group keeps how far each selection was redriven, so the same command
never gives a letter twice; it may after a crash. Other selections know nothing of
it. The pipeline itself may run meanwhile. Letters whose value was cut are left out:
the whole is where the record came from.

It shows the plan and asks first; off a terminal it needs --yes.`,
		Example: `  weir deadletter redrive --dry-run
  weir deadletter redrive --class trap --yes
  weir deadletter redrive -c weir.yaml --set pipelines.orders.on_error=drop --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			selection, err := f.selection(cmd.Flags(), time.Now())
			if err != nil {
				return err
			}
			return a.redrive(cmd.Context(), &f, selection)
		},
	}
	flags := cmd.Flags()
	f.add(flags)
	f.addSelection(flags)
	flags.BoolVar(&f.foreign, "foreign", false, "take the letters of others in the topic too, such as those of Kafka Connect")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show the plan")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	f.cache.add(flags)
	addOutput(cmd, &f.output, outputTable)
	return cmd
}

func (a *app) redrive(ctx context.Context, f *redriveFlags, selection deadletter.Selection) error {
	l, err := a.letters(&f.letterFlags)
	if err != nil {
		return err
	}
	if !f.foreign {
		selection.Pipeline = l.pipeline.Name
	}
	ctx, drain, release := stopSignals(ctx, true, a.tell)
	defer release()
	looking, cancel := until(ctx, drain)
	defer cancel()
	plan, err := l.plan(looking, &selection)
	if err != nil {
		return err
	}
	if f.dryRun || plan.letters == 0 {
		if err := a.printGroups(plan.groups.List(), f.output); err != nil {
			return err
		}
	}
	a.tell(plan.String())
	if f.dryRun || plan.letters == 0 {
		return nil
	}
	show := func() error { return a.printGroups(plan.groups.List(), outputTable) }
	if err := a.agree(looking, f.yes, "nothing was redriven", show); err != nil {
		return err
	}
	again, err := l.spec.Redrive(l.pipeline, selection)
	if err != nil {
		return err
	}
	h, err := host.New(ctx, again, host.Options{Log: l.log, CacheDir: f.cache.path(), ExitAtEnd: true})
	if err != nil {
		return err
	}
	err = a.redriving(ctx, drain, h, again.Pipelines[0].Redrive, plan.letters)
	return errors.Join(err, h.Close(context.WithoutCancel(ctx)))
}

// redrivePlan is what a redrive would do.
type redrivePlan struct {
	group         string
	letters, done int
	cut           int
	groups        deadletter.Groups
}

func (p *redrivePlan) String() string {
	text := fmt.Sprintf("%s to redrive", plural(p.letters, "letter"))
	if p.done > 0 {
		text += fmt.Sprintf(", %d redriven before", p.done)
	}
	if p.cut > 0 {
		text += fmt.Sprintf(", %d left out, whose values were cut", p.cut)
	}
	return text + " (group " + p.group + ")"
}

// plan counts what a selection has left to redrive.
func (l *letters) plan(ctx context.Context, s *deadletter.Selection) (*redrivePlan, error) {
	p := &redrivePlan{group: host.RedriveGroup(l.pipeline.Name, s)}
	committed, err := l.reader.Committed(ctx, p.group, l.pipeline.DeadLetterTopic)
	if err != nil {
		return nil, err
	}
	return p, l.each(ctx, s, func(letter *deadletter.Letter) error {
		switch at, ok := committed[letter.Partition]; {
		case ok && letter.Offset < at:
			p.done++
		case letter.Cut > 0:
			p.cut++
		default:
			p.letters++
			p.groups.Add(letter)
		}
		return nil
	})
}

// redriving runs the pipeline and says what became of the letters.
func (a *app) redriving(ctx context.Context, drain <-chan struct{}, h *host.Host, r *deadletter.Redrive, total int) error {
	taken := func() int { return int(r.Taken.Load()) }
	err := a.runBounded(ctx, drain, h, "redriving", taken, total)
	s := h.Samples()[0]
	again, dropped := uint64(0), uint64(0)
	for _, p := range s.Processors {
		dropped += p.Dropped
		for _, f := range p.Failures {
			again += f.DeadLettered
		}
	}
	a.tell(fmt.Sprintf("%s given again: %d delivered, %d dropped, %d dead letters again", plural(taken(), "letter"), s.Delivered, dropped, again))
	return err
}
