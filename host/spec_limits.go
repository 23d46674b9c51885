package host

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/plugin"
)

// The bounds of limits. Fuel above its bound is years of computing.
const (
	leastMemory  = 64 << 10 // a page
	mostMemory   = 4 << 30
	leastModule  = 1 << 10
	mostModule   = plugin.MaxModuleSize
	leastFuel    = 1000
	mostFuel     = 1e17
	leastTimeout = 10 * time.Millisecond
	mostTimeout  = time.Hour
	leastDepth   = 100
	mostDepth    = 1_000_000
	mostElements = 10_000_000
	mostOutputs  = 1_000_000
	leastOutput  = 1 << 10
	mostOutput   = 4 << 30
	mostLines    = 1_000_000
	mostMetrics  = 10_000
)

// readLimits takes limits and grant of a pipeline or of one of its processors; what it
// does not set is as in def.
func readLimits(s *config.Section, def plugin.Limits) plugin.Limits {
	l := limitsSection{s.Section("limits")}
	limits := plugin.Limits{
		Memory:          l.size("memory", def.Memory, leastMemory, mostMemory, "64KiB and 4GiB"),
		RecycleAt:       l.size("recycle_at", def.RecycleAt, leastMemory, mostMemory, "64KiB and 4GiB"),
		TableElements:   l.count("table_elements", def.TableElements, mostElements),
		CallDepth:       uint32(l.Count("call_depth", int64(def.CallDepth), leastDepth, mostDepth)),
		ModuleSize:      l.size("module_size", def.ModuleSize, leastModule, mostModule, "1KiB and 64MiB"),
		FuelPerEvent:    uint64(l.Count("fuel_per_event", int64(def.FuelPerEvent), leastFuel, mostFuel)),
		FuelPerBatch:    uint64(l.Count("fuel_per_batch", int64(def.FuelPerBatch), leastFuel, mostFuel)),
		Timeout:         l.timeout("timeout", def.Timeout),
		StartTimeout:    l.timeout("start_timeout", def.StartTimeout),
		OutputsPerEvent: l.count("outputs_per_event", def.OutputsPerEvent, mostOutputs),
		OutputBytes:     l.size("output_bytes", def.OutputBytes, leastOutput, mostOutput, "1KiB and 4GiB"),
		LogLines:        l.count("log_lines", def.LogLines, mostLines),
		Metrics:         l.count("metrics", def.Metrics, mostMetrics),
		Withheld:        def.Withheld,
	}
	readGrant(s, &limits)
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

// readGrant takes the capabilities of modules.
func readGrant(s *config.Section, limits *plugin.Limits) {
	if s.Get("grant") == nil {
		return
	}
	var granted []string
	known := plugin.Capabilities()
	for _, n := range s.List("grant") {
		name := strings.ToLower(n.Value)
		if !slices.Contains(known, name) {
			hint := ""
			if near := config.Nearest(name, known); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			s.Fault(n.Pos, "grant", fmt.Sprintf("%q is no capability; there are %s", n.Shown(), strings.Join(known, ", ")), hint)
		}
		granted = append(granted, name)
	}
	limits.Grant(granted)
}

func grantSchema() config.Schema {
	return config.ItemsSchema(config.WordSchema(plugin.Capabilities()...)).
		Doc("What modules may ask for, by importing it. The default is all; [] is nothing beyond passing events on and rejecting them.")
}

// limitsSection reads limits.
type limitsSection struct{ *config.Section }

func (l limitsSection) size(name string, def uint64, least, most int64, within string) uint64 {
	v := l.Size(name, int64(def))
	if n := l.Get(name); n != nil && (v < least || v > most) {
		l.Fault(n.Pos, name, "must be between "+within, "")
		return def
	}
	return uint64(v)
}

func (l limitsSection) count(name string, def uint32, most int64) uint32 {
	return uint32(l.Count(name, int64(def), 1, most))
}

func (l limitsSection) timeout(name string, def time.Duration) time.Duration {
	v := l.Duration(name, def, time.Second)
	if v < leastTimeout || v > mostTimeout {
		l.Fault(l.Get(name).Pos, name, "must be between 10ms and 1h", "")
		return def
	}
	return v
}

func limitsSchema() config.Schema {
	d := plugin.DefaultLimits
	size, count := config.SizeSchema, config.CountSchema
	timeout := func(text string, def time.Duration) config.Schema {
		return config.DurationSchema(0, 3600, time.Second).Doc(text).With("default", def.Seconds())
	}
	return config.MapSchema(map[string]any{
		"memory": size(leastMemory, mostMemory).Doc("The most memory of an instance.").With("default", d.Memory),
		"recycle_at": size(leastMemory, mostMemory).Doc("The memory at which an instance is replaced by a fresh one, between batches. " +
			"The default is nine tenths of memory; as much as memory means never."),
		"table_elements": count(1, mostElements).Doc("The most elements of each table of an instance.").With("default", d.TableElements),
		"call_depth":     count(leastDepth, mostDepth).Doc("How deep calls in the module may nest.").With("default", d.CallDepth),
		"module_size":    size(leastModule, mostModule).Doc("The most bytes of the module's file.").With("default", d.ModuleSize),
		"fuel_per_event": count(leastFuel, mostFuel).Doc("The most fuel for each event of a batch, which they have in common.").With("default", d.FuelPerEvent),
		"fuel_per_batch": count(leastFuel, mostFuel).Doc("The most fuel for a batch, and for taking the config.").With("default", d.FuelPerBatch),
		"timeout":        timeout("The most time for a batch.", d.Timeout),
		"start_timeout":  timeout("The most time for each call that makes an instance ready.", d.StartTimeout),
		"outputs_per_event": count(1, mostOutputs).Doc("The most outputs for each event of a batch, which they have in common.").
			With("default", d.OutputsPerEvent),
		"output_bytes": size(leastOutput, mostOutput).Doc("The most bytes of a batch's outputs together.").With("default", d.OutputBytes),
		"log_lines":    count(1, mostLines).Doc("How many lines an instance logs a second; four times as many at once.").With("default", d.LogLines),
		"metrics":      count(1, mostMetrics).Doc("Under how many names the module may measure.").With("default", d.Metrics),
	}).Doc("What the module and its instances may use.")
}
