package plugin

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/event"
)

// capturing runs a batch and keeps it when the module failed in it, which is
// more than that it rejected events.
func (p *Processor) capturing(ctx context.Context, in, out []event.Event, fail Fail) ([]event.Event, error) {
	before := len(out)
	var failures []capture.Failure
	broken := false
	result, err := p.run(ctx, part{in: in, fail: func(i int, f *event.Failure) {
		failures = append(failures, capture.Failure{Index: i, Class: f.Class, Message: f.Message})
		broken = broken || f.Class != event.Reject
		fail(i, f)
	}}, out)
	if now := time.Now(); err == nil && broken && p.capture.Due(now) {
		p.keep(in, result[before:], failures, now)
	}
	return result, err
}

// captured is limits as a file has them.
func (l Limits) captured() capture.Limits {
	return capture.Limits{
		Memory: l.Memory, FuelPerEvent: l.FuelPerEvent, FuelPerBatch: l.FuelPerBatch, Timeout: int64(l.Timeout),
		CallDepth: l.CallDepth, TableElements: l.TableElements, ModuleSize: l.ModuleSize,
		OutputsPerEvent: l.OutputsPerEvent, OutputBytes: l.OutputBytes,
	}
}

// LimitsOf are the limits that a captured batch ran within.
func LimitsOf(b *capture.Batch) Limits {
	l := &b.Limits
	return Limits{
		Memory: l.Memory, FuelPerEvent: l.FuelPerEvent, FuelPerBatch: l.FuelPerBatch, Timeout: time.Duration(l.Timeout),
		CallDepth: l.CallDepth, TableElements: l.TableElements, ModuleSize: l.ModuleSize,
		OutputsPerEvent: l.OutputsPerEvent, OutputBytes: l.OutputBytes,
	}
}

// keep writes a batch and what came of it. That it cannot is no reason to stop
// what goes on.
func (p *Processor) keep(in, outputs []event.Event, failures []capture.Failure, now time.Time) {
	slices.SortStableFunc(failures, func(a, b capture.Failure) int { return a.Index - b.Index })
	digest, err := capture.Digest(outputs)
	var file string
	if err == nil {
		file, err = p.capture.Keep(&capture.Batch{
			Module: p.plugin.ref, Digest: p.plugin.digest,
			Pipeline: p.cfg.Pipeline, Processor: p.cfg.Processor, Config: p.cfg.Config, Limits: p.plugin.limits.captured(),
			Time: p.guest.Now(), Events: capture.FromEvents(in), Failures: failures, Outputs: digest,
		}, now)
	}
	if err != nil {
		p.guest.log.log.Warn("a batch that failed cannot be kept", zap.Error(err))
		return
	}
	p.guest.log.log.Info("a batch that failed is kept; weir call --replay runs it again", zap.String("file", file))
}
