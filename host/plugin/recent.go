package plugin

import (
	"strings"

	"github.com/weirhq/weir/host/abi"
)

// The last lines that a guest logged before it failed: how many, and the most
// bytes of each.
const (
	recentLines = 5
	recentBytes = 200
)

// recent keeps the last lines of the attempt at hand, whatever the level of the
// log, for a report. Its memory is used again.
type recent struct {
	lines [recentLines]struct {
		level abi.Level
		text  []byte
	}
	count int // of all lines
}

func (r *recent) reset() { r.count = 0 }

func (r *recent) add(level abi.Level, line []byte) {
	at := &r.lines[r.count%recentLines]
	at.level = level
	at.text = append(at.text[:0], line[:min(len(line), recentBytes)]...)
	r.count++
}

// String is the lines for the end of a report; nothing when there are none.
func (r *recent) String() string {
	if r.count == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n    logged before:")
	for i := max(0, r.count-recentLines); i < r.count; i++ {
		line := &r.lines[i%recentLines]
		b.WriteString("\n        " + zapLevel(line.level).String() + " " + strings.ToValidUTF8(string(line.text), "\uFFFD"))
	}
	return b.String()
}
