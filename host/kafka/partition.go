package kafka

import (
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// partition is one partition for as long as the source owns it: its lane, its
// account, and the flag that ends both. It implements event.Offsets.
//
// The client marks whatever it is told to, of partitions that it no longer owns
// too, and a mark after a revoke puts the partition back among those that it
// commits: over the new owner's head. So the flag is set and the mark made
// under one lock, and a late acknowledgement finds the flag.
type partition struct {
	name   *event.Partition
	lane   event.Lane
	credit *credit
	mark   func(*kgo.Record) // tells the client what may be committed
	next   int64             // the offset expected next, negative when unknown; of the polling goroutine
	begin  int64             // where a bounded run begins without an offset of the group
	end    int64             // a bounded run reads up to here (exclusive); negative: no bound
	ended  bool              // a bounded run has fed all of it; of the polling goroutine
	passed *polled           // an empty run to feed before any records; guarded by the session's lock
	// damaged counts the fetches in a row that arrived damaged; of the polling goroutine.
	damaged int

	mu      sync.Mutex
	revoked bool
	account tracker.Tracker
	marked  kgo.Record // reused for mark
	// held is what was fed and not given back yet.
	heldRecords, heldBytes int
	done                   func() // see whenDone
	progress               progress
}

// feed hands records to the lane. Their fetch began at offset first and has seen
// the log up to offset end.
func (p *partition) feed(r *polled, first, end int64) {
	p.mu.Lock()
	p.heldRecords += r.Len()
	p.heldBytes += r.size
	p.progress.feed(r, first, end, time.Now())
	p.mu.Unlock()
	p.credit.take(r.Len(), r.size)
	p.lane.Feed(r)
}

// Begin implements event.Offsets.
func (p *partition) Begin(next int64, epoch int32, count, size int) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return uint64(p.account.Begin(tracker.Position{Next: next, Epoch: epoch}, count, size))
}

// Truncate implements event.Offsets.
func (p *partition) Truncate(batch uint64, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.account.Truncate(tracker.Batch(batch), next)
}

// End implements event.Offsets.
func (p *partition) End(batch uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revoked {
		return
	}
	position, moved, count, size := p.account.End(tracker.Batch(batch))
	p.heldRecords -= count
	p.heldBytes -= size
	if moved {
		p.progress.ended(position.Next)
		p.marked = kgo.Record{
			Topic:       p.name.Topic,
			Partition:   p.name.Number,
			Offset:      position.Next - 1,
			LeaderEpoch: position.Epoch,
		}
		p.mark(&p.marked)
	}
	p.credit.give(count, size)
	p.tellDone()
}

// whenDone calls f once all that was fed has ended, unless the ownership ends
// before. f must not wait.
func (p *partition) whenDone(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = f
	p.tellDone()
}

func (p *partition) tellDone() {
	if p.done != nil && p.heldRecords == 0 && !p.revoked {
		p.done()
		p.done = nil
	}
}

// revoke ends the ownership: from here on acknowledgements change nothing.
func (p *partition) revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.revoked {
		return
	}
	p.revoked = true
	p.credit.give(p.heldRecords, p.heldBytes)
}
