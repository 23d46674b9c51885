package pipeline

import "time"

// clock counts from a moment on. Somebody who sets the machine's clock does not
// move it.
type clock struct{ began time.Time }

func newClock() clock { return clock{time.Now()} }

// ticks is a moment by this clock, in ns and never 0.
func (c clock) ticks(t time.Time) int64 { return int64(t.Sub(c.began)) + 1 }
