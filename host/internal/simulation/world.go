// Package simulation runs the whole event path in fake time: several members
// of one consumer group, each a kafka.Source, a pipeline and a kafka.Sink,
// against a broker in memory, while a nemesis hurts what it can. A seed says
// what the world looks like, what the nemesis does and how long answers take;
// then the outputs, the commits and the books are checked against a model.
//
// The Kafka client needs its build tag for fake time:
//
//	go test -tags synctests ./host/internal/simulation -run TestSeeds -seeds 2000 -seed 17
//
// One seed gives one schedule, but goroutines that are ready at the same
// instant run in any order: a seed is likely, not certain, to fail again.
package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weirhq/weir/host/pipeline"
)

// World is what a seed decides before anything runs.
type World struct {
	Seed uint64
	// Brokers, the partitions of the input and of each output, the members at
	// the start.
	Brokers, Inputs, Outputs, Members int
	// Records are produced in all, some of them before the first member starts.
	Records int
	// Transactions says that some are written in transactions, of which some
	// are aborted.
	Transactions bool
	// Batch and InFlight bound a member.
	Batch, InFlight int
	// Assignor, Session and Rebalance are the group's.
	Assignor           string
	Session, Rebalance time.Duration
	// Pause is the most that a batch takes in the processors.
	Pause time.Duration
	// Ordering and Lanes are the pipelines'.
	Ordering pipeline.Ordering
	Lanes    int
	// OnReject is the rule for events that the router rejects. With attempts it
	// rejects each event that fans out every other time, too.
	OnReject pipeline.Rule
	// Graceful says that the nemesis does nothing that costs a member its
	// partitions: there must be no duplicate then.
	Graceful bool
	// Bounded runs end at the ends seen at their start.
	Bounded bool
	// Chosen says that there is one member at a time, which chooses all partitions
	// instead of joining the group.
	Chosen bool
	// Options are more options of the members, as section.name=value.
	Options []string
	// Siege is how long the nemesis goes on.
	Siege time.Duration
	// ExactlyOnce says that members deliver so, in transactions that they end
	// after Interval and the brokers after Timeout.
	ExactlyOnce       bool
	Interval, Timeout time.Duration
	// Version is the brokers' version of Kafka, where it is not the newest.
	Version string
}

// Draw makes the world of a seed.
func Draw(seed uint64) World {
	r := rand.New(rand.NewPCG(seed, 1))
	w := World{
		Seed:         seed,
		Brokers:      1 + r.IntN(3),
		Inputs:       1 + r.IntN(4),
		Outputs:      1 + r.IntN(3),
		Members:      1 + r.IntN(3),
		Records:      300 + r.IntN(1200),
		Transactions: r.IntN(3) == 0,
		Batch:        []int{1, 7, 32, 256}[r.IntN(4)],
		InFlight:     []int{20, 100, 400}[r.IntN(3)],
		Assignor:     []string{"cooperative-sticky", "range,roundrobin"}[r.IntN(2)],
		Session:      2 * time.Second,
		Rebalance:    time.Duration(2+r.IntN(6)) * time.Second,
		Pause:        time.Duration(r.IntN(40)) * time.Millisecond,
		OnReject:     pipeline.Rule{Then: pipeline.DeadLetter},
		Graceful:     r.IntN(3) == 0,
		Siege:        time.Duration(15+r.IntN(30)) * time.Second,
	}
	if r.IntN(4) == 0 {
		w.Options = append(w.Options, "sink.watermark.high=60", fmt.Sprintf("sink.watermark.low=%d", r.IntN(60)))
	}
	if w.Graceful {
		w.Rebalance, w.Session = time.Minute, 30*time.Second
	}
	if r.IntN(3) == 0 {
		w.OnReject.Retry = pipeline.Retry{Max: 1 + r.IntN(3), Backoff: 30 * time.Millisecond, MaxBackoff: 200 * time.Millisecond, Jitter: 0.5}
	}
	if r.IntN(6) == 0 {
		w.Chosen, w.Members = true, 1
	}
	w.Ordering, w.Lanes = drawOrdering(rand.New(rand.NewPCG(seed, 6)))
	return w
}

func drawOrdering(r *rand.Rand) (pipeline.Ordering, int) {
	switch r.IntN(4) {
	case 0:
		return pipeline.ByKey, 2 + r.IntN(4)
	case 1:
		return pipeline.Unordered, 2 + r.IntN(4)
	}
	return pipeline.ByPartition, 1
}

// DrawExactlyOnce makes the world of a seed whose members deliver exactly once.
func DrawExactlyOnce(seed uint64) World {
	w := Draw(seed)
	r := rand.New(rand.NewPCG(seed, 5))
	if w.Chosen {
		w.Chosen, w.Members = false, 1+r.IntN(3)
	}
	w.ExactlyOnce = true
	w.Interval = []time.Duration{20, 100, 300, 1000}[r.IntN(4)] * time.Millisecond
	w.Timeout = []time.Duration{3, 10, 60}[r.IntN(3)] * time.Second
	if r.IntN(4) == 0 {
		w.Version = "3.9.0" // the last one with the first version of transactions
	}
	if w.Graceful { // an end that is refused for long must not cost a transaction
		w.Timeout = time.Minute
	}
	return w
}

func (w World) String() string {
	text := w.text()
	if w.ExactlyOnce {
		text += fmt.Sprintf(", exactly once in transactions of %v, timeout %v, brokers %q", w.Interval, w.Timeout, w.Version)
	}
	return text
}

func (w World) text() string {
	return fmt.Sprintf("seed %d: %d brokers, %d input and %d output partitions, %d members, %d records (transactions %v), "+
		"batch %d, in flight %d, order by %s in %d lanes, %s, rebalance timeout %v, pause %v, on reject %v, graceful %v, chosen %v, siege %v",
		w.Seed, w.Brokers, w.Inputs, w.Outputs, w.Members, w.Records, w.Transactions,
		w.Batch, w.InFlight, w.Ordering, w.Lanes, w.Assignor, w.Rebalance, w.Pause, w.OnReject, w.Graceful, w.Chosen, w.Siege)
}
