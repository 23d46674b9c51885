// Package tap shows events between the processors of a pipeline.
//
// A Point stands around a processor. While nobody looks, it costs a batch one
// read of an atomic. A Tap is somebody who looks: lanes copy for it what passes, as
// much as its budget allows, into a queue that nobody waits for; what does not fit
// is counted and gone. So a tap sees a part of the events, and never holds one up.
package tap

import (
	"bytes"
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// Config says what a tap shows.
type Config struct {
	// Processor is the only one to look at; "" is all.
	Processor string
	// Topic is that of the record, "" any; Key is the event's, nil any.
	Topic string
	Key   []byte
	// Where is what one of the events before or after has to be like; nil is
	// anything.
	Where *Condition
	// Rate is how many records are shown a second, at most.
	Rate int
	// Redact is what nobody sees.
	Redact *Redaction
}

// How much a tap takes.
const (
	// slice is how often the budget of the lanes is filled, burst what is saved
	// for later.
	slice = 20 * time.Millisecond
	burst = 200 * time.Millisecond
	// maxLooks bounds, a second, what is copied to be held against a condition.
	maxLooks = 10_000
	queued   = 256
	// maxHeld is the bytes of what is in the queue.
	maxHeld = 8 << 20
	// maxValue is what is kept of one payload.
	maxValue = 64 << 10
	// maxEvents is how many are shown of what came of one record.
	maxEvents = 16
)

// Exchange is what a processor made of the events of one record.
type Exchange struct {
	Processor string
	// From, Offset and At are of the record.
	From   *event.Partition
	Offset int64
	At     time.Time
	// Before are the events of the record that the processor was given, After
	// those that it returned.
	Before, After []Event
	// More is how many events of both are left out.
	More int
	// Failure is why one of them failed; nil if none did.
	Failure *event.Failure
	// Filter says that the processor is a filter: no event after means that it did
	// not pass.
	Filter bool
	size   int
}

// Event is a copy of an event.
type Event struct {
	event.Event
	// Cut is how long the value was, when it is not whole.
	Cut int
}

// Counts say what a tap saw and what it did not.
type Counts struct {
	// Shown exchanges were shown. Looked is how many were copied to be looked at.
	Shown, Looked uint64
	// Missed records passed without a look, since the budget was used up; Dropped
	// exchanges were copied, and found no room.
	Missed, Dropped uint64
}

// Tap is somebody who looks.
type Tap struct {
	cfg    Config
	budget atomic.Int64 // looks that are left in this slice
	held   atomic.Int64 // bytes
	queue  chan *Exchange
	seed   maphash.Seed
	chosen [1024]atomic.Uint64 // records that were looked at, to be followed

	looked, missed, dropped atomic.Uint64
	shown                   uint64
}

// New makes a tap. It sees nothing before Run.
func New(cfg Config) *Tap {
	return &Tap{cfg: cfg, queue: make(chan *Exchange, queued), seed: maphash.MakeSeed()}
}

// Run hands what the tap sees to show until ctx ends, or a call-back fails. idle is
// called at the beginning, and about once a second.
func (t *Tap) Run(ctx context.Context, show func(*Exchange) error, idle func(Counts) error) error {
	looks := t.cfg.Rate
	if t.cfg.Where != nil {
		looks = maxLooks
	}
	allowance, showing := credit{rate: looks}, credit{rate: t.cfg.Rate}
	showing.fill(time.Second)
	allowance.fill(burst) // something to begin with
	t.budget.Store(allowance.take())
	if err := idle(Counts{}); err != nil {
		return err
	}
	most := max(int64(float64(looks)*burst.Seconds()), 1)
	filling, telling := time.NewTicker(slice), time.NewTicker(time.Second)
	defer filling.Stop()
	defer telling.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-filling.C:
			allowance.fill(slice)
			showing.fill(slice)
			if t.budget.Load() < most {
				t.budget.Add(allowance.take())
			}
		case <-telling.C:
			if err := idle(t.Counts()); err != nil {
				return err
			}
		case x := <-t.queue:
			t.held.Add(-int64(x.size))
			t.cfg.Redact.apply(x)
			if w := t.cfg.Where; w != nil {
				if !w.holdsFor(x) {
					continue
				}
				if !showing.spend() {
					t.dropped.Add(1)
					continue
				}
			}
			t.shown++
			if err := show(x); err != nil {
				return err
			}
		}
	}
}

// Counts is called from within Run, or after it.
func (t *Tap) Counts() Counts {
	return Counts{Shown: t.shown, Looked: t.looked.Load(), Missed: t.missed.Load(), Dropped: t.dropped.Load()}
}

// credit is what may be had at a rate a second, saved for a second at most.
type credit struct {
	rate int
	left float64
}

func (c *credit) fill(d time.Duration) {
	c.left = min(c.left+float64(c.rate)*d.Seconds(), max(float64(c.rate), 1))
}

// take gives what is whole.
func (c *credit) take() int64 {
	whole := int64(c.left)
	c.left -= float64(whole)
	return whole
}

func (c *credit) spend() bool {
	if c.left < 1 {
		return false
	}
	c.left--
	return true
}

// Board is where the taps of one pipeline are, for all its points: those of a
// chain that is replaced, too.
type Board struct {
	mu   sync.Mutex
	taps atomic.Pointer[[]*Tap] // nil when nobody looks
}

// Point is the place around a processor.
type Point struct {
	Board *Board
	Name  string
	// Filter says that the processor lets events through or not, First that it is
	// the first of its chain.
	Filter, First bool
}

// Attach lets a tap see, until detach is called.
func (b *Board) Attach(t *Tap) (detach func()) {
	b.change(func(taps []*Tap) []*Tap { return append(taps, t) })
	return func() {
		b.change(func(taps []*Tap) []*Tap { return slices.DeleteFunc(taps, func(other *Tap) bool { return other == t }) })
	}
}

// change gives a copy of the taps to a function, and makes of it what they are.
func (b *Board) change(to func([]*Tap) []*Tap) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var now []*Tap
	if old := b.taps.Load(); old != nil {
		now = slices.Clone(*old)
	}
	if now = to(now); len(now) > 0 {
		b.taps.Store(&now)
	} else {
		b.taps.Store(nil)
	}
}

// chooses tells whether a tap looks at a record: at the first processor that it
// sees, as far as its budget goes, and behind that if it did so there. So a record is
// seen on all of its way, or not at all.
func (t *Tap) chooses(p *Point, e *event.Event) bool {
	record := struct {
		from   *event.Partition
		offset int64
	}{e.From, e.Offset}
	id := max(maphash.Comparable(t.seed, record), 1)
	place := &t.chosen[id%uint64(len(t.chosen))]
	if !p.First && t.cfg.Processor == "" {
		return place.Load() == id
	}
	if !t.spend() {
		t.missed.Add(1)
		return false
	}
	place.Store(id)
	return true
}

// spend takes one look from the budget.
func (t *Tap) spend() bool {
	for {
		left := t.budget.Load()
		if left <= 0 {
			return false
		}
		if t.budget.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// wants tells whether a tap is interested in an event.
func (t *Tap) wants(e *event.Event) bool {
	return (t.cfg.Topic == "" || e.From.Topic == t.cfg.Topic) && (t.cfg.Key == nil || bytes.Equal(e.Key, t.cfg.Key))
}
