package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// report prints the table of medians, then a line per figure for programs to
// read: allocations, memory, CPU ratios, and last the throughput ratios.
func report(out io.Writer, all []*series) error {
	fmt.Fprintf(out, "\n%s %s/%s, %d CPUs, %d partitions; medians\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), partitions)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tevents/s\tus CPU/event\tallocs/event\tbytes/event\tpeak RSS MiB\t")
	for _, s := range all {
		for _, c := range append([]contender{bare}, s.pipelines...) {
			if rs := s.results[c.name]; rs != nil {
				fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.3f\t%.0f\t%.0f\t\n", c.name+s.suffix,
					median(rs, result.rate), median(rs, result.cpuPerEvent)*1e6,
					median(rs, result.allocsPerEvent), median(rs, result.bytesPerEvent), peakMiB(rs))
			}
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, figure := range []struct {
		name string
		of   func(base, own []result) float64
	}{
		{"allocs", func(_, own []result) float64 { return median(own, result.allocsPerEvent) }},
		{"rss-mib", func(_, own []result) float64 { return peakMiB(own) }},
		{"cpu-ratio", func(base, own []result) float64 { return medianRatio(base, own, cpuRatio) }},
		{"ratio", func(base, own []result) float64 { return medianRatio(base, own, rateRatio) }},
	} {
		for _, s := range all {
			for _, c := range s.pipelines {
				if own := s.results[c.name]; own != nil {
					fmt.Fprintf(out, "%s %s %.2f\n", figure.name, c.name+s.suffix, figure.of(s.results[c.base()], own))
				}
			}
		}
	}
	return nil
}

// rateRatio is how fast own is, as a share of base.
func rateRatio(base, own result) float64 { return own.rate() / base.rate() }

// cpuRatio is how little CPU an event costs own: 1 is as little as base, 0.5
// is twice as much.
func cpuRatio(base, own result) float64 { return base.cpuPerEvent() / own.cpuPerEvent() }

// medianRatio is the median over the rounds of the ratio within a round.
func medianRatio(base, own []result, ratio func(base, own result) float64) float64 {
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = ratio(base[i], own[i])
	}
	return middle(ratios)
}

func median(rs []result, of func(result) float64) float64 {
	values := make([]float64, len(rs))
	for i, r := range rs {
		values[i] = of(r)
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func peakMiB(rs []result) float64 {
	var peak int64
	for _, r := range rs {
		peak = max(peak, r.PeakRSS)
	}
	return float64(peak) / (1 << 20)
}
