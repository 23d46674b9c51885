package plugin

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weirhq/weir/host/abi"
)

// Counters counts what happens in processors. Fields are read at any time.
type Counters struct {
	Instances  atomic.Uint64 // instances made
	Traps      atomic.Uint64 // instances that trapped, each time that one did
	Violations atomic.Uint64 // instances thrown away for breaking the ABI
	Exhausted  atomic.Uint64 // instances thrown away for going over a limit of fuel
	Overdue    atomic.Uint64 // instances thrown away for going over the limit of time
	Recycled   atomic.Uint64 // instances replaced because their memory had grown too large
	Fuel       atomic.Uint64 // that was used, by batches and by what was needed to start
	Rejects    atomic.Uint64 // events that the guest rejected
	Metrics    Metrics       // the guest's own measurements
}

// Metrics holds the guest's own measurements. The zero value is empty. Reading
// takes no lock; neither does recording under a known name.
type Metrics struct {
	mu    sync.Mutex // guards adding a name
	known atomic.Pointer[map[string]*metric]
}

// Metric is a reading of one of the guest's metrics.
type Metric struct {
	Name string
	Kind abi.MetricKind
	// Value is the sum of a counter or of the observations of a histogram, or
	// the last setting of a gauge.
	Value float64
	// Count is the number of observations of a histogram, and Buckets how many
	// of them were at most the bound of the same index in Bounds.
	Count   uint64
	Buckets []uint64
}

// IsCounter tells whether the metric only grows.
func (m *Metric) IsCounter() bool { return m.Kind == abi.MetricCounter }

// Bounds are the upper bounds of a histogram's buckets. The host does not know
// the units, so they span what guests measure, from microseconds to gigabytes.
var Bounds = []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

type metric struct {
	kind    abi.MetricKind
	value   atomic.Uint64 // float64 bits
	count   atomic.Uint64
	buckets [16]atomic.Uint64 // not cumulative
}

// Read returns the metrics by name.
func (m *Metrics) Read() []Metric {
	known := m.known.Load()
	if known == nil {
		return nil
	}
	list := make([]Metric, 0, len(*known))
	for name, v := range *known {
		list = append(list, v.read(name))
	}
	slices.SortFunc(list, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (v *metric) read(name string) Metric {
	r := Metric{Name: name, Kind: v.kind, Value: math.Float64frombits(v.value.Load())}
	if v.kind != abi.MetricHistogram {
		return r
	}
	r.Count = v.count.Load()
	r.Buckets = make([]uint64, len(Bounds))
	var sum uint64
	for i := range r.Buckets {
		sum += v.buckets[i].Load()
		r.Buckets[i] = sum
	}
	return r
}

func (m *Metrics) record(kind abi.MetricKind, name []byte, value float64, most uint32) error {
	v, err := m.find(kind, name, most)
	if err != nil {
		return err
	}
	if v.kind != kind {
		return fmt.Errorf("metric %q: it has another kind already", name)
	}
	if math.IsNaN(value) || kind == abi.MetricCounter && value < 0 {
		return fmt.Errorf("metric %q: value %v", name, value)
	}
	switch kind {
	case abi.MetricGauge:
		v.value.Store(math.Float64bits(value))
	case abi.MetricHistogram:
		if i, _ := slices.BinarySearch(Bounds, value); i < len(v.buckets) {
			v.buckets[i].Add(1)
		}
		v.count.Add(1)
		v.add(value)
	default:
		v.add(value)
	}
	return nil
}

func (v *metric) add(value float64) {
	for {
		old := v.value.Load()
		if v.value.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+value)) {
			return
		}
	}
}

// find returns the metric of a name, and makes it when there are fewer than most.
func (m *Metrics) find(kind abi.MetricKind, name []byte, most uint32) (*metric, error) {
	if known := m.known.Load(); known != nil {
		if v, ok := (*known)[string(name)]; ok {
			return v, nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	grown := make(map[string]*metric)
	if known := m.known.Load(); known != nil {
		if v, ok := (*known)[string(name)]; ok {
			return v, nil
		}
		if len(*known) >= int(most) {
			return nil, fmt.Errorf("metric %q: limits.metrics allows %d names; raise it, or measure under fewer", name, most)
		}
		for n, v := range *known {
			grown[n] = v
		}
	}
	v := &metric{kind: kind}
	grown[string(name)] = v
	m.known.Store(&grown)
	return v, nil
}
