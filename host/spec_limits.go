package host

import (
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/plugin"
)

// The bounds of limits. Fuel above its bound is years of computing.
const (
	leastMemory  = 64 << 10 // a page
	mostMemory   = 4 << 30
	leastFuel    = 1000
	mostFuel     = 1e17
	leastTimeout = 10 * time.Millisecond
	mostTimeout  = time.Hour
)

// readLimits takes limits of a pipeline or of one of its processors; what it
// does not set is as in def.
func readLimits(s *config.Section, def plugin.Limits) plugin.Limits {
	l := s.Section("limits")
	limits := plugin.Limits{
		Memory:       uint64(l.Size("memory", int64(def.Memory))),
		FuelPerEvent: uint64(l.Count("fuel_per_event", int64(def.FuelPerEvent), leastFuel, mostFuel)),
		FuelPerBatch: uint64(l.Count("fuel_per_batch", int64(def.FuelPerBatch), leastFuel, mostFuel)),
		Timeout:      l.Duration("timeout", def.Timeout, time.Second),
	}
	if limits.Memory < leastMemory || limits.Memory > mostMemory {
		l.Fault(l.Get("memory").Pos, "memory", "must be between 64KiB and 4GiB", "")
		limits.Memory = def.Memory
	}
	if limits.Timeout < leastTimeout || limits.Timeout > mostTimeout {
		l.Fault(l.Get("timeout").Pos, "timeout", "must be between 10ms and 1h", "")
		limits.Timeout = def.Timeout
	}
	if limits.FuelPerBatch < limits.FuelPerEvent { // though a batch can be one event
		event, batch := l.Get("fuel_per_event"), l.Get("fuel_per_batch")
		switch {
		case batch == nil:
			limits.FuelPerBatch = limits.FuelPerEvent
		case event == nil:
			limits.FuelPerEvent = limits.FuelPerBatch
		default:
			l.Fault(batch.Pos, "fuel_per_batch", "is less than fuel_per_event, but a batch can be one event", "raise it, or lower fuel_per_event")
		}
	}
	return limits
}

func limitsSchema() config.Schema {
	d := plugin.DefaultLimits
	return config.MapSchema(map[string]any{
		"memory":         config.SizeSchema(leastMemory, mostMemory).Doc("The most memory of an instance.").With("default", d.Memory),
		"fuel_per_event": config.CountSchema(leastFuel, mostFuel).Doc("The most fuel for each event of a batch, which they have in common.").With("default", d.FuelPerEvent),
		"fuel_per_batch": config.CountSchema(leastFuel, mostFuel).Doc("The most fuel for a batch, and for taking the config.").With("default", d.FuelPerBatch),
		"timeout":        config.DurationSchema(0, 3600, time.Second).Doc("The most time for a batch.").With("default", d.Timeout.Seconds()),
	}).Doc("What an instance of the module may use.")
}
