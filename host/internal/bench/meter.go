package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"
)

// result is what a contender measured about itself between its first
// acknowledged event and its last.
type result struct {
	Events  int64
	Seconds float64
	CPU     float64 // seconds of user and system time
	Allocs  uint64  // heap objects
	Bytes   uint64  // of them
	PeakRSS int64   // bytes, of the process's whole life
}

func (r result) rate() float64        { return float64(r.Events) / r.Seconds }
func (r result) cpuPerEvent() float64 { return r.CPU / float64(r.Events) }
func (r result) allocsPerEvent() float64 {
	return float64(r.Allocs) / float64(r.Events)
}
func (r result) bytesPerEvent() float64 { return float64(r.Bytes) / float64(r.Events) }

// tick is how often the meter looks at the count: often enough for runs of
// seconds, and seldom, since looking at a host allocates.
const tick = 10 * time.Millisecond

// stallLimit is how long the count may stand still before a run has failed.
const stallLimit = 30 * time.Second

// measure watches a count of acknowledged events until it reaches j.Events.
func measure(ctx context.Context, j job, acknowledged func() int64) (result, error) {
	first, err := waitFor(ctx, 1, acknowledged)
	if err != nil {
		return result{}, err
	}
	stopProfile, err := startProfile(j.Profile)
	if err != nil {
		return result{}, err
	}
	before := sample()
	if _, err := waitFor(ctx, j.Events, acknowledged); err != nil {
		return result{}, errors.Join(err, stopProfile())
	}
	after := sample()
	peak, err := peakRSS()
	return result{
		Events:  j.Events - first,
		Seconds: after.at.Sub(before.at).Seconds(),
		CPU:     (after.cpu - before.cpu).Seconds(),
		Allocs:  after.allocs - before.allocs,
		Bytes:   after.bytes - before.bytes,
		PeakRSS: peak,
	}, errors.Join(err, stopProfile())
}

// waitFor returns the count once it is at least want.
func waitFor(ctx context.Context, want int64, count func() int64) (int64, error) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last, moved := int64(-1), time.Now()
	for {
		n := count()
		if n >= want {
			return n, nil
		}
		if n != last {
			last, moved = n, time.Now()
		}
		if time.Since(moved) > stallLimit {
			return n, fmt.Errorf("stalled at %d of %d events for %v", n, want, stallLimit)
		}
		select {
		case <-ctx.Done():
			return n, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// usage is what the process has used up to a moment.
type usage struct {
	at            time.Time
	cpu           time.Duration
	allocs, bytes uint64
}

func sample() usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"},
		{Name: "/gc/heap/allocs:bytes"},
	}
	metrics.Read(samples)
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic(err) // it fails only for arguments that are not valid
	}
	return usage{
		at:     time.Now(),
		cpu:    time.Duration(ru.Utime.Nano() + ru.Stime.Nano()),
		allocs: samples[0].Value.Uint64() + samples[1].Value.Uint64(),
		bytes:  samples[2].Value.Uint64(),
	}
}

// peakRSS reads the process's high-water mark from /proc. The one of getrusage
// does not do: it begins with the parent's.
func peakRSS() (int64, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			var kib int64
			if _, err := fmt.Sscanf(text, "%d kB", &kib); err != nil {
				return 0, fmt.Errorf("peak memory %q: %w", text, err)
			}
			return kib << 10, nil
		}
	}
	return 0, errors.Join(errors.New("/proc/self/status has no VmHWM"), lines.Err())
}

// startProfile begins the CPU profile; the function it returns writes it and
// the allocation profile. An empty path does nothing.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		allocs, err := os.Create(path + ".allocs.pprof")
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		runtime.GC() // the profile lags behind by a collection
		err = pprof.Lookup("allocs").WriteTo(allocs, 0)
		return errors.Join(err, allocs.Close(), cpu.Close())
	}, nil
}
