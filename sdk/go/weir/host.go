package weir

import (
	"time"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Level says how important a log line is.
type Level uint32

// The levels of the log.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// Log writes a line to the host's log. The host limits their rate.
func Log(level Level, text string) { border.Log(uint32(level), text) }

// Count adds to a counter of the pipeline. The host bounds the number of names.
func Count(name string, by float64) { border.Metric(0, name, by) }

// Gauge sets a gauge of the pipeline.
func Gauge(name string, value float64) { border.Metric(1, name, value) }

// Observe adds an observation to a histogram of the pipeline.
func Observe(name string, value float64) { border.Metric(2, name, value) }

// Now is the time of the batch: the same for all its events, so that the same
// batch gives the same output whenever it runs.
func Now() time.Time { return time.Unix(0, border.Now()) }
