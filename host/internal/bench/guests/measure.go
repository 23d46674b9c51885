package main

import (
	"bytes"
	"fmt"
	"runtime"
	"time"

	"github.com/weirhq/weir/host/event"
)

// result is what an event cost.
type result struct {
	ns     float64 // the least of all rounds
	allocs float64 // heap objects a batch
	fuel   float64 // 0 natively
}

// runner measures one contender at one row.
type runner struct {
	job     job
	in, out []event.Event
	times   int // batches in a round
	result  result
}

// roundTime is about how long a round of one runner takes.
const roundTime = 40 * time.Millisecond

// newRunner warms up and finds out how many batches make a round.
func newRunner(j job, r row) (*runner, error) {
	in := orders(r.batch, r.size)
	run := &runner{job: j, in: in, out: make([]event.Event, 0, len(in)), times: 1}
	if err := run.check(r.work); err != nil {
		return nil, err
	}
	if j.fuel != nil {
		before := j.fuel()
		if _, err := j.run(in, run.out); err != nil {
			return nil, err
		}
		run.result.fuel = float64(j.fuel()-before) / float64(len(in))
	}
	for {
		took, err := run.round()
		if err != nil {
			return nil, err
		}
		if took > roundTime/2 {
			return run, nil
		}
		run.times *= 2
	}
}

// check makes sure that the work is done, and not only taken for done.
func (r *runner) check(w work) error {
	out, err := r.job.run(r.in, r.out)
	if err != nil {
		return err
	}
	if len(out) != len(r.in) {
		return fmt.Errorf("%d events came of %d", len(out), len(r.in))
	}
	for i := range out {
		value, key := r.in[i].Value, r.in[i].Key
		customer := fmt.Appendf(nil, "c-%05d", i*7)
		switch w {
		case upper:
			value = bytes.Replace(value, customer, bytes.ToUpper(customer), 1)
		case pick:
			key = customer
		}
		if !bytes.Equal(out[i].Value, value) || !bytes.Equal(out[i].Key, key) {
			return fmt.Errorf("event %d came as %s, key %s", i, out[i].Value, out[i].Key)
		}
	}
	return nil
}

// round runs the batches of a round and keeps what is the least so far.
func (r *runner) round() (time.Duration, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range r.times {
		if _, err := r.job.run(r.in, r.out); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	ns := float64(took.Nanoseconds()) / float64(r.times*len(r.in))
	if r.result.ns == 0 || ns < r.result.ns {
		r.result.ns = ns
	}
	r.result.allocs = float64(after.Mallocs-before.Mallocs) / float64(r.times)
	return took, nil
}
