package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// plan is what one call of the command measures.
type plan struct {
	rounds   int
	events   int64
	only     string
	profiles string
}

// contender is one line of the table.
type contender struct {
	name   string
	role   string // of the child process
	module string // see job
	// transactions: delivery is exactly once. It is compared with the same
	// pipeline without them.
	transactions bool
	// lanes share each partition by key. Several are compared with one.
	lanes int
}

// bare is the contender that pipelines are divided by.
var bare = contender{name: "bare loop", role: "bare"}

// base is what a contender is divided by.
func (c contender) base() string {
	switch {
	case c.transactions:
		return native
	case c.lanes > 0:
		return oneLane
	}
	return bare.name
}

const (
	native  = "native"
	oneLane = "lanes1"
)

var pipelines = []contender{
	{name: native, role: "weir"},
	{name: "passthrough", role: "weir", module: passthrough},
	{name: "topic-selector", role: "weir", module: topicSelector},
	{name: "exactly-once", role: "weir", transactions: true},
}

// shared are pipelines whose module computes much, over one partition.
var shared = []contender{
	{name: oneLane, role: "weir", module: spin},
	{name: "lanes2", role: "weir", module: spin, lanes: 2},
}

// series is the measurements over one input topic.
type series struct {
	suffix     string // of the contenders' names
	topic      string
	partitions int32
	size       int
	events     int64
	pipelines  []contender
	// results are by contender, then by round.
	results map[string][]result
}

func (p *plan) run(ctx context.Context, out io.Writer) (err error) {
	addr, stop, err := startBroker(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	bench := &rounds{plan: p, addr: addr, admin: kadm.NewClient(client), out: out}
	all := []*series{
		{topic: "in-200", partitions: partitions, size: 200, events: p.events, pipelines: pipelines},
		{topic: "in-1k", partitions: partitions, size: 1024, events: p.events / 3, suffix: "-1k", pipelines: pipelines},
		{topic: "in-one", partitions: 1, size: 200, events: p.events / 10, pipelines: shared},
	}
	for _, s := range all {
		s.results = make(map[string][]result)
		if len(bench.contenders(s)) == 1 { // the bare loop alone
			continue
		}
		if err := bench.runSeries(ctx, s); err != nil {
			return err
		}
	}
	return report(out, all)
}

// rounds runs the contenders of a series in turn.
type rounds struct {
	*plan
	addr  string
	admin *kadm.Client
	out   io.Writer
	runs  int // so far; names groups and topics
}

func (b *rounds) runSeries(ctx context.Context, s *series) error {
	if err := b.createTopics(ctx, s.partitions, s.topic); err != nil {
		return err
	}
	if err := fill(ctx, b.addr, s.topic, s.events, s.size); err != nil {
		return err
	}
	// Round 0 warms the page cache and the compilation cache up and counts
	// for nothing.
	for round := range b.rounds + 1 {
		for _, c := range b.contenders(s) {
			r, err := b.runOne(ctx, s, c, round == b.rounds)
			if err != nil {
				return err
			}
			if round == 0 {
				continue
			}
			s.results[c.name] = append(s.results[c.name], r)
			fmt.Fprintf(b.out, "round %d  %-18s %9.0f events/s  %5.2f us CPU/event\n",
				round, c.name+s.suffix, r.rate(), r.cpuPerEvent()*1e6)
		}
	}
	return b.deleteTopics(ctx, s.topic)
}

func (b *rounds) contenders(s *series) []contender {
	all := []contender{bare}
	for _, c := range s.pipelines {
		wanted := func(of contender) bool { return strings.Contains(of.name, b.only) }
		if wanted(c) || slices.ContainsFunc(s.pipelines, func(of contender) bool { return wanted(of) && of.base() == c.name }) {
			all = append(all, c)
		}
	}
	return all
}

// runOne runs a contender once on fresh topics, which are deleted at the end
// to keep the disk small.
func (b *rounds) runOne(ctx context.Context, s *series, c contender, profile bool) (result, error) {
	b.runs++
	output := fmt.Sprintf("out-%d", b.runs)
	topics := []string{output, output + heavySuffix, output + lightSuffix}
	if err := b.createTopics(ctx, partitions, topics...); err != nil {
		return result{}, err
	}
	j := job{
		Broker: b.addr, Group: fmt.Sprintf("bench-%d", b.runs),
		Input: s.topic, Output: output, Events: s.events, Module: c.module, Lanes: c.lanes, Transactions: c.transactions,
	}
	if profile && b.profiles != "" {
		j.Profile = filepath.Join(b.profiles, strings.ReplaceAll(c.name, " ", "-")+s.suffix)
	}
	r, err := runContender(ctx, c.role, j)
	if err != nil {
		return result{}, err
	}
	if err := b.checkOutputs(ctx, s, c, topics); err != nil {
		return result{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return r, b.deleteTopics(ctx, topics...)
}

// checkOutputs makes sure that what was measured was a whole copy.
func (b *rounds) checkOutputs(ctx context.Context, s *series, c contender, topics []string) error {
	ends, err := b.admin.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return err
	}
	var total int64
	ends.Each(func(o kadm.ListedOffset) { total += o.Offset })
	if c.transactions && total > s.events { // the ends of transactions take offsets too
		return nil
	}
	if total != s.events {
		return fmt.Errorf("%d records came out of %d", total, s.events)
	}
	return nil
}

func (b *rounds) createTopics(ctx context.Context, count int32, topics ...string) error {
	responses, err := b.admin.CreateTopics(ctx, count, 1, nil, topics...)
	if err != nil {
		return err
	}
	return responses.Error()
}

func (b *rounds) deleteTopics(ctx context.Context, topics ...string) error {
	responses, err := b.admin.DeleteTopics(ctx, topics...)
	if err != nil {
		return err
	}
	return responses.Error()
}
