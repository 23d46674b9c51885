package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// History is what happened in a run, one line an action, with the time since
// its start.
type History struct {
	start time.Time
	echo  func(string) // sees each line at once; nil for nobody

	mu    sync.Mutex
	lines []string
}

func newHistory(echo func(string)) *History { return &History{start: time.Now(), echo: echo} }

func (h *History) add(format string, args ...any) {
	line := fmt.Sprintf("%9.3fs  %s", time.Since(h.start).Seconds(), fmt.Sprintf(format, args...))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
	if h.echo != nil {
		h.echo(line)
	}
}

func (h *History) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.lines, "\n")
}

// logger makes a log that goes into the history under a name.
func (h *History) logger(name string) *zap.Logger {
	return zap.New(historyCore{LevelEnabler: zapcore.InfoLevel, history: h}).Named(name)
}

// historyCore is a zap core over a history.
type historyCore struct {
	zapcore.LevelEnabler
	history *History
	fields  []zapcore.Field
}

// With implements zapcore.Core.
func (c historyCore) With(fields []zapcore.Field) zapcore.Core {
	c.fields = append(append([]zapcore.Field(nil), c.fields...), fields...)
	return c
}

// Check implements zapcore.Core.
func (c historyCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Write implements zapcore.Core.
func (c historyCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(c.fields, fields...) {
		f.AddTo(values)
	}
	text := ""
	if len(values.Fields) > 0 {
		text = fmt.Sprint(" ", values.Fields)
	}
	c.history.add("%s: %s%s", e.LoggerName, e.Message, text)
	return nil
}

// Sync implements zapcore.Core.
func (historyCore) Sync() error { return nil }
