package wasm_test

import (
	"errors"
	"math"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/host/wasm"
)

// BenchmarkRunaway measures how long guests that would run on compute between two
// questions to the host, at which they can be stopped: so long does a garbage
// collection wait for them, and so late do they end. It is time of the CPU, which
// other load does not change.
func BenchmarkRunaway(b *testing.B) {
	const fuel, slice = 300_000_000, 1_000_000
	for name, guest := range runaways() {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			longest := time.Duration(0)
			for b.Loop() {
				in := limited(b, guest, wasm.Limits{FuelPerEvent: fuel, Timeout: math.MaxInt64})
				before := threadTime(b)
				_, _, err := in.Process(b.Context(), wasm.Batch{}, 0, 1)
				longest = max(longest, (threadTime(b)-before)/(fuel/slice))
				var exhausted *wasm.Exhausted
				if !errors.As(err, &exhausted) {
					b.Fatalf("ends with %v", err)
				}
			}
			b.ReportMetric(float64(longest.Microseconds())/1000, "ms-between-stops")
		})
	}
}

// threadTime is the time of the CPU that this thread took.
func threadTime(b *testing.B) time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
