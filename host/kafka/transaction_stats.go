package kafka

import "time"

// transactionStats counts the transactions of a pipeline.
type transactionStats struct {
	committed, aborted counter
	spent              counter // ns, of those committed
	within             [len(transactionBounds)]counter
}

var transactionBounds = [...]time.Duration{
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

func (s *transactionStats) observe(took time.Duration) {
	s.committed.Add(1)
	s.spent.Add(uint64(took))
	for i, bound := range transactionBounds {
		if took <= bound {
			s.within[i].Add(1)
			return
		}
	}
}

// TransactionStats are the transactions of a pipeline since its start.
type TransactionStats struct {
	Committed, Aborted uint64
	// Spent is how long the committed ones were open, in all. Within counts
	// those that took at most so long.
	Spent  time.Duration
	Within map[time.Duration]uint64
}

// Stats reads the counters.
func (t *Transactions) Stats() TransactionStats {
	out := TransactionStats{
		Committed: t.stats.committed.Load(), Aborted: t.stats.aborted.Load(),
		Spent: time.Duration(t.stats.spent.Load()), Within: map[time.Duration]uint64{},
	}
	var sum uint64
	for i, bound := range transactionBounds {
		sum += t.stats.within[i].Load()
		out.Within[bound] = sum
	}
	return out
}
