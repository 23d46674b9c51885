package kafka

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// A batch of few bytes can decompress to any number of them. The client gives up
// decompressing at a bound, and reads nothing more of the partition.

// stretchOver is a batch that is passed over, or several in a row: reading that has
// got to from, or behind it and before to, goes on at to. A negative from is where a partition
// begins of which the group has committed nothing.
type stretchOver struct {
	from, to int64
	epoch    int32 // of the leader that wrote the last of them
}

// at tells whether reading that begins at an offset begins with the batch.
func (s stretchOver) at(offset int64) bool {
	if s.from < 0 {
		return offset < s.to
	}
	return s.from <= offset && offset < s.to
}

// errPassOver ends a session one of whose partitions has got to a batch that is
// to be passed over. The client cannot do so itself without taking for committed
// what has not ended.
type errPassOver struct {
	partition event.Partition
	batch     stretchOver
	count     int64 // of its offsets
	error
}

func (e *errPassOver) Unwrap() error { return e.error }

// oversized treats a batch that is too large decompressed, as on_oversized_batch
// says. It returns false when err is something else.
func (r *session) oversized(err error) bool {
	batch, ok := errors.AsType[*kgo.ErrDecompressTooLarge](err)
	if !ok {
		return false
	}
	name := event.Partition{Topic: batch.Topic, Number: batch.Partition}
	fault := fmt.Errorf("topic %s partition %d: the batch of the offsets %d to %d takes more than %s decompressed", name.Topic, name.Number,
		batch.Offset, batch.NextOffset-1, r.cfg.Options.String("max_decompressed_batch_bytes"))
	switch r.cfg.Options.String("on_oversized_batch") {
	case "skip":
		r.mu.Lock()
		p := r.partitions[name]
		r.mu.Unlock()
		if p != nil {
			over := stretchOver{p.next, batch.NextOffset, batch.Epoch}
			if before, ok := r.over[name]; ok && before.to == over.from { // which may not be committed yet
				over.from = before.from
			}
			p.whenDone(func() { r.stop(&errPassOver{name, over, batch.NextOffset - batch.Offset, fault}) })
		}
	case "hold":
		if r.bounds == nil {
			r.errors.Add(1)
			r.cfg.Log.Error("a partition is not read any further; the others are", zap.Error(fault), zap.String("remedy", oversizedRemedy))
			break
		}
		fallthrough // there is no end to wait for
	default:
		r.stop(withRemedy(fault, oversizedRemedy))
	}
	return true
}

const oversizedRemedy = "if such batches are meant, raise max_decompressed_batch_bytes of the source; on_oversized_batch: skip passes over them, hold leaves their partition where it is"

// passOver is where to go on instead of at an offset, if a batch that is passed
// over is there.
func (r *session) passOver(name event.Partition, at int64) (next int64, ok bool) {
	over, ok := r.over[name]
	if !ok || !over.at(at) {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.partitions[name]; p != nil {
		p.next = over.to
		p.passed = &polled{from: p.name, last: tracker.Position{Next: over.to, Epoch: over.epoch}}
	}
	return over.to, true
}

// tellPassed lets lanes know of batches that were passed over, as of stretches of
// the log that hold no event: the position moves over them. The client must know of
// the partition's offset by then, or it would forget the new one.
func (r *session) tellPassed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.partitions {
		p.feedPassed()
	}
}

// feedPassed comes before the records behind the batch. The session's lock is
// held.
func (p *partition) feedPassed() {
	if q := p.passed; q != nil {
		p.passed = nil
		p.feed(q, q.last.Next, q.last.Next)
	}
}
