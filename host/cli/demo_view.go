package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/host/broker"
)

// tally counts what arrives while the demo runs.
type tally struct {
	arrived chan struct{} // holds one token after each arrival

	mu      sync.Mutex
	count   counts
	samples []sample
	shown   map[string]int // samples by kind
}

// counts is the number of records by topic.
type counts map[string]int

func (c counts) total() int {
	n := 0
	for _, topic := range outputTopics {
		n += c[topic]
	}
	return n
}

// sample is an event that is shown.
type sample struct {
	value, topic, reason string
}

// samplesOf is how many events of a topic are shown; of the dead letters it is
// one of each reason.
const samplesOf = 2

func (t *tally) add(r *broker.Record) {
	t.mu.Lock()
	if t.count == nil {
		t.count, t.shown = counts{}, map[string]int{}
	}
	t.count[r.Topic]++
	reason := string(r.Header("weir.error.message"))
	kind := r.Topic + reasonKind(reason)
	if t.shown[kind]++; t.shown[kind] == 1 || reason == "" && t.shown[kind] <= samplesOf {
		t.samples = append(t.samples, sample{string(r.Value), r.Topic, reason})
	}
	t.mu.Unlock()
	select {
	case t.arrived <- struct{}{}:
	default: // the token of an earlier arrival is still there
	}
}

func (t *tally) snapshot() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.count)
}

// takeSamples returns the samples by topic, once.
func (t *tally) takeSamples() []sample {
	t.mu.Lock()
	defer t.mu.Unlock()
	samples := t.samples
	t.samples = nil
	slices.SortStableFunc(samples, func(a, b sample) int {
		return slices.Index(outputTopics, a.topic) - slices.Index(outputTopics, b.topic)
	})
	return samples
}

func (d *demo) introduce(addr string) {
	writeLine(d.out, "%s: orders come in; a WebAssembly module sends each to %s or %s,", d.out.bold("weir demo"), topicHeavy, topicLight)
	writeLine(d.out, "and what it cannot weigh to %s. It ends by itself after %v.\n", topicDead, d.flags.duration)
	writeLine(d.out, "broker    %s, in this process; its data is removed at the end", addr)
	writeLine(d.out, "config    examples/%s/weir.yaml\n", "01-topic-selector")
}

// progress is what the lines so far have shown.
type progress struct {
	seconds int
	sent    int
	count   counts
}

// next is when the next line is due.
func (p *progress) next() time.Duration { return time.Duration(p.seconds+1) * time.Second }

const secondLine = "%7s %10s %10s %10s %10s %12s"

// showSecond prints the rates of the last second; before the first line, a few
// events.
func (d *demo) showSecond(p *progress, sent int) {
	now := d.tally.snapshot()
	if p.seconds == 0 {
		d.showSamples()
		writeLine(d.out, "%s", d.out.bold(fmt.Sprintf(secondLine, "second", "orders/s", "heavy/s", "light/s", "dead/s", "on the way")))
	}
	p.seconds++
	dead := fmt.Sprint(now[topicDead] - p.count[topicDead])
	line := fmt.Sprintf("%7d %10d %10d %10d ", p.seconds, sent-p.sent,
		now[topicHeavy]-p.count[topicHeavy], now[topicLight]-p.count[topicLight])
	line += d.out.red(fmt.Sprintf("%10s", dead)) + fmt.Sprintf(" %12d", sent-now.total())
	writeLine(d.out, "%s", line)
	p.sent, p.count = sent, now
}

// showSamples prints events before, which is as they are, and after, which is
// where they went: once, at the first second by whose end there are any.
func (d *demo) showSamples() {
	samples := d.tally.takeSamples()
	if d.sampled || len(samples) == 0 {
		return
	}
	d.sampled = true
	const before = "before, in orders"
	width := len(before)
	for _, s := range samples {
		width = max(width, len(s.value))
	}
	writeLine(d.out, "%s", d.out.bold(fmt.Sprintf("%-*s    %s", width, before, "after, in")))
	for _, s := range samples {
		writeLine(d.out, "%-*s -> %s", width, s.value, d.paintTopic(s.topic))
		if s.reason != "" {
			writeLine(d.out, "    %s", d.out.dim(s.reason))
		}
	}
	writeLine(d.out, "")
}

func (d *demo) paintTopic(topic string) string {
	switch topic {
	case topicHeavy:
		return d.out.cyan(topic)
	case topicLight:
		return d.out.green(topic)
	}
	return d.out.red(topic)
}

// ledger is what the topics hold at the end.
type ledger struct {
	count   counts
	reasons map[string]int
	wrong   []string // complaints
}

// reasonKind cuts the particulars off a reason, so that equal ones add up.
func reasonKind(reason string) string {
	kind, _, _ := strings.Cut(reason, " at byte ")
	return kind
}
