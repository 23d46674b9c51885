package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/kafka"
)

type replayFlags struct {
	config              configFlags
	cache               cacheFlag
	pipeline, name      string
	from, to, topic     string
	modules             []string
	report, dryRun, yes bool
	output              string
}

func (a *app) replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:     "replay",
		Short:   "run a pipeline again over what it has read, with the outputs elsewhere",
		GroupID: groupLook,
		Long: `Runs a pipeline as the configuration has it now over a past range of its topics:
to see what a change would do, or what a mended module makes of last week. It reads
in a group of its own; the pipeline itself may run meanwhile and does not notice.

All outputs go to --to-topic, dead letters too, with the topic that they were meant
for in the header weir.replay.topic. With --report they go nowhere and are only
counted, by topic, with the causes of what failed.

--from and --to are an offset, a time, earliest or latest; --to itself is not read.
A replay that was stopped goes on under its --name. It shows the plan and asks
first; off a terminal it needs --yes.`,
		Example: `  weir replay --from earliest --report --dry-run
  weir replay --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --report --yes
  weir replay -p orders --from earliest --to-topic orders.replay --name fix-12
  weir replay --from earliest --report --module router=./router.wasm -o json --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.replayRange(cmd.Context(), &f) },
	}
	flags := cmd.Flags()
	f.config.add(flags)
	flags.StringVarP(&f.pipeline, "pipeline", "p", "", "the `PIPELINE` to replay; not needed where there is only one")
	flags.StringVar(&f.from, "from", "", "the `PLACE` to begin at in each partition: an offset, a time as 2026-01-31T12:00:00Z, earliest or latest")
	flags.StringVar(&f.to, "to", "latest", "the `PLACE` to end at in each partition, without what is there")
	flags.StringVar(&f.topic, "to-topic", "", "the `TOPIC` for all outputs")
	flags.BoolVar(&f.report, "report", false, "write nothing: only count")
	flags.StringArrayVar(&f.modules, "module", nil, "another module for a processor: `PROCESSOR=REF`, a file or builtin:NAME")
	flags.StringVar(&f.name, "name", "", "the `NAME` of the replay, by which it goes on where it stopped (default: a new one, of the time)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only show the plan")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	f.cache.add(flags)
	addOutput(cmd, &f.output, outputTable)
	return cmd
}

// options reads what does not depend on the configuration.
func (f *replayFlags) options() (*host.Replay, host.Options, error) {
	fail := func(format string, args ...any) (*host.Replay, host.Options, error) {
		return nil, host.Options{}, usageError{fmt.Errorf(format, args...)}
	}
	from, err := kafka.ParseStart(f.from)
	if err != nil {
		return fail("--from: %w", err)
	}
	to, err := kafka.ParseStart(f.to)
	if err != nil {
		return fail("--to: %w", err)
	}
	switch {
	case f.from == "":
		return fail("say --from, where to begin: an offset, a time, earliest or latest")
	case f.report && f.topic != "":
		return fail("--report writes nothing: --to-topic does not go with it")
	case !f.report && f.topic == "":
		return fail("say --to-topic TOPIC, where the outputs go, or --report to count them only")
	}
	r := &host.Replay{Name: f.name, Topic: f.topic, Modules: map[string]string{}}
	if r.Name == "" {
		r.Name = time.Now().UTC().Format("20060102T150405.000Z")
	}
	for _, m := range f.modules {
		processor, ref, ok := strings.Cut(m, "=")
		if !ok || processor == "" || ref == "" {
			return fail("--module: %q is not PROCESSOR=REF", m)
		}
		r.Modules[processor] = ref
	}
	return r, host.Options{From: from, To: to, ExitAtEnd: true, CacheDir: f.cache.path()}, nil
}

func (a *app) replayRange(ctx context.Context, f *replayFlags) error {
	replay, opts, err := f.options()
	if err != nil {
		return err
	}
	opts.Log, err = a.logger(quiet)
	if err != nil {
		return err
	}
	spec, err := a.load(f.config)
	if err != nil {
		return err
	}
	p, err := onlyPipeline(spec, f.pipeline)
	if err != nil {
		return usageError{err}
	}
	again, err := spec.Replay(p, replay)
	if err != nil {
		return usageError{err}
	}
	ctx, drain, release := stopSignals(ctx, true, a.tell)
	defer release()
	h, err := host.New(ctx, again, opts)
	if err != nil {
		return err
	}
	job := replayJob{app: a, flags: f, replay: replay, host: h, pipeline: again.Pipelines[0], log: opts.Log}
	job.target = kafka.NewReader(spec.Connections[p.Sink.Connection].Options, opts.Log)
	return errors.Join(job.run(ctx, drain), h.Close(context.WithoutCancel(ctx)))
}

// onlyPipeline finds the pipeline of a name, or the only one.
func onlyPipeline(spec *host.Spec, name string) (*host.PipelineSpec, error) {
	if name != "" || len(spec.Pipelines) == 1 {
		if name == "" {
			return spec.Pipelines[0], nil
		}
		return spec.Find(name)
	}
	var names []string
	for _, p := range spec.Pipelines {
		names = append(names, p.Name)
	}
	return nil, fmt.Errorf("say --pipeline NAME: there are %s", strings.Join(names, ", "))
}

// replayJob is a replay whose parts have been made.
type replayJob struct {
	*app
	flags    *replayFlags
	replay   *host.Replay
	host     *host.Host
	pipeline *host.PipelineSpec
	target   *kafka.Reader // of the sink's connection
	log      *zap.Logger
}

func (j *replayJob) run(ctx context.Context, drain <-chan struct{}) error {
	looking, cancel := until(ctx, drain)
	defer cancel()
	plan, err := j.plan(looking)
	if err != nil {
		return err
	}
	if j.flags.dryRun || plan.Records == 0 {
		if err := plan.print(j.out, j.flags.output); err != nil {
			return err
		}
	}
	j.tell(plan.String())
	if j.flags.dryRun || plan.Records == 0 {
		return nil
	}
	show := func() error { return plan.print(j.err, outputTable) }
	if err := j.agree(looking, j.flags.yes, "nothing was replayed", show); err != nil {
		return err
	}
	read := func() int { return int(j.host.Samples()[0].Consumed) }
	err = j.runBounded(ctx, drain, j.host, "replaying", read, int(plan.Records))
	stopped := ctx.Err() != nil || closed(drain)
	if err == nil && stopped {
		err = errors.New("the replay was stopped before its end")
	}
	if err != nil {
		err = fmt.Errorf("%w; --name %s goes on where it is", err, j.replay.Name)
	}
	return errors.Join(j.printReplay(), err)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
