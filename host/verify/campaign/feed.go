package campaign

import (
	"context"
	"sync"
	"time"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/verify"
)

// feed sends the inputs in shares, one before each fault and one behind the
// last, so that every fault meets work.
type feed struct {
	c      *campaign
	shares []int64 // how many inputs there are at the end of each

	mu      sync.Mutex
	counts  []int64 // by partition; counted before they are sent
	turn    int     // the partition of the next input
	share   int     // the share that is let out
	slow    bool    // a fault lasts, and input should, too
	held    bool    // nothing is sent for now
	final   bool    // no fault comes any more
	stopped bool    // nothing more is sent
	done    bool    // and what was sent is acknowledged

	woken   chan struct{} // holds a token when anything has changed, for who waits for outputs
	changed chan struct{} // the same for the feeder
}

func (f *feed) begin(c *campaign) {
	f.c, f.counts = c, make([]int64, partitions)
	f.woken, f.changed = make(chan struct{}, 1), make(chan struct{}, 1)
}

const (
	// burst is how many inputs are sent at once.
	burst = 400
	// window is how many inputs may be on their way, so that what is left when
	// the time is over is soon processed.
	window = 20_000
	// breath is what lies between two bursts while a fault lasts.
	breath = 40 * time.Millisecond
)

// run sends until all is sent, running ends, or the feed is cut. What has
// begun to be sent is sent.
func (f *feed) run(ctx, running context.Context) error {
	for running.Err() == nil {
		records, more := f.take()
		if !more {
			return nil
		}
		if len(records) == 0 {
			select {
			case <-f.changed:
			case <-running.Done():
			}
			continue
		}
		if err := f.c.client.Produce(ctx, records...); err != nil {
			return err
		}
		if f.isSlow() {
			if err := sleep(running, breath); err != nil {
				return nil // the time is over
			}
		}
	}
	return ctx.Err()
}

// take makes the next inputs; none while a fault or outputs are awaited, and no
// more when everything is sent.
func (f *feed) take() (records []broker.Record, more bool) {
	free := f.c.arrived() + window
	f.mu.Lock()
	defer f.mu.Unlock()
	sent, limit := sum(f.counts), f.limit()
	if f.stopped || f.final && sent >= limit {
		return nil, false
	}
	if f.held {
		return nil, true
	}
	n := min(limit, free, sent+burst) - sent
	for range max(n, 0) {
		records = append(records, f.make(int32(f.turn%len(f.counts))))
		f.turn++
	}
	return records, true
}

func (f *feed) make(partition int32) broker.Record {
	o := verify.Origin{Partition: partition, Seq: f.counts[partition]}
	f.counts[partition]++
	in := f.c.work.Input(o)
	return broker.Record{
		Topic: f.c.input(), Partition: partition, Key: in.Key, Value: in.Value,
		Headers: []broker.Header{{Name: verify.OriginHeader, Value: f.c.work.Header(o)}},
	}
}

// limit is how many inputs there may be by now. Where the faults took more than
// was dealt out to them, there is more than was asked for: a fault without work
// shows nothing. f.mu is held.
func (f *feed) limit() int64 {
	all := f.shares[len(f.shares)-1]
	over := int64(f.share - len(f.shares) + 1)
	switch {
	case over <= 0 && !f.final:
		return f.shares[f.share]
	case over <= 0:
		return all
	}
	return all + over*max(all/int64(len(f.shares)), 1)
}

// idle tells whether all that may be sent has come out.
func (f *feed) idle(arrived int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return arrived >= f.limit()
}

// finish lets out what is left, behind the last fault.
func (f *feed) finish() {
	f.mu.Lock()
	f.final = true
	f.mu.Unlock()
	token(f.changed)
}

// release lets the share behind another fault out.
func (f *feed) release(share int) {
	f.mu.Lock()
	f.share = max(f.share, share)
	f.mu.Unlock()
	token(f.changed)
}

// more lets another share out, before its time.
func (f *feed) more() {
	f.mu.Lock()
	f.share++
	f.mu.Unlock()
	token(f.changed)
}

// last makes the input last for as long as a fault does.
func (f *feed) last(slow bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = slow
}

func (f *feed) isSlow() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slow
}

// hold stops the feeding for a while, or goes on with it.
func (f *feed) hold(held bool) {
	f.mu.Lock()
	f.held = held
	f.mu.Unlock()
	token(f.changed)
}

// grow makes inputs for one partition more.
func (f *feed) grow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts = append(f.counts, 0)
}

// cut ends the feeding.
func (f *feed) cut() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	token(f.changed)
}

// end says that everything that was sent is acknowledged.
func (f *feed) end() {
	f.mu.Lock()
	f.done = true
	f.mu.Unlock()
	f.wake()
}

func (f *feed) ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// sent is how many inputs there are, by partition.
func (f *feed) sent() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]int64(nil), f.counts...)
}

// fresh makes one more input for each partition.
func (f *feed) fresh() (records []broker.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range int32(len(f.counts)) {
		records = append(records, f.make(p))
	}
	return records
}

// wake tells the feeder and who waits for outputs that something has changed.
func (f *feed) wake() {
	token(f.woken)
	token(f.changed)
}

func token(into chan struct{}) {
	select {
	case into <- struct{}{}:
	default: // one is there already
	}
}
