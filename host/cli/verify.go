package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/verify/campaign"
	"github.com/weirhq/weir/plugins"
)

type verifyFlags struct {
	brokers  []string
	delivery string
	seed     uint64
	events   int64
	kills    int
	duration time.Duration
	quick    bool
	full     bool
	logs     string
	soak     time.Duration
	patience time.Duration

	config, connection string
	options            []string
	output             string
}

// The two deliveries, as configurations write them.
const (
	atLeastOnce = "at_least_once"
	exactlyOnce = "exactly_once"
)

const (
	quickEvents = 300_000
	quickKills  = 30
	// quickTime is when a quick run feeds and kills no more: the rest of its 90 s
	// is for what has to settle, and for reading all back.
	quickTime = 60 * time.Second
	// A full run takes ten minutes at most.
	fullEvents = 2_000_000
	fullKills  = 200
	fullTime   = 8 * time.Minute
	// verifyPatience is how long nothing may move while there is input.
	verifyPatience = 30 * time.Second
	// verifyBrokers is how many development brokers there are, so that leaders can
	// move.
	verifyBrokers = 3
	// minShare is how much input there must be for each fault.
	minShare = 100
)

func (a *app) verifyCommand() *cobra.Command {
	f := verifyFlags{delivery: atLeastOnce}
	cmd := &cobra.Command{
		Use:     "verify",
		Short:   "kill a pipeline under load, and prove that it kept its promises",
		GroupID: groupTry,
		Long: `Runs a pipeline of its own in a process of its own, feeds it with numbered
events of all kinds, and does to it what happens: kills at random moments and at
chosen ones, stops, pauses, connections that are lost, hang or are slow, members
that come and go, leaders that move, partitions that are added, a topic that is made
anew, modules that are replaced. At the end every topic is read back, and every
event must have arrived: in the right topic, unchanged, in order, and no more often
than the delivery allows.

The brokers are development brokers in this process, or those of --brokers or of a
connection of --config. There it makes four topics and a group whose names begin with
weir-verify-, and removes them; after an anomaly the topics stay. docs/verify.md says
what each fault is and what each anomaly means. The exit code is 1 when there is any.`,
		Example: `  weir verify
  weir verify --delivery exactly_once
  weir verify --full --brokers localhost:9092
  weir verify --config weir.yaml --connection main
  weir verify --brokers kafka:9093 -X security.protocol=SASL_SSL -X sasl.username=me -X 'sasl.password=${file:/run/secrets/kafka}'
  weir verify --seed 7 -o json > report.json
  weir verify --soak 8h`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags().Changed("seed")); err != nil {
				return err
			}
			return a.verify(cmd.Context(), f, !cmd.Flags().Changed("delivery"))
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.brokers, "brokers", nil, "`HOST:PORT` of brokers, with commas between (default: development brokers in this process)")
	flags.StringArrayVarP(&f.options, "option", "X", nil, "an `OPTION=VALUE` of the connection to them, such as security.protocol=SASL_SSL")
	flags.StringVarP(&f.config, "config", "c", "", "take the connection from a configuration `FILE`, and its brokers where --brokers are left out")
	flags.StringVar(&f.connection, "connection", "", "the `NAME` of the connection in it; not needed where there is one only")
	flags.Var(choice{value: &f.delivery, of: []string{atLeastOnce, exactlyOnce}}, "delivery", "`DELIVERY` of the pipeline: at_least_once or exactly_once")
	flags.Uint64Var(&f.seed, "seed", 0, "the events and the plan of faults are the same for a `NUMBER` (default: by chance)")
	flags.Int64Var(&f.events, "events", quickEvents, "how many events are sent")
	flags.IntVar(&f.kills, "kills", quickKills, "how often the process is killed; the other faults come along at their rates")
	flags.DurationVar(&f.duration, "duration", quickTime, "when feeding and faults end, even if not all of them were done")
	flags.BoolVar(&f.quick, "quick", false, "the default events, kills and duration, whatever else is said: at most 90 s")
	flags.BoolVar(&f.full, "full", false, fmt.Sprintf("%d events and %d kills, whatever else is said: at most ten minutes", fullEvents, fullKills))
	flags.DurationVar(&f.soak, "soak", 0, "run again and again for so long, each time with the next seed; the deliveries take turns unless one is named")
	flags.DurationVar(&f.patience, "patience", verifyPatience, "how long nothing may come out while there is input; more where brokers are lost")
	flags.StringVar(&f.logs, "logs", "", "`DIR` that keeps the log of every process")
	addOutput(cmd, &f.output, outputText)
	return cmd
}

func (f *verifyFlags) check(seeded bool) error {
	switch {
	case f.quick && f.full:
		return usageError{errors.New("--quick and --full are two things: take one")}
	case f.quick:
		f.events, f.kills, f.duration = quickEvents, quickKills, quickTime
	case f.full:
		f.events, f.kills, f.duration = fullEvents, fullKills, fullTime
	}
	faults := int64(f.kills) * 3 / 2
	switch {
	case f.kills < 0 || f.kills > 10_000:
		return usageError{errors.New("--kills must be from 0 to 10000")}
	case f.events < (faults+1)*minShare || f.events > 100_000_000:
		return usageError{fmt.Errorf("--events must be from %d, so that every fault meets some, to 100000000", (faults+1)*minShare)}
	case f.soak < 0:
		return usageError{errors.New("--soak must not be below 0")}
	case f.patience < time.Second:
		return usageError{errors.New("--patience must be a second or more")}
	case f.duration <= 0:
		return usageError{errors.New("--duration must be above 0")}
	case len(f.brokers) == 0 && f.config == "" && len(f.options) > 0:
		return usageError{errors.New("-X needs --brokers or --config: the development brokers take plain text")}
	case f.connection != "" && f.config == "":
		return usageError{errors.New("--connection needs --config, the file that it is in")}
	case slices.Contains(f.brokers, ""):
		return usageError{errors.New("--brokers has an empty address")}
	}
	if !seeded && f.seed == 0 {
		f.seed = uint64(rand.Uint32())
	}
	return nil
}

// verify does a campaign, or many, and tells what was found.
func (a *app) verify(ctx context.Context, f verifyFlags, alternate bool) error {
	ctx, drain, release := stopSignals(ctx, true, func(string) { a.tell("stopping: the processes are ended, and what was made is removed") })
	defer release()
	ctx, cancel := until(ctx, drain)
	defer cancel()
	if f.soak > 0 {
		return a.soak(ctx, f, alternate)
	}
	result, err := a.campaign(ctx, f)
	if ctx.Err() != nil {
		return errors.New("stopped before there was a verdict")
	}
	if err != nil {
		return err
	}
	return a.showVerdict(result, f)
}

// campaign does one campaign, on brokers of its own unless some are given.
func (a *app) campaign(ctx context.Context, f verifyFlags) (result *campaign.Result, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var c *connection
	given, where := len(f.brokers) > 0 || f.config != "", "development brokers in this process"
	if given {
		if c, err = a.connection(&f); err != nil {
			return nil, err
		}
		where = strings.Join(c.brokers, ",")
	} else {
		b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Brokers: verifyBrokers})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, b.Close()) }()
		c = &connection{brokers: []string{b.Addr()}, dial: func() (*broker.Client, error) { return broker.Dial([]string{b.Addr()}) }}
	}
	writeLine(a.err, "weir verify: %s on %s, seed %d, %d events, %s", f.delivery, where, f.seed, f.events, plural(f.kills, "kill"))
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	progress := newProgressLine(a.err, ticker.C, a.tell)
	module, _ := plugins.Lookup("topic-selector")
	result, err = campaign.Run(ctx, campaign.Options{
		Brokers: c.brokers, Dial: c.dial, Shared: c.shared, Connection: c.own, Direct: c.hidden,
		Program: program, Name: os.Args[0], Environ: ownEnvironment(a.environ), Module: module,
		ExactlyOnce: f.delivery == exactlyOnce, Seed: f.seed, Events: f.events, Kills: f.kills, Duration: f.duration, Patience: f.patience,
		Keep: given, Logs: f.logs, Tell: progress.at,
	})
	progress.end()
	var dial *net.OpError
	if errors.Is(err, campaign.ErrBrokers) && (errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dial)) {
		err = fmt.Errorf("%w at %s: %w", kafka.ErrUnreachable, where, err)
	}
	return result, err
}

// ownEnvironment leaves the user's settings of weir out: they are for other
// configurations.
func ownEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool { return strings.HasPrefix(e, config.Prefix) })
}
