package tenant

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Scheduler shares CPU slots among accounts. Whoever wants to compute takes a
// slot and gives it back; while slots are free that is all there is to it. When
// they are not, the next free slot goes to the account that has had the least time
// for its weight, and who computes for long hands its slot over in between. Time
// that an account does not use is used by others, and is not saved up.
//
// An account that has no slot and has had less than one that computes need not
// wait for that: it gets a slot in advance, and the next who can gives one back.
type Scheduler struct {
	pressed atomic.Bool // somebody waits, or has a slot in advance

	mu       sync.Mutex
	free     int        // below zero: in advance
	advances int        // the most of those
	virtual  float64    // the virtual time of whom a slot was last given to; it never falls
	waiting  []*account // those with a queue
	running  []*account // those with slots
	timer    *time.Timer
	epoch    time.Time
}

// NewScheduler makes a scheduler of a number of slots, which is at least one. As
// many more are given in advance.
func NewScheduler(slots int) *Scheduler {
	slots = max(slots, 1)
	return &Scheduler{free: slots, advances: slots, epoch: time.Now()}
}

// account is what the scheduler knows of a tenant. The scheduler's lock guards it.
type account struct {
	scheduler *Scheduler
	weight    float64
	capacity  float64 // slots that it may use on average; 0 is all
	credit    float64 // of the capacity, in ns; what is computed with none left comes off the next
	filled    time.Time

	virtual float64 // ns computed and charged, by weight
	running int
	open    time.Duration // since the scheduler's epoch, summed over what is not charged yet
	queue   []*Worker
	spent   time.Duration
	waited  time.Duration // of workers in the queue
}

// capBurst is how long an account may compute at once before its capacity
// bounds it.
const capBurst = float64(100 * time.Millisecond)

func (a *account) share(weight, capacity float64, now time.Time) {
	a.scheduler.mu.Lock()
	defer a.scheduler.mu.Unlock()
	a.refill(now)
	if a.capacity == 0 {
		a.credit = capBurst * capacity
	}
	a.weight, a.capacity = weight, capacity
	a.scheduler.dispatch(now) // which a higher capacity may allow
}

func (a *account) refill(now time.Time) {
	if d := now.Sub(a.filled); d > 0 {
		a.credit = min(a.credit+a.capacity*float64(d), a.capacity*capBurst)
		a.filled = now
	}
}

// capped tells for how long the capacity allows nothing more.
func (a *account) capped(now time.Time) time.Duration {
	if a.capacity == 0 {
		return 0
	}
	a.refill(now)
	if a.credit > 0 {
		return 0
	}
	return max(time.Duration(-a.credit/a.capacity), 100*time.Microsecond)
}

// now is the account's virtual time with what is not charged yet.
func (a *account) now(now time.Time) float64 {
	return a.virtual + float64(time.Duration(a.running)*now.Sub(a.scheduler.epoch)-a.open)/a.weight
}

// charge books the time since the worker was last charged.
func (w *Worker) charge(now time.Time) {
	a, d := &w.tenant.cpu, now.Sub(w.since)
	w.since = now
	a.open += d
	if d <= 0 {
		return
	}
	a.spent += d
	a.virtual += float64(d) / a.weight
	if a.capacity > 0 {
		a.refill(now)
		a.credit -= float64(d)
	}
}

// Enter waits for a slot, or for the end of ctx, which is its error.
func (w *Worker) Enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	a := &w.tenant.cpu
	s := a.scheduler
	now := time.Now()
	s.mu.Lock()
	if a.running == 0 && len(a.queue) == 0 {
		a.virtual = max(a.virtual, s.virtual) // what was not used is not saved up
	}
	if (s.free > 0 || s.due(a, now)) && a.capped(now) == 0 {
		s.grant(w, now)
		s.mu.Unlock()
		return nil
	}
	s.enqueue(w, now, len(a.queue))
	s.dispatch(now) // sets the timer of a capacity
	s.mu.Unlock()
	return w.await(ctx)
}

// Yield is called by who has computed for a while. When somebody else is to have
// the slot, it waits for another one. It returns how long that took.
func (w *Worker) Yield(ctx context.Context) time.Duration {
	a := &w.tenant.cpu
	s := a.scheduler
	runtime.Gosched() // to what the host has to do, which is short
	if !s.pressed.Load() && !w.tenant.isCapped.Load() {
		return 0
	}
	began := time.Now()
	s.mu.Lock()
	if !w.held {
		s.mu.Unlock()
		return 0
	}
	w.charge(began)
	if a.capped(began) == 0 && s.keeps(a, began) {
		s.virtual = max(s.virtual, s.least())
		s.mu.Unlock()
		return 0
	}
	s.release(w)
	s.enqueue(w, began, 0)
	s.dispatch(began)
	s.mu.Unlock()
	_ = w.await(ctx) // who asks for time looks at ctx himself
	return time.Since(began)
}

// Leave gives the slot back, if there is one.
func (w *Worker) Leave() {
	s := w.tenant.cpu.scheduler
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.held {
		return
	}
	w.charge(now)
	s.release(w)
	s.dispatch(now)
}

// await waits until the worker was given a slot. When ctx ends before, it has
// none.
func (w *Worker) await(ctx context.Context) error {
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	a := &w.tenant.cpu
	s := a.scheduler
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.held { // meanwhile
		<-w.ready
		s.release(w)
		s.dispatch(now)
	} else {
		s.dequeue(a, slices.Index(a.queue, w), now)
	}
	return context.Cause(ctx)
}

func (s *Scheduler) enqueue(w *Worker, now time.Time, at int) {
	a := &w.tenant.cpu
	if len(a.queue) == 0 {
		s.waiting = append(s.waiting, a)
	}
	w.since = now
	a.queue = slices.Insert(a.queue, at, w)
	s.press()
}

// press brings pressed up to date.
func (s *Scheduler) press() { s.pressed.Store(s.free < 0 || len(s.waiting) > 0) }

func (s *Scheduler) dequeue(a *account, at int, now time.Time) *Worker {
	w := a.queue[at]
	a.queue = slices.Delete(a.queue, at, at+1)
	a.waited += now.Sub(w.since)
	if len(a.queue) == 0 {
		s.waiting = slices.DeleteFunc(s.waiting, func(b *account) bool { return b == a })
	}
	s.press()
	return w
}

func (s *Scheduler) grant(w *Worker, now time.Time) {
	a := &w.tenant.cpu
	s.free--
	s.virtual = max(s.virtual, a.virtual)
	if a.running++; a.running == 1 {
		s.running = append(s.running, a)
	}
	w.held, w.since = true, now
	a.open += now.Sub(s.epoch)
	s.press()
}

func (s *Scheduler) release(w *Worker) {
	a := &w.tenant.cpu
	s.free++
	a.open -= w.since.Sub(s.epoch)
	if a.running--; a.running == 0 {
		s.running = slices.DeleteFunc(s.running, func(b *account) bool { return b == a })
	}
	w.held = false
	s.press()
}

// due tells whether an account may have a slot in advance: it has none, and an
// account with one has had as much, and more by now.
func (s *Scheduler) due(a *account, now time.Time) bool {
	return a.running == 0 && len(a.queue) == 0 && -s.free < s.advances &&
		slices.ContainsFunc(s.running, func(b *account) bool { return b.now(now) >= a.virtual })
}

// keeps tells whether an account that computes and was charged goes on with its slot.
// A slot given in advance is taken from the one who has had the most.
func (s *Scheduler) keeps(a *account, now time.Time) bool {
	if s.free < 0 {
		return slices.ContainsFunc(s.running, func(b *account) bool { return b != a && b.now(now) > a.virtual })
	}
	next := s.next(now)
	return next == nil || next.virtual >= a.virtual
}

// least is the least virtual time of those that compute, of whom there is one.
func (s *Scheduler) least() float64 {
	least := s.running[0].virtual
	for _, a := range s.running[1:] {
		least = min(least, a.virtual)
	}
	return least
}

// next is the account whose turn it is among those that wait and may compute.
func (s *Scheduler) next(now time.Time) *account {
	var next *account
	for _, a := range s.waiting {
		if (next == nil || a.virtual < next.virtual) && a.capped(now) == 0 {
			next = a
		}
	}
	return next
}

// dispatch gives out the free slots. Where only accounts wait that have used up
// their capacity, it comes back as soon as one has some again.
func (s *Scheduler) dispatch(now time.Time) {
	for s.free > 0 {
		a := s.next(now)
		if a == nil {
			break
		}
		w := s.dequeue(a, 0, now)
		s.grant(w, now)
		w.ready <- struct{}{}
	}
	if s.free <= 0 || len(s.waiting) == 0 {
		return
	}
	soonest := s.waiting[0].capped(now)
	for _, a := range s.waiting[1:] {
		soonest = min(soonest, a.capped(now))
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(soonest, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dispatch(time.Now())
	})
}
