package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/kafka"
)

func (a *app) topicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "topics",
		Short:   "compare topics with the configuration, or bring them there",
		GroupID: groupLook,
		Long: `The topics of a configuration are those that topics.list, the topics file,
and the sources, sinks and dead letters of its pipelines name. What the
configuration leaves open is left as it is. No topic is ever deleted, and none
loses a partition.`,
		Example: `  weir topics plan
  weir topics apply -c weir.yaml --topics-file topics.yaml
  weir topics check || echo drift`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(
		a.topicsVerb("plan", "say what apply would do, as the brokers see it", "", a.planTopics),
		a.topicsVerb("apply", "make and change topics", `Makes what is missing, adds partitions and changes options, and waits until the
brokers tell of it. On a terminal it shows the plan and asks first. What can lose
records or the places of keys is left out unless --allow-destructive is given, and
off a terminal needs --yes too. The exit code is 1 when a topic failed or is still
not as configured.`, a.applyTopics),
		a.topicsVerb("check", "say whether topics are as configured; exit code 10 when not", `Only reads. The exit code is 0 when every topic is as configured, 10 when one is
not, and 1 when one could not be compared.`, a.checkTopics),
	)
	return cmd
}

type topicsFlags struct {
	config           configFlags
	file             string
	output           string
	allowDestructive bool
	resetUnlisted    bool
	yes              bool
}

func (a *app) topicsVerb(name, short, long string, run func(context.Context, *topicsJob, topicsFlags) error) *cobra.Command {
	var f topicsFlags
	cmd := &cobra.Command{
		Use:     name,
		Short:   short,
		Long:    long,
		Example: fmt.Sprintf("  weir topics %s\n  weir topics %s -c weir.yaml -o json", name, name),
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.topics(cmd.Context(), f, run)
		},
	}
	flags := cmd.Flags()
	f.config.add(flags)
	flags.StringVar(&f.file, "topics-file", "", "YAML, JSON or INI `FILE` of topics; takes the place of topics.file")
	flags.BoolVar(&f.resetUnlisted, "reset-unlisted", false, "take back the options of listed topics that the configuration does not mention")
	if name != "check" {
		flags.BoolVar(&f.allowDestructive, "allow-destructive", false, "do what can lose records or the places of keys, too")
	}
	if name == "apply" {
		flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	}
	addOutput(cmd, &f.output, outputText)
	return cmd
}

func (a *app) topics(ctx context.Context, f topicsFlags, run func(context.Context, *topicsJob, topicsFlags) error) error {
	if f.file != "" {
		path, err := filepath.Abs(f.file) // in a file, paths begin at its folder
		if err != nil {
			return err
		}
		f.config.set = append(slices.Clone(f.config.set), "topics.file="+path)
	}
	log, err := a.logger(quiet)
	if err != nil {
		return err
	}
	spec, err := a.load(f.config)
	if err != nil {
		return err
	}
	ctx, drain, release := stopSignals(ctx, true, a.tell)
	defer release()
	ctx, cancel := until(ctx, drain)
	defer cancel()
	rules := kafka.TopicRules{AllowDestructive: f.allowDestructive, ResetUnlisted: f.resetUnlisted}
	return run(ctx, &topicsJob{spec: spec, rules: rules, log: log, screen: a.err, say: a.tell}, f)
}

func (a *app) planTopics(ctx context.Context, job *topicsJob, f topicsFlags) error {
	plans, err := job.look(ctx, (*kafka.Initializer).Plan)
	if err != nil {
		return err
	}
	plan := joined(plans)
	if err := a.printReport(plan, f.output); err != nil {
		return err
	}
	return plan.Err(kafka.TopicFailed)
}

func (a *app) checkTopics(ctx context.Context, job *topicsJob, f topicsFlags) error {
	job.rules.AllowDestructive = true // every difference counts, whatever mending it can cost
	found, err := job.look(ctx, (*kafka.Initializer).Check)
	if err != nil {
		return err
	}
	report := joined(found)
	if err := a.printReport(report, f.output); err != nil {
		return err
	}
	return report.Drift()
}

func (a *app) applyTopics(ctx context.Context, job *topicsJob, f topicsFlags) error {
	plans, err := job.look(ctx, (*kafka.Initializer).Plan)
	if err != nil {
		return err
	}
	plan := joined(plans)
	if err := a.confirm(ctx, plan, f.yes); err != nil {
		return err
	}
	reports, err := job.apply(ctx, plans)
	done := joined(reports)
	if len(reports) > 0 {
		if err := a.printReport(done, f.output); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return done.Err(kafka.TopicFailed, kafka.TopicChange, kafka.TopicDiffers)
}
