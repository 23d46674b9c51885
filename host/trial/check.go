package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/wasm"
)

// Outcome is what came of a case. It passed when there are no mismatches.
type Outcome struct {
	Case       *Case
	Mismatches []Mismatch
	// Result is what came of the batch; nil when the module did not open, and of
	// a case of made-up events.
	Result  *Result
	Logs    []Line
	Metrics []plugin.Metric
	// Memory is the size of the instance's memory after the batch, in bytes.
	Memory uint64
	// Elapsed is the time of the module and the border.
	Elapsed time.Duration
	// Fuel is what the module used for the batch.
	Fuel uint64
	// Opens is why the module did not open.
	Opens error
}

// Passed tells whether all was as expected.
func (o *Outcome) Passed() bool { return len(o.Mismatches) == 0 }

// fail notes what has no other place than the case's.
func (o *Outcome) fail(what, want, got string) {
	o.Mismatches = append(o.Mismatches, Mismatch{o.Case.Pos, what, want, got})
}

// Check runs a case and compares. The error says that the module cannot be run
// at all.
func Check(ctx context.Context, m *Module, c *Case) (*Outcome, error) {
	if c.Random > 0 {
		return checkRandom(ctx, m, c)
	}
	o, err := run(ctx, m, c)
	if err != nil {
		return nil, err
	}
	if c.Golden != "" && !c.want.says() {
		o.fail("golden file", c.Golden, "is not there; write it with --update")
		return o, nil
	}
	switch {
	case o.Opens != nil && c.want.opens == nil:
		o.fail("open", "opens", reason(o.Opens))
	case o.Opens != nil:
		text := textValue([]byte(reason(o.Opens)))
		c.want.opens.check("open", &text, &o.Mismatches)
	case c.want.opens != nil:
		o.Mismatches = append(o.Mismatches, Mismatch{c.want.opens.pos, "open", "fails: " + c.want.opens.describe(), "opens"})
	default:
		o.Mismatches = append(o.Mismatches, c.want.judge(o.Result, o.Logs, o.Metrics)...)
		if c.MaxFuel > 0 && o.Fuel > c.MaxFuel {
			o.Mismatches = append(o.Mismatches, Mismatch{c.maxFuel, "fuel", fmt.Sprintf("at most %d", c.MaxFuel), fmt.Sprint(o.Fuel)})
		}
		for i := range o.Mismatches {
			if o.Mismatches[i].Pos.File == "" {
				o.Mismatches[i].Pos = c.Pos
			}
		}
	}
	return o, nil
}

// run gives the case's events to the module, as one batch.
func run(ctx context.Context, m *Module, c *Case) (*Outcome, error) {
	o := &Outcome{Case: c}
	s, err := m.Open(ctx, c.Config, c.Now)
	if err != nil {
		if !isRefusal(err) {
			return nil, err
		}
		o.Opens = err
		return o, nil
	}
	if len(c.Events) > 0 {
		if o.Result, err = s.Process(ctx, c.Events); err != nil {
			return nil, errors.Join(fmt.Errorf("case %q: %w", c.Name, err), s.Close(ctx))
		}
		o.Elapsed, o.Fuel = o.Result.Elapsed, o.Result.Fuel
	}
	o.Memory = s.Memory()
	if err := s.Close(ctx); err != nil {
		o.fail("close", "closes", err.Error())
	}
	o.Logs, o.Metrics = s.Logs(), s.Metrics()
	return o, nil
}

// isRefusal tells a module that does not open from a host that fails.
func isRefusal(err error) bool {
	var refusal *wasm.Refusal
	var trap *wasm.Trap
	var violation *abi.Error
	return errors.As(err, &refusal) || errors.As(err, &trap) || errors.As(err, &violation)
}

// reason is the module's own words where it gave any.
func reason(err error) string {
	var refusal *wasm.Refusal
	if errors.As(err, &refusal) && refusal.Reason != "" {
		return refusal.Reason
	}
	return err.Error()
}
