package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/admin"
	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/telemetry"
)

// closeTimeout bounds the wait for requests to the admin endpoints at the end.
const closeTimeout = 5 * time.Second

type runFlags struct {
	config     configFlags
	cache      cacheFlag
	exitAtEnd  bool
	exitOnStop bool
	listen     string
	from       string
	reset      bool
	watch      bool
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:     "run",
		Short:   "run the pipelines of a configuration",
		GroupID: groupRun,
		Long: `Runs every pipeline of a configuration until a signal. The first SIGINT or
SIGTERM drains: what is in flight is finished and committed. A second one cuts
it off; it is then read again at the next start, and nothing is lost. A third
ends the process on the spot.

A pipeline that a failure stops, as a bad event does under on_error: stop, leaves
the others alone, and the process stays: the log and /readyz say why. Once that is
mended, "weir pipelines clear-error" makes it go on where it stopped; SIGUSR1 does
so for all that are stopped. With --exit-on-stop the process ends with exit code 1
when no pipeline runs any more.

SIGHUP reads the configuration and its modules again and applies what changed, while
events flow. Processors change between two batches; a pipeline that is to read or
write in another way is drained and started anew; what did not change is not
touched. What is wrong, a setting or a module that does not pass its checks and the
test cases that it carries, changes nothing. --watch does so by itself when one of
the files changes. On a terminal, where SIGHUP says that it is gone, it drains.`,
		Example: `  weir run
  weir run --watch
  weir run -c weir.yaml --set pipelines.orders.source.group_id=test
  weir run -c weir.yaml --exit-at-end --listen off
  weir run -c weir.yaml --from 2026-01-31T12:00:00Z --reset`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	f.config.add(flags)
	flags.BoolVar(&f.exitAtEnd, "exit-at-end", false, "stop after what the topics hold at the start")
	flags.BoolVar(&f.exitOnStop, "exit-on-stop", false, "end when failures have stopped every pipeline, instead of waiting for clear-error or SIGUSR1")
	flags.StringVar(&f.listen, "listen", admin.DefaultListen, "`HOST:PORT` of /metrics, /healthz and /readyz, or off")
	flags.StringVar(&f.from, "from", "", "where groups without offsets begin, whatever the configuration says: earliest, latest, an offset, or a time as 2026-01-31T12:00:00Z")
	flags.BoolVar(&f.reset, "reset", false, "with --from: begin there even where a group has offsets. All its members must have stopped")
	flags.BoolVar(&f.watch, "watch", false, "reload when files of the configuration or of modules change")
	f.cache.add(flags)
	return cmd
}

func (a *app) run(ctx context.Context, f runFlags) error {
	if f.listen != off {
		if err := checkListen(f.listen); err != nil {
			return err
		}
	}
	log, err := a.logger(normal)
	if err != nil {
		return err
	}
	from, err := kafka.ParseStart(f.from)
	if err != nil {
		return usageError{fmt.Errorf("--from: %w", err)}
	}
	if f.reset && f.from == "" {
		return usageError{errors.New("--reset needs --from, to say where to go on")}
	}
	spec, err := a.load(f.config)
	if err != nil {
		return err
	}
	ctx, drain, release := stopSignals(ctx, a.in.interactive, func(message string) { log.Info(message) })
	defer release()
	h, err := host.New(ctx, spec, host.Options{
		Log: log, CacheDir: f.cache.path(), Cores: host.Spread(spec), ExitAtEnd: f.exitAtEnd, From: from, Stay: !f.exitAtEnd && !f.exitOnStop,
		Load:    func(context.Context) (*host.Spec, error) { return a.load(f.config) },
		Prepare: func(ctx context.Context, spec *host.Spec) error { return prepareTopics(ctx, spec, log) },
	})
	if err != nil {
		return err
	}
	s := service{host: h, spec: spec, listen: f.listen, log: log}
	s.admin = adminConfig(spec, f.listen)
	s.reloads.hangUp = !a.in.interactive
	if f.watch {
		s.reloads.files = func() []string { return append(h.ModuleFiles(), f.config.files...) }
	}
	if f.reset {
		s.reset = &from
	}
	return errors.Join(s.run(ctx, drain), h.Close(context.WithoutCancel(ctx)))
}

// service is a host with its topics prepared and its endpoints served.
type service struct {
	host   *host.Host
	spec   *host.Spec
	listen string
	admin  *api.Config // of the admin API; nil without
	log    *zap.Logger
	// reset is where all groups go on; nil where they have committed.
	reset   *kafka.Start
	reloads reloadTriggers
	// listening is told the address of the endpoints; nil if nobody cares.
	listening func(addr string)
	// prepared is told that the topics are there; nil if nobody cares.
	prepared func()
}

// run serves from before the topics are prepared until the pipelines ended.
func (s *service) run(ctx context.Context, drain <-chan struct{}) (err error) {
	if s.listen != off {
		server, err := s.serve()
		if err != nil {
			return err
		}
		defer func() {
			// ctx has ended when the run was cut; the requests get their time.
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			defer cancel()
			err = errors.Join(err, server.Close(closing))
		}()
	}
	if s.admin != nil {
		stop, failed := s.serveAPI(ctx)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	defer onSignals(ctx, clearSignals, s.clearErrors)()
	prepare, cancel := until(ctx, drain)
	err = prepareTopics(prepare, s.spec, s.log)
	if err == nil && s.reset != nil {
		err = s.host.Reset(prepare, *s.reset)
	}
	stopped := prepare.Err() != nil
	cancel()
	if stopped {
		return context.Cause(ctx) // nil when it was the first signal
	}
	if err != nil {
		return err
	}
	if s.prepared != nil {
		s.prepared()
	}
	stop := s.reloads.start(ctx, s.reload)
	defer stop()
	defer notifyRun(s.log, drain)()
	return s.host.Run(ctx, drain)
}

// reload takes the configuration and the modules anew. The host tells what comes
// of it.
func (s *service) reload(ctx context.Context, asked bool) {
	if asked {
		s.host.RefreshModules()
	}
	_, _ = s.host.Reload(ctx)
}

// clearErrors makes the pipelines go on that failures stopped.
func (s *service) clearErrors(ctx context.Context) {
	cleared, err := s.host.ClearErrors(ctx)
	switch {
	case err != nil:
		s.log.Warn("not every error was cleared", zap.Strings("cleared", cleared), zap.Error(err))
	case len(cleared) == 0:
		s.log.Info("no pipeline is stopped; there is no error to clear")
	}
}

func (s *service) serve() (*admin.Server, error) {
	metrics := telemetry.New(build(), s.host.Samples).Reloads(s.host.Reloads)
	metrics.Tenants(s.host.TenantSamples)
	server, err := admin.Listen(admin.Config{
		Listen:    s.listen,
		Metrics:   metrics.Handler(),
		Pipelines: s.host.Health,
		Log:       s.log,
	})
	if err != nil {
		return nil, err
	}
	s.log.Info("metrics and probes are served", zap.String("url", "http://"+server.Addr()))
	if s.listening != nil {
		s.listening(server.Addr())
	}
	go func() {
		if err := server.Serve(); err != nil {
			s.log.Error("metrics and probes are gone; the pipelines go on", zap.Error(err))
		}
	}()
	return server, nil
}
