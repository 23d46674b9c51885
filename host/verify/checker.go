package verify

import (
	"errors"
	"fmt"
	"strings"
)

// Checker takes the outputs of a run, in offset order for each output
// partition, and judges them.
type Checker struct {
	run    string
	seen   [][]int32 // copies by input partition and sequence number
	last   map[lane]int64
	report Report
}

// lane is the way from one input partition to one output partition; order is
// promised on it.
type lane struct {
	topic    string
	from, to int32
}

// place is where an output stands.
type place struct {
	topic     string
	partition int32
	offset    int64
}

func (p place) String() string { return fmt.Sprintf("%s/%d@%d", p.topic, p.partition, p.offset) }

// NewChecker makes the checker of a run whose inputs were numbered from 0 to
// count-1 in each partition.
func NewChecker(run string, counts []int64) *Checker {
	c := &Checker{run: run, last: make(map[lane]int64)}
	for _, n := range counts {
		c.seen = append(c.seen, make([]int32, n))
		c.report.Inputs += n
	}
	return c
}

// Output takes the next record of an output partition.
func (c *Checker) Output(topic string, partition int32, offset int64, value []byte) {
	c.report.Outputs++
	at := place{topic, partition, offset}
	run, origin, err := Parse(value)
	if err != nil {
		c.report.Corrupt.add("%v: %v", at, err)
		return
	}
	if !c.knows(run, origin) {
		c.report.Foreign.add("%v: %v of run %q", at, origin, run)
		return
	}
	c.arrived(at, origin, true)
}

// knows tells whether there is an input of an origin in the run.
func (c *Checker) knows(run string, o Origin) bool {
	return run == c.run && o.Partition >= 0 && int(o.Partition) < len(c.seen) &&
		o.Seq >= 0 && o.Seq < int64(len(c.seen[o.Partition]))
}

// arrived takes an output of an input that it knows, and says how many there
// are by now. Whether it has its place in the order is said by ordered.
func (c *Checker) arrived(at place, o Origin, ordered bool) int32 {
	copies := &c.seen[o.Partition][o.Seq]
	*copies++
	c.report.MaxCopies = max(c.report.MaxCopies, *copies)
	if *copies > 1 {
		c.report.Duplicates++
	}
	if *copies > 1 || !ordered {
		return *copies // order is promised for first occurrences only
	}
	way := lane{at.topic, o.Partition, at.partition}
	if last, ok := c.last[way]; ok && o.Seq < last {
		c.report.Reordered.add("%v: %v came after %d", at, o, last)
		return *copies
	}
	c.last[way] = o.Seq
	return *copies
}

// Report judges what was told so far.
func (c *Checker) Report() Report {
	r := c.report
	for partition, seqs := range c.seen {
		for seq, copies := range seqs {
			if copies == 0 {
				r.Lost.add("%v", Origin{int32(partition), int64(seq)})
			}
		}
	}
	return r
}

// Report is the verdict on a run.
type Report struct {
	Inputs, Outputs int64
	// Duplicates counts the outputs beyond the first of each input; MaxCopies
	// is the most that one input has.
	Duplicates int64
	MaxCopies  int32
	// Lost are inputs without an output; Reordered are first outputs that
	// stand behind a later input's in the same output partition; Foreign are
	// outputs that no input of the run explains; Corrupt are unreadable.
	Lost, Reordered, Foreign, Corrupt Cases
}

// Err is nil when nothing is lost, out of order, foreign or corrupt.
// Duplicates are allowed: whoever promised none looks at Duplicates.
func (r Report) Err() error {
	var errs []error
	for _, kind := range []struct {
		name  string
		cases Cases
	}{{"lost", r.Lost}, {"reordered", r.Reordered}, {"foreign", r.Foreign}, {"corrupt", r.Corrupt}} {
		if kind.cases.Count > 0 {
			errs = append(errs, fmt.Errorf("%d %s: %v", kind.cases.Count, kind.name, kind.cases))
		}
	}
	return errors.Join(errs...)
}

func (r Report) String() string {
	return fmt.Sprintf("%d inputs, %d outputs: %d lost, %d reordered, %d duplicates (at most %d copies), %d foreign, %d corrupt",
		r.Inputs, r.Outputs, r.Lost.Count, r.Reordered.Count, r.Duplicates, r.MaxCopies, r.Foreign.Count, r.Corrupt.Count)
}

// maxExamples is how many cases of one kind a report names.
const maxExamples = 32

// Cases counts faults of one kind and names the first of them.
type Cases struct {
	Count    int64    `json:"count"`
	Examples []string `json:"examples,omitempty"`
}

func (c *Cases) add(format string, args ...any) {
	c.Count++
	if len(c.Examples) < maxExamples {
		c.Examples = append(c.Examples, fmt.Sprintf(format, args...))
	}
}

func (c Cases) String() string {
	text := strings.Join(c.Examples, "; ")
	if c.Count > int64(len(c.Examples)) {
		text += "; and more"
	}
	return text
}
