package verify

import "hash/crc32"

// Partition is one partition of an outlet.
type Partition struct {
	Outlet Outlet
	Number int32
}

// Stop is what was true at a moment when the process of the pipeline did nothing. Its
// parts are looked up in the order of the fields but the first: what is
// committed must be below the ends that are seen later.
type Stop struct {
	// Killed says that the process had no time to commit, or none before others
	// took over: what it had read and not committed may come again. After a clean
	// end nothing may.
	Killed    bool
	Committed []int64             // by input partition: the next offset that is read
	Ends      map[Partition]int64 // what is behind the last record; nil when nobody looked
	Sent      []int64             // by input partition: the inputs there were
}

// committed is the next input of a partition that is read; partitions come up
// later, too.
func (s *Stop) committed(partition int32) int64 {
	if int(partition) < len(s.Committed) {
		return s.Committed[partition]
	}
	return 0
}

// sent is how many inputs of a partition there were.
func (s *Stop) sent(partition int32) int64 {
	if int(partition) < len(s.Sent) {
		return s.Sent[partition]
	}
	return 0
}

// Record is one record of an outlet.
type Record struct {
	Partition
	Offset     int64
	Key, Value []byte
	Origin     []byte // the value of its OriginHeader, nil without one
}

func (r *Record) place() place { return place{r.Outlet.String(), r.Number, r.Offset} }

// sum tells a record from another one.
func (r *Record) sum() uint32 {
	sum := crc32.Update(crc32.ChecksumIEEE(r.Origin), crc32.IEEETable, r.Key)
	return crc32.Update(sum, crc32.IEEETable, r.Value)
}

// Audit judges a run. It is told in this order: the stops and what a reader
// saw while the run went on, each as it happened; then, after Judge, everything that the
// outlets hold.
type Audit struct {
	work        Workload
	exactlyOnce bool
	stops       []Stop
	live        map[Partition][]sighting

	checker   *Checker
	anomalies [len(Names)]Cases
	dead      int64
}

// sighting is a record that a reader saw.
type sighting struct {
	offset int64
	sum    uint32
}

// NewAudit makes the audit of a run. With exactlyOnce nothing may come twice.
func NewAudit(work Workload, exactlyOnce bool) *Audit {
	return &Audit{work: work, exactlyOnce: exactlyOnce, live: make(map[Partition][]sighting)}
}

// Stopped tells of a moment at which no process ran.
func (a *Audit) Stopped(s Stop) { a.stops = append(a.stops, s) }

// Saw tells of a record that a reader of committed records got, in order for
// each partition.
func (a *Audit) Saw(r *Record) {
	a.live[r.Partition] = append(a.live[r.Partition], sighting{r.Offset, r.sum()})
}

// Judge begins with the outlets as they are in the end. counts are the inputs
// by input partition, numbered from 0 as their offsets.
func (a *Audit) Judge(counts []int64) {
	a.checker = NewChecker(a.work.Run, counts)
	for i := range a.stops {
		for p, committed := range a.stops[i].Committed {
			if committed > counts[p] {
				a.add(CommitAhead, "input %d: %d is committed, and there are %d inputs", p, committed, counts[p])
			}
		}
	}
}

// Output takes the next record of an outlet, in the order of the offsets.
func (a *Audit) Output(r *Record) {
	a.checker.report.Outputs++
	at := r.place()
	a.compare(r)
	if r.Origin == nil {
		a.add(Foreign, "%v: it has no header %s", at, OriginHeader)
		return
	}
	run, origin, err := ParseHeader(r.Origin)
	if err != nil {
		a.add(Corrupt, "%v: %v", at, err)
		return
	}
	if !a.checker.knows(run, origin) {
		a.add(Foreign, "%v: %v of run %q was never sent", at, origin, run)
		return
	}
	in := a.work.Input(origin)
	if in.Arrives != r.Outlet {
		a.add(Foreign, "%v: %v belongs into %v", at, origin, in.Arrives)
		return
	}
	for _, diff := range []string{differs("key", in.Key, r.Key), differs("value", in.Value, r.Value)} {
		if diff != "" {
			a.add(Corrupt, "%v: of %v %s", at, origin, diff)
		}
	}
	if r.Outlet == Dead {
		a.dead++
	}
	// Where one without a key goes is left to chance: after a kill, another partition
	// may hold its first output.
	ordered := a.exactlyOnce || len(in.Key) > 0
	if copies := a.checker.arrived(at, origin, ordered); copies == 1 {
		a.checkCommits(r, origin)
	} else if int(copies)-1 > a.excused(origin) {
		a.add(Duplicate, "%v: %v came %d times", at, origin, copies)
	}
}

// compare holds what stands at a place against what a reader saw there.
func (a *Audit) compare(r *Record) {
	seen := a.live[r.Partition]
	for len(seen) > 0 && seen[0].offset < r.Offset {
		a.add(AbortedRead, "%v was read, and is not there any more", place{r.Outlet.String(), r.Number, seen[0].offset})
		seen = seen[1:]
	}
	if len(seen) > 0 && seen[0].offset == r.Offset {
		if seen[0].sum != r.sum() {
			a.add(AbortedRead, "%v was read as something else", r.place())
		}
		seen = seen[1:]
	}
	a.live[r.Partition] = seen
}

// checkCommits takes the first output of an input: wherever its offset was
// committed, it has to have been there.
func (a *Audit) checkCommits(r *Record, o Origin) {
	for i := range a.stops {
		s := &a.stops[i]
		if s.Ends != nil && s.committed(o.Partition) > o.Seq && r.Offset >= s.Ends[r.Partition] {
			a.add(CommitAhead, "%v was committed at stop %d, before its output %v was there", o, i+1, r.place())
			return
		}
	}
}

// excused is how often an input may come again: once for each kill at which it
// was there and not committed.
func (a *Audit) excused(o Origin) int {
	if a.exactlyOnce {
		return 0
	}
	n := 0
	for i := range a.stops {
		s := &a.stops[i]
		if s.Killed && s.committed(o.Partition) <= o.Seq && o.Seq < s.sent(o.Partition) {
			n++
		}
	}
	return n
}

// Add tells of an anomaly that the outlets do not show.
func (a *Audit) Add(kind Kind, example string) { a.add(kind, "%s", example) }

func (a *Audit) add(kind Kind, format string, args ...any) { a.anomalies[kind].add(format, args...) }

// Verdict ends the audit.
func (a *Audit) Verdict() Verdict {
	for p, seen := range a.live {
		for _, s := range seen {
			a.add(AbortedRead, "%v was read, and is not there any more", place{p.Outlet.String(), p.Number, s.offset})
		}
	}
	a.live = nil
	report := a.checker.Report()
	left := a.missing()
	if left > 0 && a.anomalies[Stuck].Count+a.anomalies[Crash].Count == 0 {
		a.add(Stuck, "%d inputs were not processed", left)
	}
	a.anomalies[NonmonotonicSend] = report.Reordered
	v := Verdict{
		Inputs: report.Inputs, Unprocessed: left, Outputs: report.Outputs, DeadLetters: a.dead,
		Duplicates: report.Duplicates, MaxCopies: report.MaxCopies,
	}
	for kind, cases := range a.anomalies {
		if cases.Count > 0 {
			v.Anomalies = append(v.Anomalies, Anomaly{Name: Kind(kind).String(), Meaning: Kind(kind).Meaning(), Cases: cases})
		}
	}
	v.Valid = len(v.Anomalies) == 0
	return v
}

// missing judges the inputs without an output: those that the group would read
// again are only left over, and counted; the others are lost.
func (a *Audit) missing() (left int64) {
	for p, seqs := range a.checker.seen {
		end := int64(len(seqs))
		if n := len(a.stops); n > 0 {
			end = a.stops[n-1].committed(int32(p))
		}
		for seq, copies := range seqs {
			switch {
			case copies > 0:
			case int64(seq) < end:
				a.add(LostWrite, "%v", Origin{int32(p), int64(seq)})
			default:
				left++
			}
		}
	}
	return left
}
