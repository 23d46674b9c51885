package kafka

import (
	"context"
	"sync"
)

// credit bounds what a source has in flight, in records and bytes. Not polling
// while there is none is the back-pressure of a pipeline: heartbeats go on
// without polls, so a slow sink costs no rebalance.
type credit struct {
	maxRecords, maxBytes int
	waits                *waits

	mu             sync.Mutex
	records, bytes int
	typical        int           // bytes of a record, as of late
	freed          chan struct{} // holds one token after something was given back
}

func newCredit(maxRecords, maxBytes int, w *waits) *credit {
	return &credit{maxRecords: maxRecords, maxBytes: maxBytes, waits: w, freed: make(chan struct{}, 1)}
}

func (c *credit) take(records, bytes int) {
	c.mu.Lock()
	c.records += records
	c.bytes += bytes
	if records > 0 {
		c.typical = (c.typical + bytes/records) / 2
	}
	c.mu.Unlock()
}

func (c *credit) give(records, bytes int) {
	c.mu.Lock()
	c.records -= records
	c.bytes -= bytes
	c.mu.Unlock()
	select {
	case c.freed <- struct{}{}:
	default:
	}
}

// await waits until a poll is worth its while: when the account was full, a
// quarter of it must be free again, since polls of a few records at the brim
// cost more than they bring. It returns how many records may be polled, and how
// many bytes of them; or 0 when ctx ended.
func (c *credit) await(ctx context.Context) (records, bytes int) {
	for full := false; ctx.Err() == nil; full = true {
		records, bytes := c.room()
		if records > 0 && bytes > 0 && (!full || records >= c.maxRecords/4 && bytes >= c.maxBytes/4) {
			return records, bytes
		}
		if !full {
			c.waits.begin()
			defer c.waits.end()
		}
		select {
		case <-c.freed:
		case <-ctx.Done():
		}
	}
	return 0, 0
}

func (c *credit) room() (records, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.maxRecords-c.records, 0), max(c.maxBytes-c.bytes, 0)
}

// fit is how many records may be polled that are to hold so many bytes, at least
// one. size is that of the records that wait to be polled, 0 when there are none.
func (c *credit) fit(bytes, size int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(bytes/max(size, c.typical, 1), 1)
}

// held is what is in flight.
func (c *credit) held() (records, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records, c.bytes
}
