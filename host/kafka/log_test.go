package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestClientLog has what the client tells arrive in the log as far as the
// options let it.
func TestClientLog(t *testing.T) {
	for options, want := range map[string]int{"log_level: 3": 1, "": 2, "log_level: 5": 3, "debug: all": 4} {
		o, faults := resolve(t, Producer, "bootstrap_servers: seed", options)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		core, lines := observer.New(zapcore.DebugLevel)
		client, err := kgo.NewClient(clientLog(zap.New(core), o))
		if err != nil {
			t.Fatal(err)
		}
		log := client.OptValue(kgo.WithLogger).(kgo.Logger)
		client.Close()
		_ = lines.TakeAll() // what the client itself had to tell
		for _, level := range []kgo.LogLevel{kgo.LogLevelError, kgo.LogLevelWarn, kgo.LogLevelInfo, kgo.LogLevelDebug} {
			if log.Level() >= level { // as the client does
				log.Log(level, "a word")
			}
		}
		if got := lines.Len(); got != want {
			t.Errorf("%q: %d lines, want %d", options, got, want)
		}
	}
}
