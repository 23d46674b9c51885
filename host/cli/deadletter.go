package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/deadletter"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
)

func (a *app) deadletterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "deadletter",
		Short:   "look at dead letters, and give them to their pipeline again",
		GroupID: groupLook,
		Long: `The dead letters of a pipeline are what its dead_letter topic holds: records as
they were read, with the reason in headers. Those of Kafka Connect are read too.
Looking takes part in no group and changes nothing.`,
		Example: `  weir deadletter group
  weir deadletter list --class reject --since 1h
  weir deadletter show 0@42
  weir deadletter redrive --dry-run`,
		Args: noArgs,
		RunE: showHelp,
	}
	cmd.AddCommand(a.deadletterGroup(), a.deadletterList(), a.deadletterShow(), a.deadletterExport(), a.deadletterRedrive())
	return cmd
}

// letterFlags say whose dead letters and which of them.
type letterFlags struct {
	config                                                 configFlags
	pipeline, class, processor, message, key, since, until string
}

func (f *letterFlags) add(flags *pflag.FlagSet) {
	f.config.add(flags)
	flags.StringVarP(&f.pipeline, "pipeline", "p", "", "the `PIPELINE` whose dead letters are meant; not needed where only one has some")
}

func (f *letterFlags) addSelection(flags *pflag.FlagSet) {
	flags.StringVar(&f.class, "class", "", "only letters of a `CLASS` of failure, such as reject")
	flags.StringVar(&f.processor, "processor", "", "only what failed in a `PROCESSOR`")
	flags.StringVar(&f.message, "message", "", "only letters whose reason matches a regular `EXPRESSION`")
	flags.StringVar(&f.key, "key", "", "only records with this `KEY`")
	flags.StringVar(&f.since, "since", "", "only what failed since a `TIME`, or for so long: 2026-01-31T12:00:00Z or 2h")
	flags.StringVar(&f.until, "until", "", "only what failed before a `TIME`")
}

// selection reads the flags; now is what durations count back from.
func (f *letterFlags) selection(flags *pflag.FlagSet, now time.Time) (deadletter.Selection, error) {
	s := deadletter.Selection{Class: f.class, Processor: f.processor}
	var err error
	if f.message != "" {
		if s.Message, err = regexp.Compile(f.message); err != nil {
			return s, usageError{fmt.Errorf("--message: %w", err)}
		}
	}
	if flags.Changed("key") {
		s.Key = []byte(f.key)
	}
	if s.Since, err = instant(f.since, now); err != nil {
		return s, usageError{fmt.Errorf("--since: %w", err)}
	}
	if s.Until, err = instant(f.until, now); err != nil {
		return s, usageError{fmt.Errorf("--until: %w", err)}
	}
	return s, nil
}

// instant reads a time, or a duration that counts back from now.
func instant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a time such as 2026-01-31T12:00:00Z nor a duration such as 2h", text)
	}
	return at, nil
}

// letters is a look at the dead letters of one pipeline.
type letters struct {
	spec     *host.Spec
	pipeline *host.PipelineSpec
	reader   *kafka.Reader
	log      *zap.Logger
}

func (a *app) letters(f *letterFlags) (*letters, error) {
	log, err := a.logger(quiet)
	if err != nil {
		return nil, err
	}
	spec, err := a.load(f.config)
	if err != nil {
		return nil, err
	}
	p, err := withLetters(spec, f.pipeline)
	if err != nil {
		return nil, usageError{err}
	}
	return &letters{spec: spec, pipeline: p, log: log, reader: kafka.NewReader(spec.Connections[p.Sink.Connection].Options, log)}, nil
}

// withLetters finds the pipeline of a name, or the only one that has a
// dead-letter topic.
func withLetters(spec *host.Spec, name string) (*host.PipelineSpec, error) {
	if name != "" {
		p, err := spec.Find(name)
		if err == nil && p.DeadLetterTopic == "" {
			err = fmt.Errorf("pipeline %s has no dead_letter topic", name)
		}
		return p, err
	}
	var with []*host.PipelineSpec
	var names []string
	for _, p := range spec.Pipelines {
		if p.DeadLetterTopic != "" {
			with, names = append(with, p), append(names, p.Name)
		}
	}
	switch len(with) {
	case 0:
		return nil, errors.New("no pipeline of the configuration has a dead_letter topic")
	case 1:
		return with[0], nil
	}
	return nil, fmt.Errorf("say --pipeline NAME: %s have dead letters", strings.Join(names, ", "))
}

// each visits the letters that a selection takes.
func (l *letters) each(ctx context.Context, s *deadletter.Selection, visit func(*deadletter.Letter) error) error {
	from, err := kafka.ParseStart("earliest")
	if err != nil {
		return err
	}
	return l.reader.Read(ctx, l.pipeline.DeadLetterTopic, from, func(e *event.Event) error {
		letter, ok := deadletter.Parse(e)
		if !ok || !s.Takes(letter) {
			return nil
		}
		return visit(letter)
	})
}

// lettersVerb makes a subcommand that looks.
func (a *app) lettersVerb(cmd *cobra.Command, selects bool, run func(ctx context.Context, l *letters, s deadletter.Selection, args []string) error) *cobra.Command {
	var f letterFlags
	f.add(cmd.Flags())
	if selects {
		f.addSelection(cmd.Flags())
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		selection, err := f.selection(cmd.Flags(), time.Now())
		if err != nil {
			return err
		}
		l, err := a.letters(&f)
		if err != nil {
			return err
		}
		ctx, drain, release := stopSignals(cmd.Context(), true, a.tell)
		defer release()
		ctx, cancel := until(ctx, drain)
		defer cancel()
		return run(ctx, l, selection, args)
	}
	return cmd
}

func (a *app) deadletterGroup() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "group", Short: "count dead letters by their causes", Args: noArgs,
		Long: `Counts the letters of each cause, the most frequent first. Reasons that differ
only in numbers and quoted text are one cause.`,
		Example: "  weir deadletter group\n  weir deadletter group -p orders --since 24h -o json",
	}
	addOutput(cmd, &output, outputTable)
	return a.lettersVerb(cmd, true, func(ctx context.Context, l *letters, s deadletter.Selection, _ []string) error {
		var groups deadletter.Groups
		if err := l.each(ctx, &s, func(letter *deadletter.Letter) error { groups.Add(letter); return nil }); err != nil {
			return err
		}
		return a.printGroups(groups.List(), output)
	})
}

func (a *app) deadletterList() *cobra.Command {
	var output string
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "list dead letters, the latest last", Args: noArgs,
		Example: "  weir deadletter list\n  weir deadletter list --class trap --limit 5 -o json",
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "at most so many `LETTERS`, the latest; 0 is all")
	addOutput(cmd, &output, outputTable)
	return a.lettersVerb(cmd, true, func(ctx context.Context, l *letters, s deadletter.Selection, _ []string) error {
		if limit < 0 {
			return usageError{errors.New("--limit is less than 0")}
		}
		list := []*deadletter.Letter{}
		err := l.each(ctx, &s, func(letter *deadletter.Letter) error {
			list = append(list, letter)
			if limit > 0 && len(list) >= 2*limit+1000 {
				list = latest(list, limit)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return a.printLetters(latest(list, limit), output)
	})
}

// latest sorts letters by time and keeps the last of them; 0 keeps all.
func latest(list []*deadletter.Letter, limit int) []*deadletter.Letter {
	slices.SortFunc(list, (*deadletter.Letter).Less)
	if limit == 0 || len(list) <= limit {
		return list
	}
	return slices.Clone(list[len(list)-limit:])
}

func (a *app) deadletterShow() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "show PARTITION@OFFSET", Short: "show one dead letter whole",
		Example: "  weir deadletter show 0@42\n  weir deadletter show 0@42 -o json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{errors.New("say which letter: PARTITION@OFFSET, as list shows them")}
			}
			return nil
		},
	}
	addOutput(cmd, &output, outputText)
	return a.lettersVerb(cmd, false, func(ctx context.Context, l *letters, _ deadletter.Selection, args []string) error {
		var partition int32
		var offset int64
		if n, err := fmt.Sscanf(args[0]+"\n", "%d@%d\n", &partition, &offset); n != 2 || err != nil || partition < 0 || offset < 0 {
			return usageError{fmt.Errorf("%q is not PARTITION@OFFSET, such as 0@42", args[0])}
		}
		e, err := l.reader.ReadOne(ctx, l.pipeline.DeadLetterTopic, partition, offset)
		if err != nil {
			return err
		}
		if e == nil {
			return fmt.Errorf("topic %s has no record at partition %d offset %d", l.pipeline.DeadLetterTopic, partition, offset)
		}
		letter, ok := deadletter.Parse(e)
		if !ok {
			return fmt.Errorf("the record at partition %d offset %d of topic %s is no dead letter: no header says what failed", partition, offset, l.pipeline.DeadLetterTopic)
		}
		return a.printLetter(letter, output)
	})
}

func (a *app) deadletterExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "write dead letters as lines of JSON", Args: noArgs,
		Long: `Writes a line of JSON for each letter: the record as it was (value, key, headers,
topic, partition, offset, timestamp), and under error what failed. What is no UTF-8
stands as base64 under value_base64 and key_base64.`,
		Example: `  weir deadletter export > letters.ndjson
  weir deadletter export --class reject | jq .error.message`,
	}
	return a.lettersVerb(cmd, true, func(ctx context.Context, l *letters, s deadletter.Selection, _ []string) error {
		return l.each(ctx, &s, func(letter *deadletter.Letter) error {
			if err := writeJSON(a.out, newLetterJSON(letter)); err != nil {
				return err
			}
			return a.out.lost()
		})
	})
}
