package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type logFlags struct {
	format string
	level  string
}

// The levels of commands unless told otherwise: a service says what it does, a
// command that answers does not repeat it.
const (
	normal = zapcore.InfoLevel
	quiet  = zapcore.WarnLevel
	silent = zapcore.ErrorLevel // of a command that tells itself what is wrong
)

func (f *logFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "log-format", "auto", "`FORM` of the log: console, json, or auto (console on a terminal)")
	flags.StringVar(&f.level, "log-level", "", "least `LEVEL` of the log: debug, info, warn or error (default: info for run, else warn)")
}

// logger makes the log, on the standard error. level applies unless a flag
// gives another.
func (a *app) logger(level zapcore.Level) (*zap.Logger, error) {
	var err error
	if a.logs.level != "" {
		level, err = zapcore.ParseLevel(a.logs.level)
	}
	if err != nil || level < zapcore.DebugLevel || level > zapcore.ErrorLevel {
		return nil, usageError{fmt.Errorf("--log-level %q: want debug, info, warn or error", a.logs.level)}
	}
	var encoder zapcore.Encoder
	switch a.logs.format {
	case "auto":
		encoder = a.encoder(a.err.interactive)
	case "console":
		encoder = a.encoder(true)
	case "json":
		encoder = a.encoder(false)
	default:
		return nil, usageError{fmt.Errorf("--log-format %q: want console, json or auto", a.logs.format)}
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(a.err)), level)), nil
}

func (a *app) encoder(console bool) zapcore.Encoder {
	cfg := zap.NewProductionEncoderConfig()
	cfg.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	cfg.EncodeDuration = zapcore.StringDurationEncoder
	if !console {
		return zapcore.NewJSONEncoder(cfg)
	}
	cfg.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	cfg.ConsoleSeparator = "  "
	cfg.EncodeLevel = func(l zapcore.Level, enc zapcore.PrimitiveArrayEncoder) {
		enc.AppendString(a.paintLevel(l, fmt.Sprintf("%-5s", strings.ToLower(l.String()))))
	}
	return zapcore.NewConsoleEncoder(cfg)
}

func (a *app) paintLevel(l zapcore.Level, name string) string {
	switch {
	case l >= zapcore.ErrorLevel:
		return a.err.red(name)
	case l == zapcore.WarnLevel:
		return a.err.yellow(name)
	case l == zapcore.DebugLevel:
		return a.err.dim(name)
	}
	return name
}
