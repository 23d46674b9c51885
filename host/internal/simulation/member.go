package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
)

// Member is one process of the group: source, pipeline and sink on ways of
// their own into the network.
type Member struct {
	*Cluster
	name         string
	pipeline     *pipeline.Pipeline
	source       *kafka.Source
	sink         sink
	transactions *kafka.Transactions // the sink, where delivery is exactly once
	slot         int                 // which of the hosts it runs on
	toIn, toOut  *link
	cancel       context.CancelCauseFunc
	drain        chan struct{}
	done         chan struct{} // closed when err is set
	err          error
	leaving, cut atomic.Bool
	attempts     sync.Map // of events that fail every other time, by their origins
	// mayFail says that the nemesis was at work when the member left.
	mayFail atomic.Bool
}

// sink is what kafka.Sink and kafka.Transactions have in common.
type sink interface {
	pipeline.Sink
	Open() error
	Close()
	Produced() map[string]uint64
	Away() string
	Waited() time.Duration
}

// freeSlot is the lowest host on which nobody runs. Whoever was killed there
// left its transactional id.
func (c *Cluster) freeSlot() int {
	taken := map[int]bool{}
	for _, m := range c.members {
		select {
		case <-m.done:
		default:
			taken[m.slot] = taken[m.slot] || !m.cut.Load()
		}
	}
	for slot := 0; ; slot++ {
		if c.crowded || !taken[slot] {
			return slot
		}
	}
}

var errKilled = errors.New("killed by the nemesis")

// start runs a new member.
func (c *Cluster) start() *Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf("m%d", len(c.members)+1)
	m := &Member{
		Cluster: c, name: name, slot: c.freeSlot(),
		toIn: c.network.link(name + " source"), toOut: c.network.link(name + " sink"),
		drain: make(chan struct{}), done: make(chan struct{}),
	}
	log := c.history.logger(name)
	consumer, producer := c.options(name)
	var client clientHook
	into := kafka.SinkConfig{
		Options: producer, Topic: lightTopic, Log: log, Extra: []kgo.Opt{kgo.Dialer(m.toOut.dial)},
	}
	m.sink = kafka.NewSink(into)
	if c.world.ExactlyOnce {
		producer.Transact(fmt.Sprintf("weir-host-%d", m.slot))
		m.transactions = kafka.NewTransactions(kafka.TransactionsConfig{Sink: into, Group: consumer, Interval: c.world.Interval})
		m.sink = m.transactions
	}
	m.source = kafka.NewSource(kafka.SourceConfig{
		Options: consumer, Topics: []string{inputTopic}, Log: log, ExitAtEnd: c.world.Bounded, Transactions: m.transactions,
		Extra: []kgo.Opt{kgo.Dialer(m.toIn.dial), kgo.WithHooks(&client)},
	})
	m.pipeline = pipeline.New(pipeline.Config{
		Name: name, Steps: m.steps(), DeadLetterTopic: deadTopic, SinkTopic: lightTopic,
		BatchSize: c.world.Batch, Ordering: c.world.Ordering, Lanes: c.world.Lanes, StuckAfter: consumer.Duration("max_poll_interval_ms"),
	}, c.alter.source(m.source, &client), c.alter.sink(m.sink))
	ctx, cancel := context.WithCancelCause(context.Background())
	m.cancel = cancel
	c.members = append(c.members, m)
	c.history.add("%s starts", name)
	go m.run(ctx)
	return m
}

// all lists the members that ever ran, running those that have not ended, alive
// those that were not told to end either.
func (c *Cluster) all() []*Member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

func (c *Cluster) running() []*Member {
	return slices.DeleteFunc(c.all(), func(m *Member) bool {
		select {
		case <-m.done:
			return true
		default:
			return false
		}
	})
}

func (c *Cluster) alive() []*Member {
	return slices.DeleteFunc(c.running(), func(m *Member) bool { return m.leaving.Load() || m.cut.Load() })
}

func (m *Member) run(ctx context.Context) {
	defer close(m.done)
	if m.err = m.sink.Open(); m.err != nil {
		return
	}
	m.err = m.pipeline.Run(ctx, m.drain)
	m.sink.Close()
	m.history.add("%s ended: %v", m.name, m.err)
}

// leave begins a graceful stop.
func (m *Member) leave() {
	if m.cut.Load() || m.leaving.Swap(true) {
		return
	}
	m.history.add("%s is told to drain", m.name)
	m.mayFail.Store(m.hostile.Load())
	close(m.drain)
}

// kill ends a member as SIGKILL does: nothing that it has not sent is sent.
func (m *Member) kill() {
	m.history.add("%s is killed", m.name)
	m.cut.Store(true)
	m.toIn.sever()
	m.toOut.sever()
	m.cancel(errKilled)
}

// options resolves the options of both clients as a configuration would. A
// world's options are right by construction.
func (c *Cluster) options(name string) (consumer, producer *kafka.Options) {
	millis := func(d time.Duration) int64 { return d.Milliseconds() }
	set := append([]string{
		"source.group_id=" + group,
		"source.partition.assignment.strategy=" + c.world.Assignor,
		fmt.Sprintf("source.max_in_flight_records=%d", c.world.InFlight),
		fmt.Sprintf("source.session_timeout_ms=%d", millis(c.world.Session)),
		fmt.Sprintf("source.max_poll_interval_ms=%d", millis(c.world.Rebalance)),
		"source.fetch_max_wait_ms=2000",
		"sink.partitioner=murmur2_random",
		"sink.allow.auto.create.topics=false",
	}, c.world.Options...)
	if c.world.Chosen {
		all := []string{"source.topic=" + inputTopic, fmt.Sprintf("source.partitions=0-%d", c.world.Inputs-1)}
		set = append(all, set...) // more options say which
	}
	if c.world.ExactlyOnce {
		set = append(set, fmt.Sprintf("sink.transaction_timeout_ms=%d", millis(c.world.Timeout)))
	}
	for _, end := range []string{"source", "sink"} {
		set = append(set, end+".bootstrap_servers="+strings.Join(c.addresses(), ","))
	}
	root := config.Load{Set: set, Environ: []string{}, Sections: func(path []string) bool {
		return len(path) == 1 && (path[0] == "source" || path[0] == "sink")
	}}.Tree()
	resolve := func(end string, role kafka.Role) *kafka.Options {
		section := root.Section(end)
		o, faults := kafka.Resolve(role, name, section.Pos(), section.Path(), kafka.ReadLayer(end, section, role))
		if err := faults.Err(); err != nil {
			panic(err)
		}
		return o
	}
	consumer, producer = resolve("source", kafka.Consumer), resolve("sink", kafka.Producer)
	if err := root.Finish().Err(); err != nil {
		panic(err)
	}
	return consumer, producer
}

// clientHook catches the source's client, for mutations that misuse it.
type clientHook struct{ client atomic.Pointer[kgo.Client] }

var _ kgo.HookNewClient = (*clientHook)(nil)

// OnNewClient implements kgo.HookNewClient.
func (h *clientHook) OnNewClient(client *kgo.Client) { h.client.Store(client) }
