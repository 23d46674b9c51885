package plugin

import (
	"time"

	"github.com/weirhq/weir/host/wasm"
)

// Limits bound what one instance of a module may use. Zero values mean those of
// DefaultLimits.
type Limits struct {
	// Memory is the most memory, in bytes. It is counted in pages of 64 KiB, so
	// what is left over is not used.
	Memory uint64
	// FuelPerEvent is the most fuel for each event of a batch, which they have
	// in common.
	FuelPerEvent uint64
	// FuelPerBatch is the most fuel for a batch, and for each call without
	// events, such as the one that takes the config.
	FuelPerBatch uint64
	// Timeout is the most time for one batch, or one other call.
	Timeout time.Duration
}

// DefaultLimits are enough for a processor that takes a tenth of a second for
// an event, and stop one that loops in a second or two.
var DefaultLimits = Limits{
	Memory:       wasm.DefaultPages * wasm.PageSize,
	FuelPerEvent: wasm.DefaultLimits.FuelPerEvent,
	FuelPerBatch: wasm.DefaultLimits.FuelPerBatch,
	Timeout:      wasm.DefaultLimits.Timeout,
}

func (l Limits) pages() uint32 { return uint32(min(l.Memory/wasm.PageSize, wasm.MaxPages)) }

func (l Limits) call() wasm.Limits {
	return wasm.Limits{FuelPerEvent: l.FuelPerEvent, FuelPerBatch: l.FuelPerBatch, Timeout: l.Timeout}
}
