package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/kafka"
)

func (a *app) brokerCommand() *cobra.Command {
	var opts broker.Options
	var topics []string
	cmd := &cobra.Command{
		Use:     "broker",
		Short:   "run a development broker",
		GroupID: groupTry,
		Long: `Runs a Kafka broker for development, in this process, until a signal. One node,
no replication, not for production. Topics are made only on request: here, by
"weir topics apply", or by any Kafka client. Its address goes to the standard
output.

It does not notice members of a group that are killed while they join; such a
group waits until the broker is started again. Data in --data-dir stays.`,
		Example: `  weir broker --topic orders:4 --topic heavy:1
  weir broker --listen 127.0.0.1:0 --data-dir ./kafka-data`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if err = checkListen(opts.Listen); err != nil {
				return err
			}
			if opts.Topics, err = parseTopics(topics); err != nil {
				return err
			}
			return a.runBroker(cmd.Context(), opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.Listen, "listen", broker.DefaultListen, "`HOST:PORT` for clients; port 0 takes a free one")
	flags.StringVar(&opts.DataDir, "data-dir", "", "`DIR` that keeps topics, records and offsets (default: removed at the end)")
	flags.StringArrayVar(&topics, "topic", nil, "make a topic, `NAME:PARTITIONS`; may be repeated")
	return cmd
}

func (a *app) runBroker(ctx context.Context, opts broker.Options) error {
	ctx, drain, release := stopSignals(ctx, true, a.tell)
	defer release()
	b, err := broker.Start(opts)
	if err != nil {
		return err
	}
	writeLine(a.out, "%s", b.Addr())
	where := "data in " + opts.DataDir
	if opts.DataDir == "" {
		where = "data is removed at the end"
	}
	writeLine(a.err, "development broker on %s, %s, %s; end it with Ctrl-C", b.Addr(), plural(len(opts.Topics), "topic"), where)
	select {
	case <-drain:
	case <-ctx.Done():
	}
	return b.Close()
}

// parseTopics reads NAME:PARTITIONS, with 1 partition as the default.
func parseTopics(args []string) ([]broker.Topic, error) {
	var topics []broker.Topic
	for _, arg := range args {
		name, count, given := strings.Cut(arg, ":")
		t := broker.Topic{Name: name, Partitions: 1}
		if err := kafka.CheckTopicName(name); err != nil {
			return nil, usageError{fmt.Errorf("--topic %s: %w", arg, err)}
		}
		if given {
			n, err := strconv.ParseInt(count, 10, 32)
			if err != nil || n < 1 {
				return nil, usageError{fmt.Errorf("--topic %s: %q is not a number of partitions; write NAME:PARTITIONS", arg, count)}
			}
			t.Partitions = int32(n)
		}
		topics = append(topics, t)
	}
	return topics, nil
}
