package plugin

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/weirhq/weir/host/abi"
)

// guest is what the instances of one processor report to.
type guest struct {
	log     guestLog
	recent  recent
	metrics *Metrics
	refused bool    // a measurement was refused, and that was logged
	account Account // nil for none

	maxMetrics uint32 // the most names of measurements

	now       func() time.Time
	batchTime int64 // 0 until the batch at hand, or a half of it, asks
}

func (g *guest) Log(level abi.Level, line []byte) {
	g.recent.add(level, line)
	g.log.write(level, line, time.Now())
}

func (g *guest) Metric(kind abi.MetricKind, name []byte, value float64) {
	if err := g.metrics.record(kind, name, value, g.maxMetrics); err != nil && !g.refused {
		g.refused = true
		g.log.log.Warn("a measurement of the module is refused, and so are others like it", zap.Error(err))
	}
}

// Now reads the clock when a batch first asks, for most never do.
func (g *guest) Now() int64 {
	if g.batchTime == 0 {
		g.batchTime = g.now().UnixNano()
	}
	return g.batchTime
}

// Yield hands the processor's slot over where somebody else is to have it.
func (g *guest) Yield(ctx context.Context) time.Duration {
	if g.account == nil {
		return 0
	}
	return g.account.Yield(ctx)
}

// burst is how many seconds' worth of lines may be logged at once.
const burst = 4

// guestLog writes log lines within a rate. What it suppresses it counts, and
// says so before the next line that passes, and at the end.
type guestLog struct {
	log        *zap.Logger
	rate       float64 // lines a second
	tokens     float64
	last       time.Time
	suppressed int
	account    Account // nil for none
	refused    bool    // by the account, some of the suppressed lines
}

// newGuestLog leaves the host's own callers and stacks out of the guest's lines.
func newGuestLog(log *zap.Logger, rate uint32, account Account) guestLog {
	return guestLog{rate: float64(rate), account: account, log: log.WithOptions(zap.WithCaller(false), zap.AddStacktrace(zapcore.FatalLevel+1))}
}

func (l *guestLog) write(level abi.Level, line []byte, now time.Time) {
	entry := l.log.Check(zapLevel(level), "")
	if entry == nil {
		return
	}
	if l.last.IsZero() {
		l.tokens = burst * l.rate
	} else {
		l.tokens = min(burst*l.rate, l.tokens+now.Sub(l.last).Seconds()*l.rate)
	}
	l.last = now
	if l.tokens < 1 {
		l.suppressed++
		return
	}
	if l.account != nil && !l.account.Log(now) {
		l.suppressed++
		l.refused = true
		return
	}
	l.tokens--
	l.sayHowMany()
	entry.Message = strings.ToValidUTF8(string(line), "\uFFFD")
	entry.Write()
}

// sayHowMany tells of the lines that were suppressed, if any.
func (l *guestLog) sayHowMany() {
	if l.suppressed == 0 {
		return
	}
	bound := fmt.Sprintf("limits.log_lines allows, %v a second", l.rate)
	if l.refused {
		bound = "the tenant's quota.log_lines_per_second allows"
	}
	l.log.Warn("lines of the module are left out, which logs more than "+bound+"; raise it, or log less", zap.Int("suppressed", l.suppressed))
	l.suppressed, l.refused = 0, false
}

func zapLevel(level abi.Level) zapcore.Level {
	switch level {
	case abi.LevelDebug:
		return zapcore.DebugLevel
	case abi.LevelInfo:
		return zapcore.InfoLevel
	case abi.LevelWarn:
		return zapcore.WarnLevel
	}
	return zapcore.ErrorLevel
}

// cut shortens text to at most n bytes, at a rune's border.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
