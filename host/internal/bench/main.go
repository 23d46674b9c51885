// Command bench compares weir's pipelines with the bare franz-go copy loop
// over the same broker and prints the ratios.
//
// The broker, the bare loop and each pipeline run in processes of their own,
// children of this one. Rounds are interleaved, so that a machine that slows
// down slows all alike, and each ratio is the median over the rounds of two
// neighbours' quotient. Every run copies the same input topic of four
// partitions to fresh topics under a fresh group.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var p plan
	child := flag.String("child", "", "for the command's own use: what this child process is, with its job on standard input")
	flag.IntVar(&p.rounds, "rounds", 5, "measured rounds of each contender")
	flag.Int64Var(&p.events, "events", 2_000_000, "events of 200 bytes in a run; 1 KiB runs take a third")
	flag.StringVar(&p.only, "only", "", "run only the contenders whose name contains this, and the bare loop")
	flag.StringVar(&p.profiles, "profile", "", "`directory` for a CPU and an allocation profile of each contender's last run")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if *child != "" {
		return runChild(ctx, *child)
	}
	return p.run(ctx, os.Stdout)
}
