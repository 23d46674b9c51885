package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/examples"
	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
)

type demoFlags struct {
	duration time.Duration
	rate     int
	listen   string
	cache    cacheFlag
}

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "see weir at work; needs nothing else",
		GroupID: groupTry,
		Long: `Starts a development broker in this process, sends it a stream of orders, and
runs the pipeline of examples/01-topic-selector on them: a WebAssembly module
sends heavy orders to one topic, light ones to another, and what it cannot weigh
goes to a dead-letter topic with the reason. At the end the topics are read
back, and every order must have arrived once, in the right one.`,
		Example: "  weir demo\n  weir demo --duration 1m --rate 20000",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.duration <= 0 || f.rate < 1 || f.rate > maxDemoRate {
				return usageError{fmt.Errorf("--duration must be above 0, --rate from 1 to %d", maxDemoRate)}
			}
			return a.demo(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&f.duration, "duration", 15*time.Second, "how long orders are sent")
	flags.IntVar(&f.rate, "rate", 2000, "orders a second")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "`HOST:PORT` of /metrics, /healthz and /readyz, or off; port 0 takes a free one")
	f.cache.add(flags)
	return cmd
}

const (
	maxDemoRate = 100_000
	// settleTimeout bounds the wait for the last orders to arrive.
	settleTimeout = 20 * time.Second
)

// demo is one run of the demo.
type demo struct {
	*app
	flags  demoFlags
	client *broker.Client
	host   *host.Host
	spec   *host.Spec
	log    *zap.Logger

	tally   tally
	started time.Time
	sampled bool // some events were shown
}

func (a *app) demo(ctx context.Context, f demoFlags) (err error) {
	d := &demo{app: a, flags: f}
	if d.log, err = a.logger(zap.ErrorLevel); err != nil {
		return err
	}
	ctx, stop, release := stopSignals(ctx, true, a.tell)
	defer release()
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if d.client, err = b.Client(); err != nil {
		return err
	}
	defer d.client.Close()
	if err := d.configure(ctx, b.Addr()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.host.Close(context.WithoutCancel(ctx))) }()

	d.introduce(b.Addr())
	if err := d.makeTopics(ctx); err != nil {
		return err
	}
	sent, err := d.play(ctx, stop)
	if err != nil {
		return err
	}
	return d.verify(ctx, sent)
}

// configure loads the example as a user would, with the broker's address in
// the variable that its file names.
func (d *demo) configure(ctx context.Context, addr string) error {
	text, err := examples.Config(examples.TopicSelector)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, defaultConfig)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: append(ownEnvironment(d.environ), "WEIR_BROKERS="+addr)})
	if err := faults.Err(); err != nil {
		return fmt.Errorf("the demo's own configuration: %w", err)
	}
	d.spec = spec
	d.host, err = host.New(ctx, spec, host.Options{Log: d.log, CacheDir: d.flags.cache.path()})
	return err
}

func (d *demo) makeTopics(ctx context.Context) error {
	report, err := startTopics(d.spec, d.log).create(ctx)
	if err != nil {
		return err
	}
	writeDiff(d.out, report)
	writeLine(d.out, "")
	return report.Err(kafka.TopicFailed, kafka.TopicDiffers)
}

// play sends orders, runs the pipeline and shows both, until the time is up or
// stop is closed and every order has arrived.
func (d *demo) play(ctx context.Context, stop <-chan struct{}) ([]order, error) {
	group, ctx := errgroup.WithContext(ctx)
	following, unfollow := context.WithCancel(ctx)
	defer unfollow()
	drain := make(chan struct{})
	d.started = time.Now()
	d.tally.arrived = make(chan struct{}, 1)

	group.Go(func() error {
		s := service{host: d.host, spec: d.spec, listen: d.flags.listen, log: d.log, listening: func(addr string) {
			writeLine(d.out, "metrics   http://%s/metrics\n", addr)
		}}
		return s.run(ctx, drain)
	})
	group.Go(func() error {
		return d.client.Follow(following, outputTopics, d.tally.add)
	})
	var sent []order
	group.Go(func() error {
		defer close(drain)
		defer unfollow()
		producing, cancel := until(ctx, stop)
		defer cancel()
		var err error
		if sent, err = d.produce(producing); err != nil {
			return err
		}
		err = d.settle(ctx, len(sent))
		d.showSamples() // of a show that was too short for a line
		return err
	})
	err := group.Wait()
	return sent, err
}

// produce sends orders at an even rate until the duration is over or ctx ends,
// and prints a line a second.
func (d *demo) produce(ctx context.Context) ([]order, error) {
	const ticks = 50 // a second
	ticker := time.NewTicker(time.Second / ticks)
	defer ticker.Stop()
	var sent []order
	var view progress
	for book := newOrderBook(); ; {
		select {
		case <-ctx.Done():
			return sent, nil
		case <-ticker.C:
		}
		passed := time.Since(d.started)
		for passed >= view.next() {
			d.showSecond(&view, len(sent))
		}
		if passed >= d.flags.duration {
			return sent, nil
		}
		due := int(passed.Seconds()*float64(d.flags.rate)) - len(sent)
		var records []broker.Record
		for range due {
			o := book.next()
			sent = append(sent, o)
			records = append(records, broker.Record{Topic: topicOrders, Key: []byte(o.key), Value: []byte(o.value)})
		}
		// Sending is not cut off by the end of the show: an order is sent or not.
		if err := d.client.Produce(context.WithoutCancel(ctx), records...); err != nil {
			return sent, err
		}
	}
}

// settle waits until as many orders have arrived as were sent.
func (d *demo) settle(ctx context.Context, sent int) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for {
		if d.tally.snapshot().total() >= sent {
			return nil
		}
		select {
		case <-d.tally.arrived:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil // verify says what is missing
			}
			return context.Cause(ctx)
		}
	}
}
