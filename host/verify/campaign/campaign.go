// Package campaign holds a pipeline to its promises while it is killed: it
// feeds a "weir run" of its own with numbered inputs, ends it at random moments,
// and gives what became of the inputs to an audit.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/relay"
	"github.com/weirhq/weir/host/verify"
)

// Options say what a campaign does.
type Options struct {
	// Brokers are those of the campaign's own client, which Dial makes.
	Brokers []string
	Dial    func() (*broker.Client, error)
	// Shared and Connection have the options of the connection, but
	// bootstrap.servers, as lines of the sections kafka and connections.NAME of a
	// configuration; none for plain text.
	Shared, Connection []string
	// Direct leaves the relay out that sees what the process says: over TLS it
	// could not. Faults that need it are left out, too.
	Direct bool
	// Program is weir's binary, Name what it is called as, and Environ the
	// environment of the processes.
	Program, Name string
	Environ       []string
	// Module is the binary of the builtin:topic-selector, to have a file that
	// can be replaced. Without it no module is.
	Module      []byte
	ExactlyOnce bool
	Seed        uint64
	Events      int64         // how many inputs are sent
	Kills       int           // how often the process is killed
	Duration    time.Duration // when the faults and the feeding end, done or not
	Patience    time.Duration // how long nothing may move while there is input
	// Logs is a folder that keeps the log of each process, "" for none.
	Logs string
	// Keep leaves the topics on the brokers when there is an anomaly.
	Keep bool
	// Tell is given how far the campaign is.
	Tell func(step string, done, total int)
}

// Result is what a campaign did and found.
type Result struct {
	Seed     uint64   `json:"seed"`
	Delivery string   `json:"delivery"`
	Brokers  []string `json:"brokers"`
	Kills    int      `json:"kills"` // SIGKILLs in all
	Faults   []Fault  `json:"faults"`
	Losses   int      `json:"losses"` // how often a process has lost partitions before it was done with them
	History  []Moment `json:"history"`
	Seconds  float64  `json:"seconds"` // of the run, without the reading at the end
	Rate     float64  `json:"events_per_second"`
	verify.Verdict
	// Kept are topics that were left on the brokers to be looked at.
	Kept []string `json:"kept,omitempty"`
	// Log is the end of what the last process said, where an anomaly is its own.
	Log string `json:"log,omitempty"`
}

// Fault is a kind of fault.
type Fault struct {
	Name    string `json:"name"`
	Count   int    `json:"count"`
	Planned int    `json:"planned"` // more than Count when the time was over
}

// Moment is when a fault was done, and how far the run was.
type Moment struct {
	Seconds float64 `json:"seconds"` // since the start
	Fault   string  `json:"fault"`
	Outputs []int64 `json:"outputs"` // by input partition: the next input without an output
}

const (
	partitions = 4 // of each topic, at first
	// tick is how often the brokers are asked for what they tell nobody of.
	tick = 20 * time.Millisecond
	// talk bounds one request for a topic, a group or offsets.
	talk = 30 * time.Second
)

// ErrBrokers says that the brokers could not even make the topics.
var ErrBrokers = errors.New("the topics could not be made")

// campaign is one run.
type campaign struct {
	Options
	work   verify.Workload
	client *broker.Client
	relay  *relay.Relay // nil when it is left out
	parent *parent
	dir    string
	feed   feed
	result Result
	child  *child   // the process that is killed
	others []*child // members of its group for a while
	failed bool     // a process has an anomaly: it is asked for nothing more
	module int      // the version of the module's file
	began  time.Time
	starts int // processes started so far

	mu    sync.Mutex // guards audit and the rest
	audit *verify.Audit
	next  []int64 // by input partition: behind the last input with an output
	base  []int64 // by input partition: the input at offset 0
	// memory has what the group had committed lately, by input partition.
	memory [][]int64
}

// Run does a campaign. An anomaly is no error: the result tells of it.
func Run(ctx context.Context, opts Options) (result *Result, err error) {
	c := &campaign{Options: opts, next: make([]int64, partitions), base: make([]int64, partitions)}
	c.work = verify.Workload{Run: fmt.Sprintf("weir-verify-%016x-%d", opts.Seed, os.Getpid()), Seed: opts.Seed}
	c.audit = verify.NewAudit(c.work, opts.ExactlyOnce)
	c.result = Result{Seed: opts.Seed, Delivery: delivery(opts.ExactlyOnce), Brokers: opts.Brokers}
	if c.client, err = opts.Dial(); err != nil {
		return nil, err
	}
	defer c.client.Close()
	if !opts.Direct {
		if c.relay, err = relay.Start(opts.Brokers); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, c.relay.Close()) }()
	}
	if c.dir, err = os.MkdirTemp("", "weir-verify-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	if err := c.writeFiles(); err != nil {
		return nil, err
	}
	if err := c.makeTopics(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.leave(context.WithoutCancel(ctx))) }()
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return &c.result, c.judge(ctx)
}

// The deliveries, as configurations write them.
const (
	atLeastOnce = "at_least_once"
	exactlyOnce = "exactly_once"
)

func delivery(once bool) string {
	if once {
		return exactlyOnce
	}
	return atLeastOnce
}

func (c *campaign) input() string                 { return c.work.Run + ".in" }
func (c *campaign) group() string                 { return c.work.Run }
func (c *campaign) outlet(o verify.Outlet) string { return c.work.Run + "." + o.String() }
func (c *campaign) outlets() (names []string) {
	for o := range verify.Outlets {
		names = append(names, c.outlet(verify.Outlet(o)))
	}
	return names
}

func (c *campaign) makeTopics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	for i, name := range append(c.outlets(), c.input()) {
		err := c.client.CreateTopic(ctx, broker.Topic{Name: name, Partitions: partitions})
		if err == nil {
			continue
		}
		err = fmt.Errorf("%w: %w", ErrBrokers, err)
		if i > 0 {
			err = errors.Join(err, c.leave(context.WithoutCancel(ctx)))
		}
		return err
	}
	return nil
}

// leave removes what the campaign has made, but topics that show an anomaly.
func (c *campaign) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, talk)
	defer cancel()
	topics := append(c.outlets(), c.input())
	if len(c.result.Kept) > 0 {
		topics = nil
	}
	return c.client.Remove(ctx, c.group(), member, topics...)
}

// run feeds the process and ends it again and again, until all is processed
// or nothing moves any more.
func (c *campaign) run(ctx context.Context) error {
	c.began = time.Now()
	group, ctx := errgroup.WithContext(ctx)
	running, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	brokers, err := insist(ctx, c, c.client.Brokers)
	if err != nil {
		return err
	}
	plan := c.plan(brokers)
	c.feed.begin(c)
	following, unfollow := context.WithCancel(ctx)
	defer unfollow()
	group.Go(func() error { return c.client.Follow(following, c.outlets(), c.saw) })
	group.Go(func() error { return c.remember(following) })
	group.Go(func() error {
		defer c.feed.end()
		return c.feed.run(ctx, running)
	})
	c.parent = newParent()
	defer c.parent.end()
	if c.child, err = c.launch(0); err != nil {
		return err
	}
	defer c.killAll()
	err = c.torment(ctx, running, plan)
	if err == nil {
		err = c.settle(ctx)
	}
	c.result.Seconds = time.Since(c.began).Seconds()
	c.feed.cut()
	unfollow()
	if failed := group.Wait(); failed != nil {
		return failed // of which err is only an echo
	}
	return err
}

// saw takes a record that has arrived in an outlet.
func (c *campaign) saw(r *broker.Record) {
	record := c.record(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.audit.Saw(record)
	if _, o, err := verify.ParseHeader(record.Origin); err == nil && o.Partition >= 0 && int(o.Partition) < len(c.next) {
		c.next[o.Partition] = max(c.next[o.Partition], o.Seq+1)
	}
	c.feed.wake()
}

func (c *campaign) record(r *broker.Record) *verify.Record {
	out := &verify.Record{Offset: r.Offset, Key: r.Key, Value: r.Value, Origin: r.Header(verify.OriginHeader)}
	out.Number = r.Partition
	for o := range verify.Outlets {
		if r.Topic == c.outlet(verify.Outlet(o)) {
			out.Outlet = verify.Outlet(o)
		}
	}
	return out
}

// arrived is how many inputs have come out, as far as the last one tells.
func (c *campaign) arrived() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sum(c.next)
}

// anomaly notes an anomaly of a process, and what it said.
func (c *campaign) anomaly(p *child, kind verify.Kind, format string, args ...any) {
	c.failed = c.failed || kind != verify.Books // after which the process goes on well
	c.mu.Lock()
	defer c.mu.Unlock()
	c.audit.Add(kind, fmt.Sprintf(format, args...))
	c.result.Log = p.log.String()
}

// judge reads the outlets from their beginning and ends the audit.
func (c *campaign) judge(ctx context.Context) error {
	counts := c.feed.sent()
	ends, err := c.ends(ctx, c.input())
	if err != nil {
		return err
	}
	for p, n := range counts {
		if end := ends[broker.Partition{Topic: c.input(), Number: int32(p)}]; end != n-c.base[p] {
			return fmt.Errorf("%s[%d] holds %d records and was sent %d: somebody else writes to it, or the brokers have lost some", c.input(), p, end, n-c.base[p])
		}
	}
	c.audit.Judge(counts)
	if err := c.client.Read(ctx, c.outlets(), func(r *broker.Record) { c.audit.Output(c.record(r)) }); err != nil {
		return err
	}
	c.result.Verdict = c.audit.Verdict()
	c.result.Rate = float64(c.result.Inputs) / c.result.Seconds
	if c.Keep && !c.result.Valid {
		c.result.Kept = append(c.outlets(), c.input())
	}
	return nil
}

func sum(counts []int64) (n int64) {
	for _, count := range counts {
		n += count
	}
	return n
}
