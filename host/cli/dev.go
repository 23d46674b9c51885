package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/config"
)

type devFlags struct {
	config  configFlags
	cache   cacheFlag
	broker  broker.Options
	listen  string
	samples []string
	every   time.Duration
}

func (a *app) devCommand() *cobra.Command {
	var f devFlags
	cmd := &cobra.Command{
		Use:     "dev",
		Short:   "run a configuration while you work on it",
		GroupID: groupTry,
		Long: `Runs a configuration on a development broker in this process, whatever brokers
it names, makes its topics, sends samples, and shows what comes out. Modules that
change take the place of the old ones while events flow. Where a module stands in
its project, with plugin.yaml, the project is watched too, and built anew.

Samples are lines KEY|VALUE, or VALUE, of in/TOPIC.txt beside the configuration, or
of the files that --sample names. They are sent one after the other, and over again.
Any Kafka client can send more, and read.`,
		Example: `  weir dev
  weir dev -c selector/weir.yaml --every 200ms
  weir dev --sample orders=orders.txt --data-dir ./kafka-data`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.every < 0 {
				return usageError{errors.New("--every must not be negative; 0 sends each sample once")}
			}
			if err := checkListen(f.broker.Listen); err != nil {
				return err
			}
			return a.dev(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	f.config.add(flags)
	flags.StringVar(&f.broker.Listen, "broker", broker.DefaultListen, "`HOST:PORT` of the broker; port 0 takes a free one")
	flags.StringVar(&f.broker.DataDir, "data-dir", "", "`DIR` that keeps topics, records and offsets (default: removed at the end)")
	flags.StringVar(&f.listen, "listen", admin.DefaultListen, "`HOST:PORT` of /metrics, /healthz and /readyz, or off")
	flags.StringArrayVar(&f.samples, "sample", nil, "send the lines of a file to a topic, `TOPIC=FILE`; may be repeated")
	flags.DurationVar(&f.every, "every", time.Second, "time between samples; 0 sends each once, at the start")
	f.cache.add(flags)
	return cmd
}

func (a *app) dev(ctx context.Context, f devFlags) (err error) {
	log, err := a.logger(quiet)
	if err != nil {
		return err
	}
	if err := a.makeFirst(ctx, f); err != nil {
		return err
	}
	known, err := a.load(f.config)
	if err != nil {
		return err
	}
	samples, err := findSamples(f.samples, f.config.files)
	if err != nil {
		return err
	}
	ctx, drain, release := stopSignals(ctx, true, a.tell)
	defer release()
	b, err := broker.Start(f.broker)
	if errors.Is(err, broker.ErrPortTaken) {
		return fmt.Errorf("the broker's port %s is taken; choose another with --broker HOST:PORT (port 0 takes a free one)", f.broker.Listen)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	client, err := b.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	spec, err := a.onBroker(f.config, known, b.Addr())
	if err != nil {
		return err
	}
	spec.Topics.OnStart = host.CreateTopics
	w := &workshop{app: a, flags: f, spec: spec, client: client, samples: samples}
	h, err := host.New(ctx, spec, host.Options{Log: log, CacheDir: f.cache.path(), Stay: true})
	if err != nil {
		return err
	}
	w.introduce(b.Addr())
	return errors.Join(w.run(ctx, drain, h, log), h.Close(context.WithoutCancel(ctx)))
}

// onBroker is the configuration with every connection on the development broker,
// which asks for no login and speaks no TLS. Warnings were told before; those that
// come of this are nobody's.
func (a *app) onBroker(f configFlags, known *host.Spec, addr string) (*host.Spec, error) {
	set := slices.Clone(f.set)
	for _, name := range slices.Sorted(maps.Keys(known.Connections)) {
		set = append(set, "connections."+name+".bootstrap_servers="+addr, "connections."+name+".security_protocol=PLAINTEXT")
	}
	spec, faults := host.LoadSpec(config.Load{Files: f.files, Set: set, Environ: a.environ})
	return spec, faults.Err()
}

// workshop is a run of dev.
type workshop struct {
	*app
	flags   devFlags
	spec    *host.Spec
	client  *broker.Client
	samples []samples
}

func (w *workshop) introduce(addr string) {
	where := "its data is removed at the end"
	if dir := w.flags.broker.DataDir; dir != "" {
		where = "its data stays in " + dir
	}
	writeLine(w.err, "%s  for development only; Ctrl-C ends it\n", w.err.bold("weir dev"))
	writeLine(w.err, "broker    %s, %s", addr, where)
	for _, s := range w.samples {
		writeLine(w.err, "samples   %s of %s", plural(len(s.records), "line"), s.file)
	}
	if len(w.samples) == 0 {
		writeLine(w.err, "samples   none: write in/TOPIC.txt beside the configuration, or send some by any Kafka client")
	}
}

// run goes on until drain is closed, or until a part of it fails. What came out
// last is shown, too.
func (w *workshop) run(ctx context.Context, drain <-chan struct{}, h *host.Host, log *zap.Logger) error {
	group, running := errgroup.WithContext(ctx)
	around, end := context.WithCancel(running) // what goes on beside the pipelines
	defer end()
	s := service{host: h, spec: w.spec, listen: w.flags.listen, log: log, listening: func(addr string) {
		writeLine(w.err, "metrics   http://%s/metrics", addr)
	}}
	s.reloads.files = h.ModuleFiles
	shown := &view{out: w.out, topics: w.outputs()}
	s.prepared = func() {
		if len(shown.topics) > 0 {
			group.Go(func() error {
				var err error
				if shown.next, err = w.client.Ends(around, shown.topics); err != nil {
					return unlessOver(around, err)
				}
				group.Go(func() error { return w.send(around) })
				return w.client.Follow(around, shown.topics, shown.show)
			})
			return
		}
		group.Go(func() error { return w.send(around) })
	}
	group.Go(func() error { return w.rebuild(around, w.projects()) })
	group.Go(func() error {
		defer end()
		return s.run(running, drain)
	})
	err := group.Wait()
	if shown.next != nil && ctx.Err() == nil {
		err = errors.Join(err, w.client.Read(ctx, shown.topics, shown.show))
	}
	return err
}
