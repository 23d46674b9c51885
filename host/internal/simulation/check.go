package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/verify"
)

// input is a record of the input topic that the brokers have for good.
type input struct {
	origin verify.Origin
	key    string // absent where the record has none
	offset int64
	copies [][]standing // of each of its outputs, by index
	begun  int          // sessions in which it entered the processors
}

// standing is where a copy of an output stands.
type standing struct {
	at     place
	offset int64
}

// checker judges a run that is over.
type checker struct {
	*Cluster
	committed []commit
	read      []*session
	faults    []string
	inputs    [][]*input // by partition, in offset order
	byOrigin  map[verify.Origin]*input
	byTopic   map[string]int // records of the output topics
	order     map[way]rank
}

// way leads from an input partition to an output partition, for one session or
// for all, and where the world says so for one key: order is promised on it. rank is
// the order.
type way struct {
	from    int32
	key     string
	to      place
	session string
}

type rank struct {
	offset int64
	index  int
}

// maxFaults of a kind are named.
const maxFaults = 5

func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Sprintf(format, args...))
}

// check reads all topics and returns the broken promises. An error means that
// the check itself could not be made.
func (c *Cluster) check(ctx context.Context, totals *Totals) ([]string, error) {
	k := &checker{
		Cluster: c, inputs: make([][]*input, c.world.Inputs),
		byOrigin: map[verify.Origin]*input{}, byTopic: map[string]int{}, order: map[way]rank{},
	}
	c.mu.Lock()
	k.committed, k.read = c.commits, slices.Collect(maps.Values(c.sessions))
	c.mu.Unlock()
	if err := c.readAll(ctx, k.input, inputTopic); err != nil {
		return nil, err
	}
	if err := c.readAll(ctx, k.output, outputTopics...); err != nil {
		return nil, err
	}
	k.sessions()
	k.complete(totals)
	k.commits()
	k.replays()
	k.topics()
	for _, m := range c.all() {
		k.member(m)
		if m.cut.Load() {
			totals.Killed++
		}
	}
	totals.Members, totals.Commits, totals.Sessions = len(c.all()), len(k.committed), len(k.read)
	return k.faults, nil
}

func (k *checker) input(r *kgo.Record) {
	_, origin, err := verify.Parse(r.Value)
	if err != nil {
		k.fault("input %d@%d: %v", r.Partition, r.Offset, err)
		return
	}
	in := &input{origin: origin, key: keyOf(r), offset: r.Offset, copies: make([][]standing, len(outputsOf(origin)))}
	k.inputs[r.Partition] = append(k.inputs[r.Partition], in)
	k.byOrigin[origin] = in
}

// absent is the key of a record without one.
const absent = "\x00"

func keyOf(r *kgo.Record) string {
	if r.Key == nil {
		return absent
	}
	return string(r.Key)
}

// output takes the next record of an output partition.
func (k *checker) output(r *kgo.Record) {
	k.byTopic[r.Topic]++
	at := fmt.Sprintf("output %s/%d@%d", r.Topic, r.Partition, r.Offset)
	_, origin, err := verify.Parse(r.Value)
	if err != nil {
		k.fault("corrupt: %s: %v", at, err)
		return
	}
	in := k.byOrigin[origin]
	if in == nil {
		k.fault("foreign: %s: input %v was never committed to the log", at, origin)
		return
	}
	index, err := k.index(r, in)
	if err != nil {
		k.fault("foreign: %s of input %v: %v", at, origin, err)
		return
	}
	to := place{r.Topic, r.Partition}
	in.copies[index] = append(in.copies[index], standing{to, r.Offset})
	next := rank{in.offset, index}
	if session := headerOf(r, sessionHeader); session != "" {
		k.inOrder(at, in, way{from: origin.Partition, to: to, session: session}, next)
	}
	// Over all sessions order is promised for first occurrences, where the
	// output partition does not depend on who writes.
	if len(in.copies[index]) == 1 && (r.Key != nil || r.Topic == deadTopic) {
		k.inOrder(at, in, way{from: origin.Partition, to: to}, next)
	}
}

func (k *checker) inOrder(at string, in *input, w way, next rank) {
	switch k.world.Ordering {
	case pipeline.Unordered:
		return
	case pipeline.ByKey:
		if w.key = in.key; w.key == absent {
			return
		}
	}
	last, ok := k.order[w]
	if ok && (next.offset < last.offset || next.offset == last.offset && next.index <= last.index) {
		k.fault("reordered: %s of input %d@%d came after that of @%d (session %q)", at, w.from, next.offset, last.offset, w.session)
		return
	}
	k.order[w] = next
}

// index tells which output of its input a record is.
func (k *checker) index(r *kgo.Record, in *input) (int, error) {
	index := 0
	if r.Topic == deadTopic {
		for header, want := range map[string]string{
			pipeline.HeaderPartition: strconv.Itoa(int(in.origin.Partition)),
			pipeline.HeaderOffset:    strconv.FormatInt(in.offset, 10),
		} {
			if got := headerOf(r, header); got != want {
				return 0, fmt.Errorf("%s is %q, want %q", header, got, want)
			}
		}
	} else {
		var err error
		if index, err = strconv.Atoi(headerOf(r, indexHeader)); err != nil {
			return 0, err
		}
	}
	want := outputsOf(in.origin)
	if index < 0 || index >= len(want) || want[index] != r.Topic {
		return 0, fmt.Errorf("output %d belongs to %v", index, want)
	}
	return index, nil
}

func headerOf(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// at finds the input at an offset, or nil.
func (k *checker) at(partition int32, offset int64) *input {
	all := k.inputs[partition]
	i, ok := slices.BinarySearchFunc(all, offset, func(in *input, o int64) int { return int(in.offset - o) })
	if !ok {
		return nil
	}
	return all[i]
}

// sessions checks what entered the processors: in order, as far as the world has
// one, and once a session.
func (k *checker) sessions() {
	for _, s := range k.read {
		last := map[string]int64{} // by what has an order of its own
		for _, b := range s.begun {
			in := k.at(s.partition, b.offset)
			if in == nil {
				k.fault("%s read %d@%d, which is no committed record", s.member.name, s.partition, b.offset)
				continue
			}
			in.begun++
			of := k.ordered(in)
			if before, ok := last[of]; ok && b.offset <= before {
				k.fault("%s read %d@%d after %d in one session", s.member.name, s.partition, b.offset, before)
			}
			last[of] = b.offset
		}
	}
}

// ordered names what an input keeps its order with: its partition, its key, or
// nothing but itself.
func (k *checker) ordered(in *input) string {
	switch {
	case k.world.Ordering == pipeline.ByKey && in.key != absent:
		return in.key
	case k.world.Ordering == pipeline.ByKey, k.world.Ordering == pipeline.Unordered:
		return in.origin.String()
	}
	return ""
}

// readAgain says what of an input came more than once, where that may not be.
// An event that waits for another attempt is let go at a stop, with the rest of
// its batch, which is then read again but has left no output.
func (k *checker) readAgain(in *input) string {
	switch {
	case !k.world.Graceful:
	case k.world.OnReject.Retry.Max == 0 && !k.world.ExactlyOnce && in.begun > 1:
		return fmt.Sprintf("was read %d times", in.begun)
	default:
		for _, copies := range in.copies {
			if len(copies) > 1 {
				return fmt.Sprintf("has %d copies of an output", len(copies))
			}
		}
	}
	return ""
}

// complete checks that each output is there, and how often.
func (k *checker) complete(totals *Totals) {
	lost, doubled := 0, 0
	for partition, all := range k.inputs {
		totals.Inputs += len(all)
		for _, in := range all {
			if again := k.readAgain(in); again != "" {
				if doubled++; doubled <= maxFaults {
					k.fault("duplicate: input %d@%d %s although nothing but graceful things happened", partition, in.offset, again)
				}
			}
			for index := range in.copies {
				copies := len(in.copies[index])
				totals.Outputs += copies
				totals.Duplicates += max(copies-1, 0)
				switch {
				case copies == 0:
					if lost++; lost <= maxFaults {
						k.fault("lost: output %d of input %d@%d (%v)", index, partition, in.offset, in.origin)
					}
				case k.world.ExactlyOnce && copies > 1:
					k.fault("duplicate: output %d of input %d@%d is there %d times", index, partition, in.offset, copies)
				case copies > in.begun:
					k.fault("duplicate: output %d of input %d@%d is there %d times, but it was read %d times", index, partition, in.offset, copies, in.begun)
				}
			}
		}
	}
	if lost > maxFaults {
		k.fault("lost: %d outputs in all", lost)
	}
}

// commits checks that no commit was ahead of the outputs, on another's
// partition, or backwards.
func (k *checker) commits() {
	disturbed := map[int32]bool{} // by commits over the owner's head that were in order
	faults := 0
	for _, c := range k.committed {
		before := len(k.faults)
		k.ahead(c)
		if c.current && k.readmitted(c) {
			disturbed[c.partition] = true
		} else if c.current {
			k.owned(c, disturbed[c.partition])
		}
		if len(k.faults) > before {
			if faults++; faults == maxFaults {
				return
			}
		}
	}
}

// owned checks that a commit was the owner's and went forward.
func (k *checker) owned(c commit, disturbed bool) {
	at := fmt.Sprintf("commit of %s for %d@%d at %v", c.member, c.partition, c.offset, c.at.Sub(k.history.start))
	switch {
	case c.owner != "":
		k.fault("%s: the partition belongs to %s", at, c.owner)
	case c.offset < c.before && !disturbed:
		k.fault("%s: goes back from %d", at, c.before)
	}
}

// readmitted tells whether the member got its id after it had got the partition:
// a client that is told at its JoinGroup that it was forgotten joins anew without
// a word to the source, which finds out when the partitions are revoked. Its
// commit tells the truth, though somebody else has the partition by now.
func (k *checker) readmitted(c commit) bool {
	var last *session // the one of the client on the partition
	for _, s := range k.read {
		if s.partition == c.partition && strings.HasPrefix(c.member, s.member.name+"-") && s.opened.Before(c.at) &&
			(last == nil || s.opened.After(last.opened)) {
			last = s
		}
	}
	return last != nil && last.opened.Before(k.admitted[c.member])
}

// ahead checks that each output of the inputs before a commit had a copy in its
// topic when the commit came.
func (k *checker) ahead(c commit) {
	for _, in := range k.inputs[c.partition] {
		if in.offset >= c.offset {
			return
		}
		for index, copies := range in.copies {
			if !slices.ContainsFunc(copies, func(s standing) bool { return s.offset < c.ends[s.at] }) {
				k.fault("commit of %s for %d@%d at %v: is ahead of output %d of input @%d",
					c.member, c.partition, c.offset, c.at.Sub(k.history.start), index, in.offset)
				return
			}
		}
	}
}
