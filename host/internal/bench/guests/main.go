// Command guests measures what a processor costs an event: the same work by
// guests of each SDK, border included, and natively in Go, without a sandbox.
//
// Contenders take turns, so that a machine that slows down slows all alike, and
// the least time of the rounds counts. The last lines hold the figures against
// their bars; the exit code is 0 whatever they say.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"github.com/weirhq/weir/host/plugin"
)

// work is what is done to an event.
type work string

// The work.
const (
	// pass does nothing.
	pass work = "pass"
	// upper looks for a field by its name and puts its text into upper case.
	upper work = "upper"
	// pick finds a field by a walk of the whole JSON value, which is checked on
	// the way, and makes its text the key.
	pick work = "pick"
)

// row is a row of the table.
type row struct {
	work        work
	batch, size int
}

func (r row) String() string { return fmt.Sprintf("%s, %d B, batches of %d", r.work, r.size, r.batch) }

var rows = []row{
	{pass, 64, 200}, {pass, 64, 1024}, {pass, 1, 200},
	{upper, 64, 200}, {upper, 64, 1024},
	{pick, 64, 200}, {pick, 64, 1024},
}

func main() {
	rounds := flag.Int("rounds", 10, "measured rounds of each contender")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "guests:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	loader, err := plugin.NewLoader(ctx, plugin.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loader.Close(context.WithoutCancel(ctx))) }()
	modules, err := guests(ctx, loader, dir)
	if err != nil {
		return err
	}
	contenders := append(natives[:len(natives):len(natives)], modules...)
	fmt.Fprintf(out, "%s %s/%s, %d CPUs; ns an event, the least of %d rounds\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), rounds)
	head(out, contenders)
	results := make(map[row]map[string]result)
	for _, r := range rows {
		if results[r], err = measure(ctx, contenders, r, rounds); err != nil {
			return err
		}
		line(out, r, contenders, results[r], func(r result) float64 { return r.ns })
	}
	fmt.Fprint(out, "\nfuel an event\n\n")
	head(out, modules)
	for _, r := range rows {
		line(out, r, modules, results[r], func(r result) float64 { return r.fuel })
	}
	fmt.Fprintln(out)
	holdAgainstBars(out, results)
	return nil
}

// measure measures all contenders at one row, in turns.
func measure(ctx context.Context, contenders []contender, r row, rounds int) (map[string]result, error) {
	runners := make(map[string]*runner)
	for _, c := range contenders {
		j, err := c.job(ctx, r.work)
		if err == nil && j.run != nil {
			runners[c.name], err = newRunner(j, r)
		}
		if err != nil {
			return nil, fmt.Errorf("%s, %v: %w", c.name, r, err)
		}
	}
	for range rounds {
		for _, c := range contenders {
			if runner := runners[c.name]; runner != nil {
				if _, err := runner.round(); err != nil {
					return nil, fmt.Errorf("%s, %v: %w", c.name, r, err)
				}
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	results := make(map[string]result)
	for name, runner := range runners {
		results[name] = runner.result
	}
	return results, nil
}

// head and line print a table in Markdown.
func head(out io.Writer, contenders []contender) {
	names := make([]string, len(contenders))
	for i, c := range contenders {
		names[i] = c.name
	}
	fmt.Fprintf(out, "| work | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
}

func line(out io.Writer, r row, contenders []contender, results map[string]result, figure func(result) float64) {
	fmt.Fprintf(out, "| %v |", r)
	for _, c := range contenders {
		if result, ok := results[c.name]; ok {
			fmt.Fprintf(out, " %.0f |", figure(result))
		} else {
			fmt.Fprint(out, " |")
		}
	}
	fmt.Fprintln(out)
}
