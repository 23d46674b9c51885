package kafka

import (
	"sync"
	"time"
)

// waits adds up the time that is spent waiting, by each of those who wait at
// once and by those who wait still: a stall must show while it lasts. Only who
// has to wait touches it.
type waits struct {
	mu      sync.Mutex
	waiting int
	total   time.Duration // up to since
	since   time.Time
}

func (w *waits) begin() { w.change(1) }
func (w *waits) end()   { w.change(-1) }

// read is the total so far. It never falls.
func (w *waits) read() time.Duration { return w.change(0) }

func (w *waits) change(by int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.waiting > 0 {
		w.total += time.Duration(w.waiting) * now.Sub(w.since)
	}
	w.since = now
	w.waiting += by
	return w.total
}

// Waited is how long the source did not read because as much was in flight as
// may be.
func (s *Source) Waited() time.Duration { return s.waits.read() }

// Waited is how long writes waited for room in the sink, summed over them.
func (s *Sink) Waited() time.Duration { return s.waits.read() }

// full tells whether n more records would have to wait in the client, if those
// that are being handed to it are counted as there. Their size is taken for that of
// those that are in it.
func (s *Sink) full(n int64) bool {
	client := s.client.Load()
	records := client.BufferedProduceRecords()
	if records+n > s.maxRecords {
		return true
	}
	return records > 0 && client.BufferedProduceBytes()*(records+n)/records > s.maxBytes
}
