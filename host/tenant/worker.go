package tenant

import (
	"strconv"
	"time"
)

// Worker is a processor's access to its tenant's share of the machine. Enter,
// Yield and Leave belong to one goroutine.
type Worker struct {
	tenant  *Tenant
	counted bool          // as an instance
	ready   chan struct{} // holds a token when a slot was given to who waits

	// The scheduler's lock guards these.
	held  bool
	since time.Time // of what is not charged yet, or of the wait
}

// Done ends the worker. It must hold no slot and no memory.
func (w *Worker) Done() {
	w.tenant.mu.Lock()
	defer w.tenant.mu.Unlock()
	if w.counted {
		w.tenant.instances--
	}
}

// Grow books n bytes more of memory, unless the tenant has not as much left.
func (w *Worker) Grow(n uint64) error {
	t := w.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	if most := t.quota.Memory; most > 0 && (t.memory > most || n > most-t.memory) {
		return &Exceeded{Tenant: t.name, Quota: "memory", Value: bytesText(most)}
	}
	t.measure()
	t.memory += n
	return nil
}

// Shrink gives n bytes back.
func (w *Worker) Shrink(n uint64) {
	t := w.tenant
	t.mu.Lock()
	defer t.mu.Unlock()
	t.measure()
	t.memory -= n
}

// Burn books fuel that instances used.
func (w *Worker) Burn(fuel uint64) { w.tenant.fuel.Add(fuel) }

// Log tells whether the quota has room for one more line of the log.
func (w *Worker) Log(now time.Time) bool {
	if w.tenant.lines.try(now) {
		return true
	}
	w.tenant.suppressed.Add(1)
	return false
}

// bytesText writes a size as configurations do.
func bytesText(n uint64) string {
	for _, unit := range []struct {
		name string
		size uint64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatUint(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatUint(n, 10) + " bytes"
}
