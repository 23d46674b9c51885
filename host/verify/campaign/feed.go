package campaign

import (
	"context"
	"sync"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/verify"
)

// feed sends the inputs in shares, one before each fault and one behind the
// last, so that every fault meets work.
type feed struct {
	c      *campaign
	shares int

	mu      sync.Mutex
	counts  []int64 // by partition; counted before they are sent
	share   int     // the share that is let out
	stopped bool    // nothing more is sent
	done    bool    // and what was sent is acknowledged

	woken   chan struct{} // holds a token when anything has changed, for who waits for outputs
	changed chan struct{} // the same for the feeder
}

func (f *feed) begin(c *campaign, faults int) {
	f.c, f.shares, f.counts = c, faults+1, make([]int64, partitions)
	f.woken, f.changed = make(chan struct{}, 1), make(chan struct{}, 1)
}

const (
	// burst is how many inputs are sent at once.
	burst = 400
	// window is how many inputs may be on their way, so that what is left when
	// the time is over is soon processed.
	window = 20_000
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
	}
	return ctx.Err()
}

// take makes the next inputs; none while a fault or outputs are awaited, and no
// more when everything is sent.
func (f *feed) take() (records []broker.Record, more bool) {
	free := f.c.arrived() + window
	f.mu.Lock()
	defer f.mu.Unlock()
	sent := sum(f.counts)
	if f.stopped || sent >= f.c.Events {
		return nil, false
	}
	n := min(f.limit(f.share), free, sent+burst) - sent
	for range max(n, 0) {
		records = append(records, f.make(int32(sent%partitions)))
		sent++
	}
	return records, true
}

// limit is how many inputs there are at the end of a share.
func (f *feed) limit(share int) int64 {
	return f.c.Events * int64(min(share+1, f.shares)) / int64(f.shares)
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

// release lets the share behind another fault out.
func (f *feed) release(share int) {
	f.mu.Lock()
	f.share = share
	f.mu.Unlock()
	token(f.changed)
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
	for p := range int32(partitions) {
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
