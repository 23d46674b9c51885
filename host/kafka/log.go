package kafka

import (
	"errors"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzap"
	"go.uber.org/zap"
)

// clientLog lets what the client tells into the log, as far as the options
// allow: warnings and errors, unless they say otherwise. What it tells at the
// info level is of interest to its authors.
func clientLog(log *zap.Logger, o *Options) kgo.Opt {
	if log == nil {
		log = zap.NewNop()
	}
	level := o.logLevel()
	var logger kgo.Logger = kzap.New(log.Named("kafka"), kzap.Level(level))
	if level < kgo.LogLevelInfo {
		logger = toldOnce{logger}
	}
	return kgo.WithLogger(logger)
}

// toldOnce leaves out what the client says at each try to connect, several times
// a second: reachHook says it once, and what to do. Of a batch that is too large the
// source tells.
type toldOnce struct{ kgo.Logger }

// Log implements kgo.Logger.
func (l toldOnce) Log(level kgo.LogLevel, message string, fields ...any) {
	for _, start := range []string{
		"unable to open connection to broker",
		"unable to initialize sasl",
		"unable to request api versions",
		"read from broker received EOF during api versions discovery",
		"batch decompresses larger than",
	} {
		if strings.HasPrefix(message, start) {
			return
		}
	}
	if strings.HasPrefix(message, "unable to AddPartitionsToTxn") || strings.HasPrefix(message, "produce partition load error") {
		for _, field := range fields { // several hundred times a second while a coordinator refuses connections
			if err, ok := field.(error); ok && errors.As(err, new(*net.OpError)) {
				return
			}
		}
	}
	l.Logger.Log(level, message, fields...)
}

// logLevel is what debug and log_level ask for.
func (o *Options) logLevel() kgo.LogLevel {
	switch n := o.Int("log_level"); {
	case len(o.List("debug")) > 0 || n >= 7:
		return kgo.LogLevelDebug
	case n >= 5:
		return kgo.LogLevelInfo
	case n == 4:
		return kgo.LogLevelWarn
	}
	return kgo.LogLevelError
}
