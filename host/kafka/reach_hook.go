package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// reachAgain is the least time between two warnings with one remedy: the client
// tries several times a second.
const reachAgain = time.Minute

// awayAfter is how long connecting must have failed, while no broker answered,
// before they count as away. A broker that restarts beside others that answer is
// none of it.
const awayAfter = 10 * time.Second

// reachHook watches whether the client gets through to brokers, TLS and the
// login included. The client itself goes on trying, and some of what it meets it
// keeps to itself: the hook tells why, with what to do, and knows whether all
// brokers are away.
type reachHook struct {
	log *zap.Logger

	mu   sync.Mutex
	told map[string]time.Time // by remedy
	// Of the failures since a broker last answered: the last one's cause, empty
	// when there are none, and when the first one was.
	cause string
	since time.Time
}

// newReachHook makes a hook for one client, or several one after the other.
func newReachHook(log *zap.Logger) *reachHook {
	if log == nil {
		log = zap.NewNop()
	}
	return &reachHook{log: log, told: map[string]time.Time{}}
}

// away says why no broker answers, or nothing while one does.
func (r *reachHook) away() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cause == "" || time.Since(r.since) < awayAfter {
		return ""
	}
	return r.cause
}

var _ kgo.HookBrokerRead = (*reachHook)(nil)

// OnBrokerRead is called after each answer: some tens a second at most.
func (r *reachHook) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, _ int, _, _ time.Duration, err error) {
	if err != nil {
		return
	}
	r.mu.Lock()
	r.cause = ""
	r.mu.Unlock()
}

var _ kgo.HookBrokerConnect = (*reachHook)(nil)

// OnBrokerConnect is called after each try, when the login has ended too.
func (r *reachHook) OnBrokerConnect(broker kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	remedy := reachRemedy(err)
	r.mu.Lock()
	if r.cause == "" {
		r.since = time.Now()
	}
	r.cause = fmt.Sprintf("no broker answers: %v (%s)", err, remedy)
	last, before := r.told[remedy]
	tell := !before || time.Since(last) >= reachAgain
	if tell {
		r.told[remedy] = time.Now()
	}
	r.mu.Unlock()
	if tell {
		r.log.Warn("no connection to a broker; it is tried again", zap.String("broker", net.JoinHostPort(broker.Host, strconv.Itoa(int(broker.Port)))),
			zap.Error(err), zap.String("remedy", remedy))
	}
}
