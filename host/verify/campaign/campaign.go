// Package campaign holds a pipeline to its promises while it is killed: it
// feeds a "weir run" of its own with numbered inputs, ends it at random moments,
// and gives what became of the inputs to an audit.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/verify"
)

// Options say what a campaign does.
type Options struct {
	Brokers []string
	// Program is weir's binary, Name what it is called as, and Environ the
	// environment of the processes.
	Program, Name string
	Environ       []string
	ExactlyOnce   bool
	Seed          uint64
	Events        int64         // how many inputs are sent
	Kills         int           // how often the process is killed
	Duration      time.Duration // when the faults and the feeding end, done or not
	Patience      time.Duration // how long nothing may move while there is input
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
	Faults   Faults   `json:"faults"`
	Seconds  float64  `json:"seconds"` // of the run, without the reading at the end
	Rate     float64  `json:"events_per_second"`
	verify.Verdict
	// Kept are topics that were left on the brokers to be looked at.
	Kept []string `json:"kept,omitempty"`
	// Log is the end of what the last process said, where an anomaly is its own.
	Log string `json:"log,omitempty"`
}

// Faults counts what was done to the process.
type Faults struct {
	Kills  int `json:"kills"`  // SIGKILL
	Stops  int `json:"stops"`  // SIGTERM
	Pauses int `json:"pauses"` // SIGSTOP, then SIGCONT
}

// Sum is the number of all faults.
func (f Faults) Sum() int { return f.Kills + f.Stops + f.Pauses }

const (
	partitions = 4
	// tick is how often the brokers are asked for what they tell nobody of.
	tick = 20 * time.Millisecond
	// talk bounds one request for a topic, a group or offsets.
	talk = 15 * time.Second
)

// ErrBrokers says that the brokers could not even make the topics.
var ErrBrokers = errors.New("the topics could not be made")

// campaign is one run.
type campaign struct {
	Options
	work   verify.Workload
	client *broker.Client
	dir    string
	config string
	feed   feed
	result Result
	child  *child
	failed bool // the process has an anomaly: it is asked for nothing more

	mu    sync.Mutex // guards audit and the rest
	audit *verify.Audit
	next  [partitions]int64 // behind the last input with an output
}

// Run does a campaign. An anomaly is no error: the result tells of it.
func Run(ctx context.Context, opts Options) (result *Result, err error) {
	c := &campaign{Options: opts}
	c.work = verify.Workload{Run: fmt.Sprintf("weir-verify-%016x-%d", opts.Seed, os.Getpid()), Seed: opts.Seed}
	c.audit = verify.NewAudit(c.work, opts.ExactlyOnce)
	c.result = Result{Seed: opts.Seed, Delivery: delivery(opts.ExactlyOnce), Brokers: opts.Brokers}
	if c.client, err = broker.Dial(opts.Brokers); err != nil {
		return nil, err
	}
	defer c.client.Close()
	if c.dir, err = os.MkdirTemp("", "weir-verify-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	c.config = filepath.Join(c.dir, "weir.yaml")
	if err := os.WriteFile(c.config, c.configuration(), 0o600); err != nil {
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

func delivery(exactlyOnce bool) string {
	if exactlyOnce {
		return "exactly_once"
	}
	return "at_least_once"
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

// member is the name under which a process that is started anew gets its
// partitions back at once.
const member = "verify"

// configuration is the pipeline under test: a module routes by weight, and
// what it cannot read becomes a dead letter.
func (c *campaign) configuration() []byte {
	commits := "      auto.commit.interval.ms: 100\n"
	if c.ExactlyOnce {
		commits = "" // they are part of the transactions
	}
	text := fmt.Appendf(nil, `connections:
  kafka:
    bootstrap_servers: %q
pipelines:
  verify:
    delivery: %s
    source:
      topic: %s
      group_id: %s
      group_instance_id: %s
      auto.offset.reset: earliest
%s`, strings.Join(c.Brokers, ","), delivery(c.ExactlyOnce), c.input(), c.group(), member, commits)
	sink := "{}"
	if c.ExactlyOnce {
		text = append(text, "    transaction_interval: 100ms\n"...)
		sink = "{transactional_id: " + c.work.Run + "}"
	}
	return fmt.Appendf(text, `    processors:
      - module: builtin:topic-selector
        config: {above: %s, below: %s}
        on_error: dead_letter
    sink: %s
    dead_letter: {topic: %s}
`, c.outlet(verify.Heavy), c.outlet(verify.Light), sink, c.outlet(verify.Dead))
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
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	running, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	plan := c.plan()
	c.feed.begin(c, len(plan))
	following, unfollow := context.WithCancel(ctx)
	defer unfollow()
	group.Go(func() error { return c.client.Follow(following, c.outlets(), c.saw) })
	group.Go(func() error {
		defer c.feed.end()
		return c.feed.run(ctx, running)
	})
	if err := c.start(); err != nil {
		return err
	}
	defer func() { c.child.kill() }()
	err := c.torment(ctx, running, plan)
	if err == nil {
		err = c.settle(ctx)
	}
	c.result.Seconds = time.Since(began).Seconds()
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
	if _, o, err := verify.ParseHeader(record.Origin); err == nil && o.Partition >= 0 && o.Partition < partitions {
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
func (c *campaign) arrived() (sum int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.next {
		sum += n
	}
	return sum
}

// anomaly notes an anomaly of the process, and what it said.
func (c *campaign) anomaly(kind verify.Kind, format string, args ...any) {
	c.failed = c.failed || kind != verify.Books // after which the process goes on well
	c.mu.Lock()
	defer c.mu.Unlock()
	c.audit.Add(kind, fmt.Sprintf(format, args...))
	c.result.Log = c.child.log.String()
}

// judge reads the outlets from their beginning and ends the audit.
func (c *campaign) judge(ctx context.Context) error {
	counts := c.feed.sent()
	ends, err := c.client.Ends(ctx, []string{c.input()})
	if err != nil {
		return err
	}
	for p, n := range counts {
		if end := ends[broker.Partition{Topic: c.input(), Number: int32(p)}]; end != n {
			return fmt.Errorf("%s[%d] holds %d records and was sent %d: somebody else writes to it, or the brokers have lost some", c.input(), p, end, n)
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
