package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Result is what a run showed.
type Result struct {
	World   World
	History *History
	// Faults are broken promises; none is what everybody hopes for.
	Faults []string
	Totals Totals
}

// Totals are what a run consisted of, to see that the runs are worth it.
type Totals struct {
	Inputs, Outputs, Duplicates, Members, Killed, Commits, Sessions int
	Fake                                                            time.Duration
}

// recovery bounds, in fake time, how long a healed group may take to be done.
const recovery = 3 * time.Minute

// Run plays one world to its end. It must be called in a bubble of fake time.
func Run(w World, alter Mutation, echo func(string)) (*Result, error) {
	return perform(w, alter, echo, besieged)
}

// script is what happens in a run. An error is a broken promise of progress.
type script func(context.Context, *Cluster, *load) error

// perform makes a cluster, plays the script, stops what is left and checks.
func perform(w World, alter Mutation, echo func(string), play script) (*Result, error) {
	h := newHistory(echo)
	h.add("%v", w)
	c, err := newCluster(w, h, alter)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	l, err := c.newLoad()
	if err != nil {
		return nil, err
	}
	defer l.client.Close()
	k, err := c.newCoordinator()
	if err != nil {
		return nil, err
	}
	go k.run()
	defer k.end()

	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	r := &Result{World: w, History: h}
	if err := play(ctx, c, l); err != nil {
		r.Faults = append(r.Faults, err.Error())
	}
	c.stopAll()
	if w.ExactlyOnce {
		// A client that aborts at its end may leave a connection behind that is
		// just being made. Time stands still once a run has returned.
		time.Sleep(2 * time.Minute)
	}
	if len(r.Faults) == 0 {
		if r.Faults, err = c.check(ctx, &r.Totals); err != nil {
			return nil, err
		}
	}
	r.Totals.Fake = time.Since(h.start)
	return r, nil
}

// besieged runs members under siege, heals, and waits until the group is done.
func besieged(ctx context.Context, c *Cluster, l *load) error {
	early := c.world.Records / 3
	if err := l.write(ctx, early); err != nil {
		return err
	}
	for range c.world.Members {
		c.start()
	}
	writing := make(chan error, 1)
	go func() { writing <- l.trickle(ctx, c.world.Records-early, c.world.Siege) }()
	n := &nemesis{Cluster: c, random: rand.New(rand.NewPCG(c.world.Seed, 4))}
	n.besiege()
	if err := <-writing; err != nil {
		return err
	}
	if err := l.write(ctx, 20); err != nil {
		return err
	}
	if len(c.alive()) == 0 {
		c.awaitRoom()
		c.start()
	}
	if err := c.awaitEnd(); err != nil {
		return err
	}
	return c.drainAll()
}

// awaitRoom waits until another member may run.
func (c *Cluster) awaitRoom() {
	if !c.world.Chosen {
		return
	}
	for _, m := range c.running() {
		<-m.done
	}
}

// awaitEnd waits until the group has committed everything.
func (c *Cluster) awaitEnd() error {
	begin := time.Now()
	for lag := c.lag(); lag > 0; lag = c.lag() {
		if time.Since(begin) > recovery {
			return fmt.Errorf("stuck: the group lags by %d records %v after everything was mended", lag, recovery)
		}
		time.Sleep(200 * time.Millisecond)
	}
	c.history.add("the group is at the end")
	return nil
}

// drainAll stops every member in good order.
func (c *Cluster) drainAll() error {
	for _, m := range c.running() {
		m.leave()
	}
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for _, m := range c.running() {
		select {
		case <-m.done:
		case <-limit.C:
			return fmt.Errorf("%s does not drain within a minute", m.name)
		}
	}
	return nil
}

// stopAll makes sure that nothing of the run is left.
func (c *Cluster) stopAll() {
	for _, m := range c.running() {
		m.cancel(errors.New("the run is over"))
		<-m.done
	}
	for _, m := range c.all() {
		m.cancel(nil)
		<-m.done
	}
}
