package kafka

import "time"

// progress is how far the lanes are behind the end of a partition's log, and
// since when. It is pure; its owner serialises the calls.
//
// Records are counted by offsets, so markers of transactions and what compaction
// left out count too until the position has passed them, as for every tool that
// compares offsets.
type progress struct {
	done int64     // up to here every record has ended; negative: atEnd, atStart or unknown
	from int64     // where reading began; negative while unknown
	end  int64     // of what can be read; negative while nobody has said
	told time.Time // when end was last news
	fed  []stretch // fed and not ended, from first on
	// first is the oldest stretch that has not ended as a whole.
	first int
	// unread is the time of the first record that was not fed, as far as it can be
	// known of one that nobody has seen; zero when all was fed.
	unread time.Time
}

// stretch is a run of records that were fed, at most stretchLength of them: as many
// times are remembered as tell the age of the oldest one to about a batch.
type stretch struct {
	next  int64 // offset behind it
	stamp int64 // of its first record, in ms since 1970
}

const stretchLength = 256

// Positions that are not known yet; the client writes the first two like this.
const (
	atEnd   = -1
	atStart = -2
	unknown = -3
)

func newProgress() progress { return progress{done: unknown, from: unknown, end: unknown} }

// begin says where reading begins, unless it has.
func (g *progress) begin(at int64) {
	if g.done < 0 && at >= atStart {
		g.starts(at)
	}
}

// starts says that nothing before an offset is read.
func (g *progress) starts(at int64) {
	g.done = at
	if at >= 0 {
		g.from = at
	}
}

// feed notes records that go to the lane, and how far their fetch has seen the
// log, which may be long ago. The fetch began at offset first.
func (g *progress) feed(r *polled, first, end int64, now time.Time) {
	if g.done < 0 {
		g.starts(first)
	}
	g.from = min(g.from, first) // the brokers may have been asked for the end later than the client did
	for i := 0; i < len(r.records); i += stretchLength {
		n := min(i+stretchLength, len(r.records))
		next, _ := r.After(n)
		g.fed = append(g.fed, stretch{next, r.records[i].Timestamp.UnixMilli()})
	}
	if end > g.end {
		g.end, g.told = end, now
	}
	g.unread = time.Time{}
	if r.last.Next < g.end && len(r.records) > 0 { // what follows is hardly younger than what was read
		g.unread = r.records[len(r.records)-1].Timestamp
	}
}

// ended says that every record before an offset has ended.
func (g *progress) ended(next int64) {
	g.done = next
	for g.first < len(g.fed) && g.fed[g.first].next <= next {
		g.first++
	}
	if g.first == len(g.fed) || g.first > 32 && g.first > len(g.fed)/2 {
		g.fed = g.fed[:copy(g.fed, g.fed[g.first:])]
		g.first = 0
	}
}

// learn takes what the brokers say of the log: its end, and its start where
// that is asked for.
func (g *progress) learn(start, end int64, now time.Time) {
	g.end, g.told = end, now
	switch {
	case g.done == atEnd:
		g.starts(end)
	case g.done == atStart && start >= 0:
		g.starts(start)
	}
	read := g.done
	if len(g.fed) > g.first {
		read = g.fed[len(g.fed)-1].next
	}
	switch {
	case read >= end:
		g.unread = time.Time{}
	case g.unread.IsZero(): // it came since the last look
		g.unread = now
	}
}

// lag is how many records have not ended, and how old the oldest of them is. ok
// is false as long as that is not known.
func (g *progress) lag(now time.Time) (records int64, age time.Duration, ok bool) {
	if g.done < 0 || g.end < 0 {
		return 0, 0, false
	}
	if records = max(g.end-g.done, 0); records == 0 {
		return 0, 0, true
	}
	oldest := g.unread
	if g.first < len(g.fed) {
		oldest = time.UnixMilli(g.fed[g.first].stamp)
	}
	if oldest.UnixMilli() <= 0 { // a producer that gives no time
		return records, 0, true
	}
	return records, max(now.Sub(oldest), 0), true
}
