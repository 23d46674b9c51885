package kafka

import (
	"context"
	"errors"
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

// reachLog tells why the client does not get through to a broker, TLS and the
// login included, and what to do. The client itself goes on trying, and some of
// what it meets it keeps to itself.
type reachLog struct {
	log *zap.Logger

	mu   sync.Mutex
	told map[string]time.Time // by remedy
}

// tellReach adds a reachLog to a client.
func tellReach(log *zap.Logger) kgo.Opt {
	if log == nil {
		log = zap.NewNop()
	}
	return kgo.WithHooks(&reachLog{log: log, told: map[string]time.Time{}})
}

var _ kgo.HookBrokerConnect = (*reachLog)(nil)

// OnBrokerConnect is called after each try, when the login has ended too.
func (r *reachLog) OnBrokerConnect(broker kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	remedy := reachRemedy(err)
	r.mu.Lock()
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
