package schema

import "sync/atomic"

// Lookups counts the schemas that the lanes of a step looked for: those that were
// known, those that the registry was asked for, and those that were not to be had.
type Lookups struct{ Hits, Misses, Errors atomic.Uint64 }

// add notes hits, at the end of a batch.
func (l *Lookups) add(hits uint64) {
	if l != nil && hits > 0 {
		l.Hits.Add(hits)
	}
}

func (l *Lookups) note(asked bool, err error) {
	switch {
	case l == nil:
	case err != nil:
		l.Errors.Add(1)
	case asked:
		l.Misses.Add(1)
	default:
		l.Hits.Add(1)
	}
}
