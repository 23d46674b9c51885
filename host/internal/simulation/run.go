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

// Run plays one world to its end. It must be called in a synctest bubble.
func Run(w World, alter Mutation, echo func(string)) (*Result, error) {
	h := newHistory(echo)
	h.add("%v", w)
	c, err := newCluster(w, h, alter)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := &Result{World: w, History: h}
	err = c.play()
	if err != nil {
		r.Faults = append(r.Faults, err.Error())
	}
	c.stopAll()
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		faults, err := c.check(ctx, &r.Totals)
		if err != nil {
			return nil, err
		}
		r.Faults = append(r.Faults, faults...)
	}
	r.Totals.Fake = time.Since(h.start)
	return r, nil
}

// play runs members under siege, heals, and waits until the group is done. An
// error is a broken promise of progress.
func (c *Cluster) play() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	l, err := c.newLoad()
	if err != nil {
		return err
	}
	defer l.client.Close()
	k, err := c.newCoordinator()
	if err != nil {
		return err
	}
	go k.run()
	defer k.end()
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
		c.start()
	}
	if err := c.awaitEnd(); err != nil {
		return err
	}
	return c.drainAll()
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
