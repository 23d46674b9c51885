package kafka

import (
	"strings"

	"github.com/weirhq/weir/host/event"
)

// damageTries is how often in a row a batch may arrive damaged: what is damaged
// on its way comes well the next time, what is damaged on the broker's disk never does.
const damageTries = 5

// damaged tells whether records did not have the checksum of their batch, of
// which the client has no error value. It fetches them again.
func damaged(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "encoded crc ") && strings.Contains(text, "does not match")
}

// unreadable tells whether what was fetched is no batch of records, which the
// client in part passes over.
func unreadable(err error) bool {
	text := err.Error()
	for _, prefix := range []string{"encoded crc ", "encoded length ", "unable to read ", "unknown magic ", "unknown batch magic ", "invalid record batch"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

const unreadableRemedy = "the records were damaged on their way or on the broker's disk, and nothing behind them was committed: start the pipeline again; " +
	"if it fails at the same place, restore them from a replica, or give them up by moving the group's offset behind them"

// fetchedAgain tells whether a damaged batch of a partition may be fetched once
// more. Records that arrive well begin the count anew.
func (r *session) fetchedAgain(topic string, number int32) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.partitions[event.Partition{Topic: topic, Number: number}]
	if p == nil {
		return true // it is another's by now
	}
	p.damaged++
	return p.damaged < damageTries
}
