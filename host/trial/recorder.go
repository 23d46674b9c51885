package trial

import (
	"slices"

	"go.uber.org/zap/zapcore"
)

// Line is a line of the log: of the module, or of the host about it.
type Line struct {
	Level   string // debug, info, warn or error
	Message string
}

// levels are the names of levels that a line can have.
var levels = []string{"debug", "info", "warn", "error"}

// recorder is a zap core that keeps lines of all levels. It is used from one
// goroutine, as is the session that writes to it.
type recorder struct{ lines []Line }

func (r *recorder) take() []Line {
	lines := r.lines
	r.lines = nil
	return lines
}

// Enabled implements zapcore.Core.
func (r *recorder) Enabled(zapcore.Level) bool { return true }

// With implements zapcore.Core. The names of the pipeline and of the processor
// are the trial's own and say nothing.
func (r *recorder) With([]zapcore.Field) zapcore.Core { return r }

// Check implements zapcore.Core.
func (r *recorder) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return checked.AddCore(e, r)
}

// Write implements zapcore.Core. Of the fields it keeps an error, which says
// why.
func (r *recorder) Write(e zapcore.Entry, fields []zapcore.Field) error {
	line := Line{Level: e.Level.String(), Message: e.Message}
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
			line.Message += ": " + err.Error()
		}
	}
	r.lines = append(r.lines, line)
	return nil
}

// Sync implements zapcore.Core.
func (r *recorder) Sync() error { return nil }

func sortFailures(failures []Failure) {
	slices.SortStableFunc(failures, func(a, b Failure) int { return a.Index - b.Index })
}
