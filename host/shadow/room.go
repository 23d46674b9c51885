package shadow

import (
	"context"
	"sync"
	"time"
)

// Room is where the candidates of a process work, and how much of it they have
// together.
type Room struct {
	life    context.Context // of the candidates: their batches may end after those of the lanes
	cut     context.CancelFunc
	working sync.WaitGroup

	rate   float64 // seconds of processor time a second
	mu     sync.Mutex
	budget time.Duration
	last   time.Time
}

// burst is how long a room saves up what is not used.
const burst = time.Second

// NewRoom makes a room of so many cores, such as 0.5.
func NewRoom(cores float64) *Room {
	r := &Room{rate: cores}
	r.life, r.cut = context.WithCancel(context.Background())
	return r
}

// Close waits for what is being compared, until ctx ends, and cuts it then. All
// lanes must be closed before.
func (r *Room) Close(ctx context.Context) {
	stop := context.AfterFunc(ctx, r.cut)
	defer stop()
	r.working.Wait()
	r.cut()
}

// free tells whether there is time to spend.
func (r *Room) free(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	gained := burst
	if !r.last.IsZero() {
		gained = min(burst, now.Sub(r.last))
	}
	r.last = now
	r.budget = min(r.budget+time.Duration(float64(gained)*r.rate), time.Duration(float64(burst)*r.rate))
	return r.budget > 0
}

// charge takes off what was spent.
func (r *Room) charge(spent time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.budget -= spent
}
