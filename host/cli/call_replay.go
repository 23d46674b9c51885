package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/trial"
)

// replayReport is what -o json prints of a batch that ran again. Its form is an
// interface.
type replayReport struct {
	Module   string `json:"module"`
	Digest   string `json:"digest"`
	Was      string `json:"captured_digest"`
	Same     bool   `json:"same"`
	Redacted bool   `json:"redacted,omitempty"`
	Events   int    `json:"events"`
	Outputs  int    `json:"outputs"`
	Dropped  int    `json:"dropped"`

	Failures []replayFailure `json:"failures"`
	Logs     []lineReport    `json:"logs"`
	Seconds  float64         `json:"seconds"`
	Memory   uint64          `json:"memory_bytes"`
	Fuel     uint64          `json:"fuel"`
}

// replayFailure is an event that failed, with where it came from.
type replayFailure struct {
	Index     int    `json:"index"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	failureReport
}

// replay runs a captured batch again.
func (a *app) replay(ctx context.Context, ref string, f callFlags) (err error) {
	batch, err := capture.Read(f.replay)
	if err != nil {
		return usageError{err}
	}
	module, err := loadTrial(ctx, ref, f.cache, plugin.LimitsOf(batch))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	result, err := module.Replay(ctx, batch)
	if err != nil {
		return moduleError{err}
	}
	r := newReplayReport(ref, module.Digest(), batch, result)
	if f.output == outputJSON {
		err = writeJSON(a.out, r)
	} else {
		r.show(a.out, a.err)
	}
	if err == nil && len(r.Failures) > 0 {
		err = fmt.Errorf("%d of %s failed", len(r.Failures), plural(r.Events, "event"))
	}
	return err
}

func newReplayReport(ref, digest string, batch *capture.Batch, result *trial.Replay) *replayReport {
	r := &replayReport{
		Module: ref, Digest: digest, Was: batch.Digest, Same: result.Same, Redacted: batch.Redacted,
		Events: len(result.Events), Outputs: len(result.Outputs), Dropped: len(result.Dropped),
		Failures: []replayFailure{}, Logs: []lineReport{}, Seconds: result.Elapsed.Seconds(), Memory: result.Memory, Fuel: result.Fuel,
	}
	for _, f := range result.Failures {
		e := &result.Events[f.Index]
		from := e.From
		if from == nil {
			from = new(event.Partition)
		}
		r.Failures = append(r.Failures, replayFailure{f.Index, from.Topic, from.Number, e.Offset, failureReport{f.Class, f.Message}})
	}
	for _, l := range result.Logs {
		r.Logs = append(r.Logs, lineReport{l.Level, l.Message})
	}
	return r
}

func (r *replayReport) show(out, err *terminal) {
	for _, l := range r.Logs {
		writeLine(out, "%s %s %s", out.cyan("log"), l.Level, strings.ReplaceAll(l.Message, "\n", "\n    "))
	}
	for _, f := range r.Failures {
		place := fmt.Sprintf("event %d, topic %s partition %d offset %d:", f.Index, f.Topic, f.Partition, f.Offset)
		writeLine(out, "%s %s: %s", out.bold(place), out.red(failedAs(f.Class)), f.Message)
	}
	writeLine(out, "%s: %d passed on, %d dropped, %d failed", plural(r.Events, "event"), r.Outputs, r.Dropped, len(r.Failures))
	if r.Digest != r.Was {
		writeLine(err, "%s", err.yellow("another module than the one that failed, whose sha256 is "+r.Was))
	}
	switch {
	case r.Same && r.Redacted:
		writeLine(err, "%s", err.green("the same events fail in the same way; the batch is redacted, so no more can be compared"))
	case r.Same:
		writeLine(err, "%s", err.green("the same came of it, to the byte"))
	case r.Redacted:
		writeLine(err, "%s", err.yellow("something else came of it than when it was captured; the batch is redacted, which may be why"))
	default:
		writeLine(err, "%s", err.yellow("something else came of it than when it was captured"))
	}
}
