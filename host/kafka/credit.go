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
	freed          chan struct{} // holds one token after something was given back
}

func newCredit(maxRecords, maxBytes int, w *waits) *credit {
	return &credit{maxRecords: maxRecords, maxBytes: maxBytes, waits: w, freed: make(chan struct{}, 1)}
}

func (c *credit) take(records, bytes int) {
	c.mu.Lock()
	c.records += records
	c.bytes += bytes
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
// cost more than they bring. It returns how many records may be polled, or 0
// when ctx ended.
func (c *credit) await(ctx context.Context) int {
	for full := false; ctx.Err() == nil; full = true {
		room := c.room()
		if room > 0 && (!full || room >= c.maxRecords/4) {
			return room
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
	return 0
}

func (c *credit) room() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes >= c.maxBytes {
		return 0
	}
	return max(c.maxRecords-c.records, 0)
}

// held is what is in flight.
func (c *credit) held() (records, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.records, c.bytes
}
