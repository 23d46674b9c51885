package campaign

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/weirhq/weir/host/broker/relay"
)

// deed is a kind of fault.
type deed struct {
	name string
	// each is how many kills there are for one of them; 0 is a kill itself.
	each   int
	weight int64 // how much input it gets; above 1, some while it is done
	needs  needs
	do     func(c *campaign, ctx context.Context, f fault) error
	trap   relay.Trap // where a kill is no random one
	linger bool       // how it lies: not at once, but in what comes next
	only   string     // the delivery that has it; "" is both
}

// needs is what a fault cannot be done without.
type needs struct{ relay, brokers, module, signals bool }

// anywhere is the deed of the kills that no trap waits for.
var anywhere = deed{name: "kill at-random", weight: 1, do: (*campaign).kill}

// points are the kills at a named point, which take turns with those anywhere.
var points = []deed{
	killAt("kill after-write", relay.Produce, relay.Answered),
	killAt("kill before-commit", relay.OffsetCommit, relay.Asked).in(atLeastOnce),
	killAt("kill in-commit", relay.OffsetCommit, relay.Answered).in(atLeastOnce),
	killAt("kill before-offsets", relay.TxnOffsetCommit, relay.Asked).in(exactlyOnce),
	killAt("kill in-offsets", relay.TxnOffsetCommit, relay.Answered).in(exactlyOnce),
	killAt("kill before-end", relay.EndTxn, relay.Asked).in(exactlyOnce),
	killAt("kill in-end", relay.EndTxn, relay.Answered).in(exactlyOnce),
	killAt("kill after-fetch", relay.Fetch, relay.Told),
	killAt("kill in-processor", relay.Fetch, relay.Told).lingering(),
	killAt("kill before-write", relay.Produce, relay.Asked),
	killAt("kill after-ack", relay.Produce, relay.Told),
}

// others are the faults beside the kills.
var others = []deed{
	{name: "stop", each: 4, weight: 1, needs: needs{signals: true}, do: (*campaign).stop},
	{name: "pause", each: 4, weight: 1, needs: needs{signals: true}, do: (*campaign).suspend},
	{name: "reload", each: 8, weight: 1, needs: needs{signals: true, module: true}, do: (*campaign).reload},
	{name: "bad-reload", each: 8, weight: 1, needs: needs{signals: true, module: true}, do: (*campaign).badReload},
	{name: "leader-move", each: 8, weight: 1, needs: needs{brokers: true}, do: (*campaign).moveLeaders},
	{name: "short-connections", each: 25, weight: 4, needs: needs{relay: true}, do: (*campaign).churn},
	{name: "stall", each: 25, weight: 4, needs: needs{relay: true}, do: (*campaign).stall},
	{name: "latency", each: 25, weight: 4, needs: needs{relay: true}, do: (*campaign).slowDown},
	{name: "rebalance", each: 25, weight: 4, needs: needs{signals: true}, do: (*campaign).storm},
	{name: "long-pause", each: 50, weight: 6, needs: needs{signals: true}, do: (*campaign).expel},
	{name: "partition-added", each: 50, weight: 1, do: (*campaign).addPartition},
	{name: "topic-recreated", each: 50, weight: 1, do: (*campaign).recreate},
}

func killAt(name string, r relay.Request, s relay.Stage) deed {
	return deed{name: name, weight: 2, needs: needs{relay: true}, trap: relay.Trap{Request: r, Stage: s}, do: (*campaign).killThere}
}

func (d deed) in(delivery string) deed { d.only = delivery; return d }
func (d deed) lingering() deed         { d.linger = true; return d }

// fault is one thing that is done.
type fault struct {
	*deed
	number int           // in the plan
	share  int           // the share of the input that leads up to it
	at     int64         // when so many inputs have come out
	then   time.Duration // and so much later
	last   time.Duration // how long it lasts, at most a second
}

// can tells whether a deed can be done here.
func (c *campaign) can(d *deed, brokers int) bool {
	return (c.relay != nil || !d.needs.relay) && (brokers > 1 || !d.needs.brokers) &&
		(c.Module != nil || !d.needs.module) && (everyFault || !d.needs.signals) && (d.only == "" || d.only == c.result.Delivery)
}

// plan draws the faults, the same ones for a seed: the kills, every other of
// them at a point, and the others at their rates, each somewhere in the share of
// the input that leads up to it.
func (c *campaign) plan(brokers int) []fault {
	var kills []*deed
	for i := range points {
		if c.can(&points[i], brokers) {
			kills = append(kills, &points[i])
		}
	}
	random := rand.New(rand.NewPCG(c.Seed, 1))
	random.Shuffle(len(kills), func(i, j int) { kills[i], kills[j] = kills[j], kills[i] })
	var plan []fault
	for i := range c.Kills {
		what := &anywhere
		if i%2 == 1 && len(kills) > 0 {
			what = kills[i/2%len(kills)]
		}
		plan = append(plan, fault{deed: what})
	}
	for i := range others {
		if d := &others[i]; c.can(d, brokers) {
			for range d.among(c.Kills) {
				plan = append(plan, fault{deed: d})
			}
		}
	}
	random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	c.schedule(plan, random)
	return plan
}

// among is how many of a deed there are for so many kills: one where there are
// enough for a run that is more than a trial.
func (d *deed) among(kills int) int {
	if n := kills / d.each; n > 0 || kills < 20 {
		return n
	}
	return 1
}

// schedule deals the input out: a share to lead up to each fault, another one for
// what needs some while it is done, and one for the end.
func (c *campaign) schedule(plan []fault, random *rand.Rand) {
	all := int64(1)
	for _, f := range plan {
		all += f.weight
	}
	var weight int64
	deal := func(n int64) (begin, end int64) {
		begin = c.Events * weight / all
		weight += n
		end = c.Events * weight / all
		c.feed.shares = append(c.feed.shares, end)
		return begin, end
	}
	for i := range plan {
		f := &plan[i]
		f.number, f.share = i, len(c.feed.shares)
		begin, end := deal(1)
		f.at = begin + random.Int64N((end-begin)*9/10+1)
		f.then = time.Duration(random.Int64N(int64(60 * time.Millisecond)))
		f.last = 100*time.Millisecond + time.Duration(random.Int64N(int64(900*time.Millisecond)))
		if f.weight > 1 {
			deal(f.weight - 1)
		}
	}
	deal(1)
	c.tally(plan)
}

// tally begins to count the faults of a plan.
func (c *campaign) tally(plan []fault) {
	for _, d := range append(append([]deed{anywhere}, points...), others...) {
		tally := Fault{Name: d.name}
		for _, f := range plan {
			if f.name == d.name {
				tally.Planned++
			}
		}
		if tally.Planned > 0 {
			c.result.Faults = append(c.result.Faults, tally)
		}
	}
}

// did counts a fault.
func (c *campaign) did(name string) {
	for i := range c.result.Faults {
		if c.result.Faults[i].Name == name {
			c.result.Faults[i].Count++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.History = append(c.result.History, Moment{time.Since(c.began).Seconds(), name, slices.Clone(c.next)})
}
