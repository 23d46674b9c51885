package plugin

import (
	"cmp"
	"time"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm"
)

// Limits bound a module and what one instance of it may use. Zero values mean
// those of DefaultLimits.
type Limits struct {
	// Memory is the most memory, in bytes. It is counted in pages of 64 KiB, so
	// what is left over is not used.
	Memory uint64
	// RecycleAt is the memory at which an instance is replaced by a fresh one,
	// between batches. The default is nine tenths of Memory; as much as Memory
	// means never.
	RecycleAt uint64
	// TableElements is the most elements of each table.
	TableElements uint32
	// CallDepth is how deep calls may nest.
	CallDepth uint32
	// ModuleSize is the most bytes of the module's file.
	ModuleSize uint64
	// FuelPerEvent is the most fuel for each event of a batch, which they have
	// in common.
	FuelPerEvent uint64
	// FuelPerBatch is the most fuel for a batch, and for each call without
	// events, such as the one that takes the config.
	FuelPerBatch uint64
	// Timeout is the most time for one batch, StartTimeout for each of the calls
	// that make an instance ready.
	Timeout, StartTimeout time.Duration
	// OutputsPerEvent is the most outputs for each event of a batch, which they
	// have in common.
	OutputsPerEvent uint32
	// OutputBytes is the most bytes that the outputs of a batch name together.
	OutputBytes uint64
	// LogLines is how many lines an instance logs a second. It may log four times
	// as many at once.
	LogLines uint32
	// Metrics is under how many names the instances of a processor may measure.
	Metrics uint32
	// Withheld are the capabilities that the module may not ask for.
	Withheld wasm.Withheld
}

// Capabilities lists the names of what a module can be granted.
func Capabilities() []string { return wasm.CapabilityNames() }

// Grant sets Withheld so that all capabilities are withheld but those of the names.
func (l *Limits) Grant(names []string) { l.Withheld = wasm.AllBut(names) }

// MaxModuleSize is the most that ModuleSize can be.
const MaxModuleSize = wasm.MaxModuleSize

// DefaultLimits are enough for a processor that takes a tenth of a second for
// an event, and stop one that loops in a second or two.
var DefaultLimits = Limits{
	Memory:          wasm.DefaultPages * wasm.PageSize,
	TableElements:   wasm.DefaultBounds.TableElements,
	CallDepth:       wasm.DefaultBounds.CallDepth,
	ModuleSize:      32 << 20,
	FuelPerEvent:    wasm.DefaultLimits.FuelPerEvent,
	FuelPerBatch:    wasm.DefaultLimits.FuelPerBatch,
	Timeout:         wasm.DefaultLimits.Timeout,
	StartTimeout:    wasm.DefaultLimits.StartTimeout,
	OutputsPerEvent: abi.DefaultLimits.OutputsPerEvent,
	OutputBytes:     abi.DefaultLimits.Bytes,
	LogLines:        50,
	Metrics:         100,
}

// orDefaults fills in what is zero.
func (l Limits) orDefaults() Limits {
	d := DefaultLimits
	memory := cmp.Or(l.Memory, d.Memory)
	return Limits{
		Memory:          memory,
		RecycleAt:       cmp.Or(l.RecycleAt, memory/10*9),
		TableElements:   cmp.Or(l.TableElements, d.TableElements),
		CallDepth:       cmp.Or(l.CallDepth, d.CallDepth),
		ModuleSize:      cmp.Or(l.ModuleSize, d.ModuleSize),
		FuelPerEvent:    cmp.Or(l.FuelPerEvent, d.FuelPerEvent),
		FuelPerBatch:    cmp.Or(l.FuelPerBatch, d.FuelPerBatch),
		Timeout:         cmp.Or(l.Timeout, d.Timeout),
		StartTimeout:    cmp.Or(l.StartTimeout, d.StartTimeout),
		OutputsPerEvent: cmp.Or(l.OutputsPerEvent, d.OutputsPerEvent),
		OutputBytes:     cmp.Or(l.OutputBytes, d.OutputBytes),
		LogLines:        cmp.Or(l.LogLines, d.LogLines),
		Metrics:         cmp.Or(l.Metrics, d.Metrics),
		Withheld:        l.Withheld,
	}
}

func (l Limits) bounds() wasm.Bounds {
	return wasm.Bounds{
		Pages:         uint32(min(l.Memory/wasm.PageSize, wasm.MaxPages)),
		TableElements: l.TableElements,
		CallDepth:     l.CallDepth,
		Withheld:      l.Withheld,
		Size:          int(min(l.ModuleSize, wasm.MaxModuleSize)),
	}
}

func (l Limits) call() wasm.Limits {
	return wasm.Limits{FuelPerEvent: l.FuelPerEvent, FuelPerBatch: l.FuelPerBatch, Timeout: l.Timeout, StartTimeout: l.StartTimeout}
}

func (l Limits) outputs() abi.Limits {
	return abi.Limits{OutputsPerEvent: l.OutputsPerEvent, Bytes: l.OutputBytes}
}
