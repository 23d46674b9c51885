package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var work = Workload{Run: "run", Seed: 1}

const perPartition = 200

// story is a run written by hand: two input partitions of 200, each of which
// goes to the outlets' partition of the same number; half of it seen by a
// reader on the way, and one kill between input 100 and what comes after.
type story struct {
	stops   []Stop
	live    []*Record
	final   map[Partition][]*Record
	exactly bool
}

func tell(exactly bool) *story {
	s := &story{exactly: exactly, final: make(map[Partition][]*Record)}
	for seq := range int64(perPartition) {
		if seq == perPartition/2 {
			s.kill(true)
		}
		for p := range int32(2) {
			s.put(Origin{p, seq})
		}
	}
	s.stop([]int64{perPartition, perPartition})
	for _, records := range s.final {
		s.live = append(s.live, records[:len(records)/2]...)
	}
	return s
}

// stop notes a clean stop.
func (s *story) stop(committed []int64) {
	s.stops = append(s.stops, Stop{Committed: committed, Sent: []int64{perPartition, perPartition}, Ends: s.ends()})
}

func (s *story) ends() map[Partition]int64 {
	ends := make(map[Partition]int64)
	for p, records := range s.final {
		ends[p] = int64(len(records))
	}
	return ends
}

// lost notes, before the last stop, that partitions were lost when no more than
// this was committed.
func (s *story) lost(committed []int64) {
	s.stops = slices.Insert(s.stops, 1, Stop{Killed: true, Committed: committed, Sent: []int64{perPartition, perPartition}})
}

// kill notes that everything so far was committed, and ten more were sent.
func (s *story) kill(killed bool) {
	s.stops = append(s.stops, Stop{
		Killed: killed, Ends: s.ends(),
		Committed: []int64{perPartition / 2, perPartition / 2}, Sent: []int64{perPartition/2 + 10, perPartition/2 + 10},
	})
}

// put appends the output of an input.
func (s *story) put(o Origin) *Record {
	in := work.Input(o)
	r := &Record{Partition: Partition{in.Arrives, o.Partition}, Key: in.Key, Value: in.Value, Origin: work.Header(o)}
	r.Offset = int64(len(s.final[r.Partition]))
	s.final[r.Partition] = append(s.final[r.Partition], r)
	return r
}

// of is the record of an input.
func (s *story) of(o Origin) *Record {
	for _, r := range s.final[Partition{work.Input(o).Arrives, o.Partition}] {
		if string(r.Origin) == string(work.Header(o)) {
			return r
		}
	}
	panic("no output of " + o.String())
}

func (s *story) drop(r *Record) {
	s.final[r.Partition] = slices.DeleteFunc(s.final[r.Partition], func(other *Record) bool { return other == r })
}

func (s *story) judge() Verdict {
	a := NewAudit(work, s.exactly)
	for _, stop := range s.stops {
		a.Stopped(stop)
	}
	for _, r := range s.live {
		a.Saw(r)
	}
	a.Judge([]int64{perPartition, perPartition})
	for _, records := range s.final {
		for _, r := range records {
			a.Output(r)
		}
	}
	return a.Verdict()
}

// find is the first input from seq on, in partition 0, that is as wanted.
func find(seq int64, want func(Input) bool) Origin {
	for ; ; seq++ {
		if o := (Origin{0, seq}); want(work.Input(o)) {
			return o
		}
	}
}

func alive(in Input) bool { return in.Arrives == Light && len(in.Key) > 0 }

// swap exchanges what two places of one partition hold.
func swap(a, b *Record) {
	a.Key, b.Key = b.Key, a.Key
	a.Value, b.Value = b.Value, a.Value
	a.Origin, b.Origin = b.Origin, a.Origin
}

// TestAuditFindsSeededFaults tells wrong stories, of which each must be caught
// under its name and no other.
func TestAuditFindsSeededFaults(t *testing.T) {
	late := find(150, alive)              // sent after the kill
	next := find(late.Seq+1, alive)       // behind it in the same partition
	early := find(20, alive)              // committed before the kill, and seen
	open := find(perPartition/2+1, alive) // sent and not committed at the kill
	null := find(0, func(in Input) bool { return in.Value == nil })
	keyless := find(150, func(in Input) bool { return len(in.Key) == 0 && in.Arrives != Dead })
	for _, tc := range []struct {
		name    string
		exactly bool
		fault   func(*story)
		want    map[string]int64
	}{
		{name: "none", fault: func(*story) {}},
		{name: "none, exactly once", exactly: true, fault: func(*story) {}},
		{name: "lost", fault: func(s *story) { s.drop(s.of(late)) }, want: map[string]int64{"lost-write": 1}},
		{name: "a lost dead letter", fault: func(s *story) { s.live = nil; s.drop(s.of(null)) }, want: map[string]int64{"lost-write": 1}},
		{name: "not read any more", fault: func(s *story) { s.drop(s.of(late)); s.stops[1].Committed[0] = late.Seq }, want: map[string]int64{"stuck": 1}},
		{name: "again after a kill", fault: func(s *story) { s.put(open) }},
		{name: "again after a kill, exactly once", exactly: true, fault: func(s *story) { s.put(open) }, want: map[string]int64{"duplicate": 1}},
		{name: "twice again after one kill", fault: func(s *story) { s.put(open); s.put(open) }, want: map[string]int64{"duplicate": 1}},
		{name: "again after two kills", fault: func(s *story) { s.stops = append(s.stops[:1], s.stops...); s.put(open); s.put(open) }},
		{name: "again after partitions were lost", fault: func(s *story) { s.lost([]int64{perPartition / 2}); s.put(late) }},
		{name: "again, and lost before it was sent", fault: func(s *story) { s.stops[0].Sent = nil; s.put(open) }, want: map[string]int64{"duplicate": 1}},
		{name: "again, of a partition that was new at the kill", fault: func(s *story) { s.stops[0].Committed = nil; s.put(early) }},
		{name: "again after a clean stop", fault: func(s *story) { s.stops[0].Killed = false; s.put(open) }, want: map[string]int64{"duplicate": 1}},
		{name: "again, committed", fault: func(s *story) { s.put(early) }, want: map[string]int64{"duplicate": 1}},
		{name: "again, sent after the kill", fault: func(s *story) { s.put(late) }, want: map[string]int64{"duplicate": 1}},
		{name: "read and gone", fault: func(s *story) {
			r := s.of(late)
			s.live = append(s.live, &Record{Partition: r.Partition, Offset: r.Offset + 1000, Value: r.Value, Origin: r.Origin})
		}, want: map[string]int64{"G1a": 1}},
		{name: "read and gone from the middle", fault: func(s *story) { s.drop(s.of(early)) }, want: map[string]int64{"lost-write": 1, "G1a": 1}},
		{name: "read as something else", fault: func(s *story) {
			r := *s.of(early)
			r.Value = []byte("aborted")
			s.live[slices.Index(s.live, s.of(early))] = &r
		}, want: map[string]int64{"G1a": 1}},
		{name: "swapped", fault: func(s *story) { swap(s.of(late), s.of(next)) }, want: map[string]int64{"nonmonotonic-send": 1}},
		{name: "without a key, late", fault: func(s *story) { s.late(keyless) }},
		{name: "without a key, late, exactly once", exactly: true, fault: func(s *story) { s.late(keyless) }, want: map[string]int64{"nonmonotonic-send": 1}},
		{name: "no header", fault: func(s *story) { s.put(open).Origin = nil }, want: map[string]int64{"foreign": 1}},
		{name: "never sent", fault: func(s *story) { s.put(Origin{1, perPartition}) }, want: map[string]int64{"foreign": 1}},
		{name: "of another run", fault: func(s *story) { s.put(open).Origin = []byte("other/0/1") }, want: map[string]int64{"foreign": 1}},
		{name: "in the wrong topic", fault: func(s *story) {
			r := *s.of(late)
			s.drop(s.of(late))
			r.Outlet, r.Offset = Heavy, 1000
			s.final[r.Partition] = append(s.final[r.Partition], &r)
		}, want: map[string]int64{"lost-write": 1, "foreign": 1}},
		{name: "a garbled header", fault: func(s *story) { s.put(open).Origin = []byte("run/0/x") }, want: map[string]int64{"corrupt": 1}},
		{name: "another value", fault: func(s *story) { s.of(late).Value = []byte("{}") }, want: map[string]int64{"corrupt": 1}},
		{name: "null became empty", fault: func(s *story) { s.live = nil; s.of(null).Value = []byte{} }, want: map[string]int64{"corrupt": 1}},
		{name: "the key is gone", fault: func(s *story) { s.of(late).Key = nil }, want: map[string]int64{"corrupt": 1}},
		{name: "committed before it was written", fault: func(s *story) { s.stops[0].Committed[0] = open.Seq + 1 }, want: map[string]int64{"commit-ahead": open.Seq + 1 - perPartition/2}},
		{name: "committed beyond the end", fault: func(s *story) { s.stops[1].Committed[1] = perPartition + 5 }, want: map[string]int64{"commit-ahead": 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := tell(tc.exactly)
			tc.fault(s)
			v := s.judge()
			var got map[string]int64
			for _, anomaly := range v.Anomalies {
				if got == nil {
					got = make(map[string]int64)
				}
				got[anomaly.Name] = anomaly.Count
				if len(anomaly.Examples) == 0 || anomaly.Meaning == "" {
					t.Errorf("%s has no example or no meaning", anomaly.Name)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("anomalies (-want +got):\n%s\n%+v", diff, v.Anomalies)
			}
			if v.Valid != (len(tc.want) == 0) {
				t.Errorf("valid: %v", v.Valid)
			}
		})
	}
}

// late puts the output of an input behind all others of its partition.
func (s *story) late(o Origin) {
	s.drop(s.of(o))
	s.put(o).Offset = 1000
	s.stops[1].Ends[Partition{work.Input(o).Arrives, o.Partition}] = 1001
}

func TestVerdictCounts(t *testing.T) {
	s := tell(false)
	s.stops = append(slices.Repeat(s.stops[:1], 3), s.stops[1])
	open := find(perPartition/2+1, alive)
	s.put(open)
	s.put(open)
	got := s.judge()
	dead := got.DeadLetters
	if dead == 0 {
		t.Error("no dead letters")
	}
	want := Verdict{Valid: true, Inputs: 400, Outputs: 402, DeadLetters: dead, Duplicates: 2, MaxCopies: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
}

// TestWorkloadHasEverything looks for each kind of input in a small run, and
// for the same one when it is asked again.
func TestWorkloadHasEverything(t *testing.T) {
	count := make(map[string]int)
	for seq := range int64(20_000) {
		in := work.Input(Origin{1, seq})
		again := work.Input(Origin{1, seq})
		if differs("key", in.Key, again.Key)+differs("value", in.Value, again.Value) != "" || in.Arrives != again.Arrives {
			t.Fatalf("input %d is another one when it is made again", seq)
		}
		count[in.Arrives.String()]++
		for kind, is := range map[string]bool{
			"null key": in.Key == nil, "empty key": in.Key != nil && len(in.Key) == 0, "hot key": string(in.Key) == "hot",
			"null value": in.Value == nil, "empty value": in.Value != nil && len(in.Value) == 0, "large": len(in.Value) > 500_000,
		} {
			if is {
				count[kind]++
			}
		}
	}
	for _, kind := range append(Outlets[:], "null key", "empty key", "hot key", "null value", "empty value", "large") {
		if count[kind] == 0 {
			t.Errorf("no %s in 20000 inputs", kind)
		}
	}
}

// FuzzParseHeader holds that what is read is written the same.
func FuzzParseHeader(f *testing.F) {
	f.Add([]byte("run/1/2"))
	f.Add([]byte("run/-1/x"))
	f.Fuzz(func(t *testing.T, header []byte) {
		run, o, err := ParseHeader(header)
		if err != nil {
			return
		}
		again := Workload{Run: run}.Header(o)
		if run2, o2, err := ParseHeader(again); err != nil || run2 != run || o2 != o {
			t.Errorf("%q is %q %v, and again %q %v %v", header, run, o, run2, o2, err)
		}
		if strings.Contains(run, "/") {
			t.Errorf("a slash in the run %q", run)
		}
	})
}
