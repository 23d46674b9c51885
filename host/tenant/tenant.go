// Package tenant keeps the tenants of one host apart: what the pipelines of
// each may name (Rules), what they may use (Quota), and what they have used
// (Usage).
//
// A Tenant is the account of one. Sources ask it before they read (Await, Took),
// and each processor has a Worker, which stands between its instances and the
// machine: CPU slots, memory, log lines. The package is pure: it knows neither
// Kafka nor WebAssembly, only names, amounts and time.
package tenant

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultWeight is that of a tenant whose quota has none, and of pipelines that
// belong to no tenant.
const DefaultWeight = 100

// Quota is what a tenant may use. A zero value does not bound.
type Quota struct {
	// Weight is the tenant's share of the CPU, against those of the tenants that
	// compute at the same time. 0 means DefaultWeight.
	Weight int
	// CPU is how many cores the tenant's modules may use on average.
	CPU float64
	// Memory is the most bytes that all instances have together.
	Memory uint64
	// Instances is the most that there are at a time: one a processor and
	// partition.
	Instances int
	// Pipelines is the most in the configuration.
	Pipelines int
	// Events and Bytes are the most that is read a second.
	Events, Bytes uint64
	// LogLines is the most that modules log a second.
	LogLines int
}

// Usage is what a tenant has used since the process started.
type Usage struct {
	// Fuel and CPU are those of modules: the fuel that they used, which is the
	// same on every machine, and the time that they had a core for.
	Fuel uint64
	CPU  time.Duration
	// Memory is what the instances have now, MemorySeconds the sum of it over
	// time, in bytes times seconds.
	Memory        uint64
	MemorySeconds float64
	Instances     int
	// Events and Bytes were read: keys, values and headers.
	Events, Bytes uint64
	// How long modules waited for the CPU, and sources for a quota, each summed
	// over all that waited.
	WaitedCPU, WaitedEvents, WaitedBytes time.Duration
	// Suppressed counts log lines over the quota.
	Suppressed uint64
}

// Tenant is the account of one tenant.
type Tenant struct {
	name     string
	cpu      account
	isCapped atomic.Bool // its cpu has a capacity

	fuel, events, bytes atomic.Uint64
	suppressed          atomic.Uint64
	eventRate, byteRate bucket
	lines               bucket

	mu            sync.Mutex
	quota         Quota
	memory        uint64
	memorySeconds float64
	measured      time.Time
	instances     int
}

// New opens the account of a tenant whose modules compute in the scheduler's
// slots. The empty name is of what belongs to no tenant.
func New(name string, q Quota, s *Scheduler) *Tenant {
	now := time.Now()
	t := &Tenant{name: name, cpu: account{scheduler: s, weight: DefaultWeight, filled: now}, measured: now}
	t.Set(q)
	return t
}

// Name is the tenant's name.
func (t *Tenant) Name() string { return t.name }

// Set gives the tenant another quota. What it has beyond that it keeps.
func (t *Tenant) Set(q Quota) {
	now := time.Now()
	t.mu.Lock()
	t.quota = q
	t.mu.Unlock()
	if q.Weight == 0 {
		q.Weight = DefaultWeight
	}
	t.cpu.share(float64(q.Weight), q.CPU, now)
	t.isCapped.Store(q.CPU > 0)
	t.eventRate.set(float64(q.Events), float64(q.Events), now)
	t.byteRate.set(float64(q.Bytes), float64(q.Bytes), now)
	t.lines.set(float64(q.LogLines), 4*float64(q.LogLines), now)
}

// Await waits until the quota lets the tenant read on, and returns how many
// records at most, or 0 when ctx ended. Not to read is the back-pressure.
func (t *Tenant) Await(ctx context.Context) (records int) {
	t.eventRate.await(ctx)
	t.byteRate.await(ctx)
	if ctx.Err() != nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.quota.Events; n > 0 {
		return int(min(max(n/8, 1), math.MaxInt32)) // smooth: a poll is at most an eighth of a second's
	}
	return math.MaxInt32
}

// Took books what a source has read.
func (t *Tenant) Took(records, bytes int) {
	now := time.Now()
	t.events.Add(uint64(records))
	t.bytes.Add(uint64(bytes))
	t.eventRate.take(float64(records), now)
	t.byteRate.take(float64(bytes), now)
}

// Worker makes the account of one processor: a lane's use of a module. It counts
// as an instance until Done.
func (t *Tenant) Worker() (*Worker, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if most := t.quota.Instances; most > 0 && t.instances >= most {
		return nil, &Exceeded{Tenant: t.name, Quota: "instances", Value: fmt.Sprint(most)}
	}
	t.instances++
	w := t.Trial()
	w.counted = true
	return w, nil
}

// Trial makes the account of a processor that is only tried: it pays for what it
// uses, and counts as no instance.
func (t *Tenant) Trial() *Worker { return &Worker{tenant: t, ready: make(chan struct{}, 1)} }

// Exceeded says which quota of a tenant was at its end.
type Exceeded struct {
	Tenant, Quota, Value string
}

func (e *Exceeded) Error() string {
	return fmt.Sprintf("tenant %s has used up quota.%s, which is %s; raise it, or let the tenant use less", e.Tenant, e.Quota, e.Value)
}

// Usage reads the account.
func (t *Tenant) Usage() Usage {
	u := Usage{
		Fuel: t.fuel.Load(), Events: t.events.Load(), Bytes: t.bytes.Load(), Suppressed: t.suppressed.Load(),
		WaitedEvents: t.eventRate.waits(), WaitedBytes: t.byteRate.waits(),
	}
	s := t.cpu.scheduler
	s.mu.Lock()
	u.CPU, u.WaitedCPU = t.cpu.spent, t.cpu.waited
	s.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.measure()
	u.Memory, u.MemorySeconds, u.Instances = t.memory, t.memorySeconds, t.instances
	return u
}

// measure adds what the memory was since it was last measured. The lock is held.
func (t *Tenant) measure() {
	now := time.Now()
	t.memorySeconds += float64(t.memory) * now.Sub(t.measured).Seconds()
	t.measured = now
}
