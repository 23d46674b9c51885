package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/kafka"
)

func (a *app) topicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "topics",
		Short:   "compare topics with the configuration, or make them",
		GroupID: groupLook,
		Long: `The topics of a configuration are those that topics.list, the topics file,
and the sources, sinks and dead letters of its pipelines name. An existing topic
is never changed and never deleted.`,
		Example: `  weir topics plan
  weir topics apply -c weir.yaml --topics-file topics.yaml`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(
		a.topicsVerb("plan", "say what apply would do, and what differs", (*kafka.Initializer).Plan, kafka.TopicFailed),
		a.topicsVerb("apply", "make the missing topics; exit code 1 when one differs or fails", (*kafka.Initializer).Apply,
			kafka.TopicFailed, kafka.TopicDiffers),
	)
	return cmd
}

// initialize is Plan or Apply.
type initialize func(*kafka.Initializer, context.Context) (kafka.Report, error)

func (a *app) topicsVerb(name, short string, do initialize, bad ...kafka.TopicStatus) *cobra.Command {
	var cfg configFlags
	var file, output string
	cmd := &cobra.Command{
		Use:     name,
		Short:   short,
		Example: fmt.Sprintf("  weir topics %s\n  weir topics %s -c weir.yaml -o json", name, name),
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file != "" {
				path, err := filepath.Abs(file) // in a file, paths begin at its folder
				if err != nil {
					return err
				}
				cfg.set = append(slices.Clone(cfg.set), "topics.file="+path)
			}
			log, err := a.logger(quiet)
			if err != nil {
				return err
			}
			spec, err := a.load(cfg)
			if err != nil {
				return err
			}
			ctx, drain, release := stopSignals(cmd.Context(), a.tell)
			defer release()
			ctx, cancel := until(ctx, drain)
			defer cancel()
			report, err := eachConnection(ctx, spec, log, do)
			if err != nil {
				return err
			}
			if err := a.printReport(report, output); err != nil {
				return err
			}
			return report.Err(bad...)
		},
	}
	cfg.add(cmd.Flags())
	cmd.Flags().StringVar(&file, "topics-file", "", "YAML or JSON `FILE` with a list of topics; takes the place of topics.file")
	addOutput(cmd, &output, outputTable)
	return cmd
}

// eachConnection runs the initializer on every connection that topics belong
// to, by name, and joins the reports.
func eachConnection(ctx context.Context, spec *host.Spec, log *zap.Logger, do initialize) (kafka.Report, error) {
	all := kafka.Report{Topics: []kafka.TopicReport{}}
	for _, name := range slices.Sorted(maps.Keys(spec.Topics.ByConnection)) {
		connection := spec.Connections[name]
		report, err := do(kafka.NewInitializer(connection.Options, spec.Topics.ByConnection[name], log), ctx)
		if err != nil {
			return all, fmt.Errorf("connection %s (%s): %w", name, connection.Pos, err)
		}
		all.Topics = append(all.Topics, report.Topics...)
	}
	return all, nil
}

func (a *app) printReport(report kafka.Report, output string) error {
	if output == outputJSON {
		encoder := json.NewEncoder(a.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	if err := report.WriteTable(a.out); err != nil {
		return err
	}
	writeLine(a.err, "%s", report.Summary())
	return nil
}

// prepareTopics does what topics.on_start asks for before pipelines start.
func prepareTopics(ctx context.Context, spec *host.Spec, log *zap.Logger) error {
	switch spec.Topics.OnStart {
	case host.CreateTopics:
		report, err := eachConnection(ctx, spec, log, (*kafka.Initializer).Apply)
		if err != nil {
			return err
		}
		logReport(log, report)
		return withReasons(report, report.Err(kafka.TopicFailed))
	case host.CheckTopics:
		report, err := eachConnection(ctx, spec, log, (*kafka.Initializer).Plan)
		if err != nil {
			return err
		}
		logReport(log, report)
		err = report.Err(kafka.TopicFailed, kafka.TopicMissing, kafka.TopicDiffers)
		return withReasons(report, err)
	}
	return nil
}

// logReport warns of every topic that is not as configured.
func logReport(log *zap.Logger, report kafka.Report) {
	for _, t := range report.Topics {
		for _, d := range t.Differences {
			log.Warn("a topic is not as configured", zap.String("topic", t.Topic), zap.String("setting", d.Setting),
				zap.String("have", d.Have), zap.String("configured", d.Want))
		}
	}
}

// withReasons adds to an error what is wrong with which topic.
func withReasons(report kafka.Report, err error) error {
	if err == nil {
		return nil
	}
	for _, t := range report.Topics {
		reason := t.Reason
		switch t.Status {
		case kafka.TopicMissing:
			reason = "is missing"
		case kafka.TopicDiffers:
			reason = "differs from the configuration"
		case kafka.TopicFailed:
		default:
			continue
		}
		err = fmt.Errorf("%w\n\ttopic %s: %s", err, t.Topic, reason)
	}
	return fmt.Errorf("%w\n\"weir topics plan\" shows all of them; topics.on_start says what happens at the start", err)
}
