package api

import (
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// audit writes to the log who did what. What only looks, and not at events,
// is told at level debug.
type audit struct {
	log *zap.Logger

	mu      sync.Mutex
	refused time.Time // when the last refusal was told
	leftOut int
}

func newAudit(log *zap.Logger) *audit { return &audit{log: log.Named("audit")} }

// entry is one request that was answered.
type entry struct {
	request string
	who     principal
	op      *operation // nil when it was not found
	r       *http.Request
	status  int
	err     error
	took    time.Duration
	begins  bool // an answer that goes on, of which the end is told too
}

func (a *audit) note(e entry) {
	refused := e.status == http.StatusUnauthorized || e.status == http.StatusForbidden || e.status == http.StatusMisdirectedRequest
	changes := e.op != nil && (e.op.method != http.MethodGet || e.op.stream != nil)
	leftOut := 0
	switch {
	case refused:
		tell, n := a.turn(time.Now())
		if !tell {
			return
		}
		leftOut = n
	case !changes && e.status != http.StatusInternalServerError && !a.log.Core().Enabled(zap.DebugLevel):
		return
	}
	fields := []zap.Field{
		zap.String("request", e.request), zap.String("remote", e.r.RemoteAddr),
		zap.String("method", e.r.Method), zap.String("path", e.r.URL.EscapedPath()), zap.String("query", e.r.URL.RawQuery),
		zap.Int("status", e.status), zap.Duration("took", e.took),
	}
	if e.who.name != "" {
		fields = append(fields, zap.String("who", e.who.name), zap.String("role", string(e.who.role)))
	}
	if e.op != nil {
		fields = append(fields, zap.String("operation", e.op.id))
	}
	if e.err != nil {
		fields = append(fields, zap.Error(e.err))
	}
	switch {
	case e.status == http.StatusInternalServerError:
		a.log.Error("request failed", fields...)
	case refused:
		a.log.Warn("request refused", append(fields, zap.Int("left_out_since_last", leftOut))...)
	case changes && e.begins:
		a.log.Info("request begins", fields...)
	case changes:
		a.log.Info("request", fields...)
	default:
		a.log.Debug("request", fields...)
	}
}

// turn lets one refusal a second into the log, with the number of those that
// were left out: who is not let in must not fill the disk.
func (a *audit) turn(now time.Time) (tell bool, leftOut int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.refused) < time.Second {
		a.leftOut++
		return false, 0
	}
	leftOut, a.leftOut, a.refused = a.leftOut, 0, now
	return true, leftOut
}

// unreadable tells of a token whose file cannot be read.
func (a *audit) unreadable(token string, err error) {
	if tell, _ := a.turn(time.Now()); tell {
		a.log.Error("a token cannot be read; nobody is let in by it", zap.String("token", token), zap.Error(err))
	}
}
