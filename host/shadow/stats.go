package shadow

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/host/event"
)

// counters are written by the lanes and their candidates.
type counters struct {
	compared, dropped, broken atomic.Uint64 // batches
	same                      atomic.Uint64 // records
	different                 [len(Kinds)]atomic.Uint64
	live, candidate           work
}

// work is what one side did in the batches that were compared.
type work struct {
	took   atomic.Int64
	used   atomic.Uint64
	failed [len(event.Classes)]atomic.Uint64
}

func (w *work) add(took time.Duration, used uint64, failed []verdict) {
	w.took.Add(int64(took))
	w.used.Add(used)
	for _, v := range failed {
		w.failed[v.f.Class.Index()].Add(1)
	}
}

// Stats is what a shadow has seen since it began.
type Stats struct {
	// Compared counts batches, Dropped those for which there was no capacity, and
	// Broken those of lanes in which the candidate cannot go on.
	Compared, Dropped, Broken uint64
	// Same counts records of which the same came; Different the others by the
	// first difference.
	Same      uint64
	Different map[Kind]uint64
	// Live and Candidate are what each took in the batches that were compared.
	Live, Candidate Work
}

// Work is what one side did.
type Work struct {
	Spent  time.Duration
	Fuel   uint64
	Failed map[event.Class]uint64
}

// Stats reads the counters.
func (s *Shadow) Stats() Stats {
	c := &s.counters
	stats := Stats{
		Compared: c.compared.Load(), Dropped: c.dropped.Load(), Broken: c.broken.Load(), Same: c.same.Load(),
		Different: map[Kind]uint64{}, Live: c.live.read(), Candidate: c.candidate.read(),
	}
	for i, kind := range Kinds {
		stats.Different[kind] = c.different[i].Load()
	}
	return stats
}

func (w *work) read() Work {
	r := Work{Spent: time.Duration(w.took.Load()), Fuel: w.used.Load(), Failed: map[event.Class]uint64{}}
	for i, class := range event.Classes {
		if n := w.failed[i].Load(); n > 0 {
			r.Failed[class] = n
		}
	}
	return r
}

// Example is a record of which the candidate made something else. It holds parts
// of payloads.
type Example struct {
	Kind      Kind   `json:"kind"`
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	// Live and Candidate are what differs, cut where it is long.
	Live      string `json:"live"`
	Candidate string `json:"candidate"`
}

// maxExamples is how many there are of a kind: the newest.
const maxExamples = 3

type examples struct {
	mu  sync.Mutex
	all [len(Kinds)][]Example
}

func (e *examples) add(x Example) {
	e.mu.Lock()
	defer e.mu.Unlock()
	of := &e.all[kindIndex(x.Kind)]
	if len(*of) == maxExamples {
		*of = slices.Delete(*of, 0, 1)
	}
	*of = append(*of, x)
}

// Examples are the newest differences of each kind.
func (s *Shadow) Examples() []Example {
	s.examples.mu.Lock()
	defer s.examples.mu.Unlock()
	return slices.Concat(s.examples.all[:]...)
}
