// Command tenants measures what tenants of one process cost each other.
//
// Without -density, one tenant is fed at a fixed rate while another misbehaves in
// every way at once: it loops, takes memory, floods the log, writes where it may not,
// and has its modules replaced all the time. The ratios are those of the first one's
// events a second and 99th percentile of latency to what they are when the other has
// nothing to do. With -density, as many tenants with a pipeline each are started, and
// the time and memory that takes are told.
//
// The broker, the feeder and the reader are in this process; the host is a child, so
// that its memory and CPU are its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tenants:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	child := flag.Bool("child", false, "for the command's own use: run the host of the job on standard input")
	density := flag.Int("density", 0, "start this many tenants and tell what they take")
	rounds := flag.Int("rounds", 3, "measured rounds of each kind")
	rate := flag.Int("rate", 2000, "events a second of the well-behaved tenant")
	lasting := flag.Duration("for", 10*time.Second, "how long a round lasts")
	flag.StringVar(&only, "only", "", "the one way to misbehave: loop, bomb, flood, stray or replaced; empty is all of them")
	profile := flag.String("profile", "", "`file` for a heap profile of the host, with -density")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case *child:
		return serve(ctx)
	case *density > 0:
		return dense(ctx, *density, *profile)
	}
	return fair(ctx, *rounds, *rate, *lasting)
}
