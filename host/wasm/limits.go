package wasm

import (
	"cmp"
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/wasm/meter"
)

// Limits bound how long an instance may run. Zero values mean the defaults
// given.
type Limits struct {
	// FuelPerEvent is the most fuel for each event of a batch, which they have
	// in common. Default 1,000,000,000, which is a few tenths of a
	// second.
	FuelPerEvent uint64
	// FuelPerBatch is the most fuel for a whole batch, and for each other call.
	// Default 5,000,000,000, which is a second or two.
	FuelPerBatch uint64
	// Timeout is the most time for one call. It is looked at as fuel is used,
	// about once a millisecond. Default 10 s.
	Timeout time.Duration
	// StartTimeout is the same for each call that makes an instance ready: start
	// function, _initialize, and the one that takes the config. Default 10 s.
	StartTimeout time.Duration
	// Memory pays for the memory of the instance, beside its own limit. nil pays
	// for all.
	Memory Account
}

// DefaultLimits are what the zero values of Limits mean.
var DefaultLimits = Limits{
	FuelPerEvent: 1_000_000_000,
	FuelPerBatch: 5_000_000_000,
	Timeout:      10 * time.Second,
	StartTimeout: 10 * time.Second,
}

// orDefaults fills in what is zero.
func (l Limits) orDefaults() Limits {
	l.FuelPerEvent = cmp.Or(l.FuelPerEvent, DefaultLimits.FuelPerEvent)
	l.FuelPerBatch = cmp.Or(l.FuelPerBatch, DefaultLimits.FuelPerBatch)
	l.Timeout = cmp.Or(l.Timeout, DefaultLimits.Timeout)
	l.StartTimeout = cmp.Or(l.StartTimeout, DefaultLimits.StartTimeout)
	return l
}

// Limit is the name of one of Limits, as users write it.
type Limit string

// The limits that a call can go over.
const (
	FuelPerEvent Limit = "fuel_per_event"
	FuelPerBatch Limit = "fuel_per_batch"
	Timeout      Limit = "timeout"
	StartTimeout Limit = "start_timeout"
	CallDepth    Limit = "call_depth"
)

// Exhausted says which limit a call went over. A Trap wraps it.
type Exhausted struct {
	Limit Limit
	// Value is what the limit is set to.
	Value string
}

func (e *Exhausted) Error() string {
	what, why := "uses more fuel than", "loops"
	switch e.Limit {
	case Timeout, StartTimeout:
		what = "takes longer than"
	case CallDepth:
		what, why = "nests more calls than", "calls itself without end"
	}
	return fmt.Sprintf("%s limits.%s allows, which is %s; the module %s, or needs a higher %s", what, e.Limit, e.Value, why, e.Limit)
}

// slice is the fuel after which the host looks again: less than a millisecond
// of most code.
const slice = 1_000_000

// bytesPerFuel is how many bytes a host function handles for one unit.
const bytesPerFuel = 8

// fuel is the account of an instance.
type fuel struct {
	counter api.MutableGlobal // the guest's own, of the slice at hand
	limits  Limits
	depth   uint32 // how deep calls may nest
	started bool   // the instance has seen a batch

	// Of the running call:
	limit   Limit // that sets the budget
	budget  uint64
	granted uint64 // in slices, so far
	began   time.Time

	spent uint64 // by calls that ended
}

// begin gives the first slice of a call on count events, or of one without
// events. Its time is counted from the second slice on: no clock is read for a
// short call.
func (f *fuel) begin(count uint32) {
	f.limit, f.budget = FuelPerBatch, f.limits.FuelPerBatch
	if over, all := bits.Mul64(uint64(count), f.limits.FuelPerEvent); count > 0 && over == 0 && all <= f.budget {
		f.limit, f.budget = FuelPerEvent, all
	}
	f.granted, f.began = 0, time.Time{}
	if f.counter != nil { // else the first call of refill begins
		f.granted = min(slice, f.budget)
		f.counter.Set(f.granted)
	}
}

// end closes the account of a call.
func (f *fuel) end() {
	if f.counter != nil {
		f.spent += min(f.budget, uint64(int64(f.granted)-int64(f.counter.Get())))
		f.granted = 0
	}
}

// attach finds the counter of a module's instance.
func (f *fuel) attach(mod api.Module) {
	if f.counter == nil {
		f.counter = mod.ExportedGlobal(meter.Counter).(api.MutableGlobal)
	}
}

// charge takes off what a host function costs that handles n bytes.
func (f *fuel) charge(n uint64) { f.counter.Set(f.counter.Get() - n/bytesPerFuel) }

// refill returns the next slice to a guest that has left, below zero, of the
// one before, or traps it.
func (f *fuel) refill(ctx context.Context, left int64) int64 {
	if left == meter.TooDeep {
		panic(&Exhausted{Limit: CallDepth, Value: fmt.Sprint(f.depth)})
	}
	used := uint64(int64(f.granted) - left)
	if used > f.budget {
		f.granted = f.budget
		f.counter.Set(0)
		panic(&Exhausted{Limit: f.limit, Value: f.value()})
	}
	if err := ctx.Err(); err != nil {
		panic(err)
	}
	now := time.Now()
	if f.began.IsZero() {
		f.began = now
	}
	limit, most := Timeout, f.limits.Timeout
	if !f.started {
		limit, most = StartTimeout, f.limits.StartTimeout
	}
	if now.Sub(f.began) > most {
		panic(&Exhausted{Limit: limit, Value: most.String()})
	}
	next := min(slice, f.budget-used)
	f.granted = used + next
	return int64(next)
}

// value is what the limit that sets the budget is set to.
func (f *fuel) value() string {
	if f.limit == FuelPerEvent {
		return fmt.Sprint(f.limits.FuelPerEvent)
	}
	return fmt.Sprint(f.limits.FuelPerBatch)
}

// instantiateRefill gives a runtime the function that metered modules call.
func instantiateRefill(ctx context.Context, r wazero.Runtime) error {
	one := []api.ValueType{i64}
	_, err := r.NewHostModuleBuilder(meter.Module).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			in := instanceOf(ctx)
			f := &in.fuel
			f.attach(mod) // in a start function, before there is an instance
			stack[0] = uint64(f.refill(ctx, int64(stack[0])))
			f.began = f.began.Add(in.host.Yield(ctx))
		}), one, one).Export(meter.Refill).Instantiate(ctx)
	if err != nil {
		return fmt.Errorf("instantiate the host function of the meter: %w", err)
	}
	return nil
}
