package kafka

import (
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
	return kgo.WithLogger(kzap.New(log.Named("kafka"), kzap.Level(o.logLevel())))
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
