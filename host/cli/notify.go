package cli

import (
	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
)

// notify tells systemd of a change, where it has started the process with
// Type=notify and wants to know. Elsewhere it does nothing.
func notify(log *zap.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("systemd cannot be told", zap.String("state", state), zap.Error(err))
	}
}

// notifyRun tells that the pipelines run, and when they are asked to stop. The
// returned function ends the watch for that.
func notifyRun(log *zap.Logger, drain <-chan struct{}) (end func()) {
	notify(log, daemon.SdNotifyReady)
	ended := make(chan struct{})
	go func() {
		select {
		case <-drain:
			notify(log, daemon.SdNotifyStopping)
		case <-ended:
		}
	}()
	return func() { close(ended) }
}
