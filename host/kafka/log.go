package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzap"
	"go.uber.org/zap"
)

// clientLog lets the client's warnings and errors into the log. What it tells at
// the info level is of interest to its authors.
func clientLog(log *zap.Logger) kgo.Opt {
	if log == nil {
		log = zap.NewNop()
	}
	return kgo.WithLogger(kzap.New(log.Named("kafka"), kzap.Level(kgo.LogLevelWarn)))
}
