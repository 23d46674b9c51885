// Package relay stands between Kafka clients and their brokers, and does to
// their connections what networks do: it cuts them, lets them hang, and makes
// them slow. It also sees what they say, and can hold everything at a chosen
// request, so that a process can be killed exactly there.
//
// Clients that begin at Addrs come back to the relay for every broker: it puts
// its own addresses into the answers that name brokers. That needs connections
// without TLS.
package relay

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
)

// Relay passes connections on to brokers. Its methods are safe for use from
// several goroutines.
type Relay struct {
	seeds []string

	mu     sync.Mutex
	closed bool
	fronts map[string]net.Listener // by the broker's address
	conns  map[*conn]struct{}
	gate   chan struct{} // closed when it opens; nil while it is open
	trap   *Trap         // what is waited for
	delay  time.Duration // of each answer
	life   func() time.Duration
	ending sync.WaitGroup
}

// Start makes a relay of brokers. It must be closed.
func Start(brokers []string) (*Relay, error) {
	r := &Relay{fronts: make(map[string]net.Listener), conns: make(map[*conn]struct{})}
	for _, addr := range brokers {
		front, err := r.front(addr)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.seeds = append(r.seeds, front)
	}
	return r, nil
}

// Addrs are where clients begin.
func (r *Relay) Addrs() []string { return r.seeds }

// Close ends all connections, and waits for what served them.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	var errs []error
	for _, l := range r.fronts {
		errs = append(errs, l.Close())
	}
	r.mu.Unlock()
	r.Cut()
	r.ending.Wait()
	return errors.Join(errs...)
}

// front is where the relay listens for the clients of a broker.
func (r *Relay) front(broker string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.fronts[broker]; l != nil {
		return l.Addr().String(), nil
	}
	if r.closed {
		return "", net.ErrClosed
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("relay for %s: %w", broker, err)
	}
	r.fronts[broker] = l
	r.ending.Add(1)
	go func() {
		defer r.ending.Done()
		r.accept(l, broker)
	}()
	return l.Addr().String(), nil
}

// accept serves the clients of a broker. One whose broker cannot be reached is
// let go, as the broker's own host would.
func (r *Relay) accept(l net.Listener, broker string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return // it is closed
		}
		r.ending.Add(1)
		go func() {
			defer r.ending.Done()
			server, err := net.DialTimeout("tcp", broker, dialTimeout)
			if err != nil {
				_ = client.Close() // nothing was said on it
				return
			}
			newConn(r, client, server).serve()
		}()
	}
}

// dialTimeout is how long a broker may take to accept a connection.
const dialTimeout = 10 * time.Second

// Cut ends all connections that there are.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.end()
	}
}

// Delay makes every answer late.
func (r *Relay) Delay(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = by
}

// Churn gives each connection, those that there are too, a life of its own;
// nil lets them live on.
func (r *Relay) Churn(life func() time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.life = life
	for c := range r.conns {
		r.limit(c)
	}
}

// limit ends a connection at the end of its life, if lives are limited then.
// r.mu is held.
func (r *Relay) limit(c *conn) {
	if r.life == nil {
		return
	}
	time.AfterFunc(r.life(), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.life != nil {
			c.end()
		}
	})
}

// Hold lets nothing through any more: connections stay open, and hang.
func (r *Relay) Hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold()
}

func (r *Relay) hold() {
	if r.gate == nil {
		r.gate = make(chan struct{})
	}
}

// Release lets through what was held, and forgets a trap.
func (r *Relay) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trap = nil
	if r.gate != nil {
		close(r.gate)
		r.gate = nil
	}
}

// register takes a connection up.
func (r *Relay) register(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.conns[c] = struct{}{}
	r.limit(c)
	return true
}

func (r *Relay) forget(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// pass waits until the gate is open. The error says that the connection has
// ended meanwhile.
func (r *Relay) pass(c *conn) error {
	for {
		r.mu.Lock()
		gate := r.gate
		r.mu.Unlock()
		if gate == nil {
			return nil
		}
		select {
		case <-gate:
		case <-c.ended:
			return net.ErrClosed
		}
	}
}

// linger waits for as long as answers are delayed.
func (r *Relay) linger(c *conn) error {
	r.mu.Lock()
	delay := r.delay
	r.mu.Unlock()
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ended:
		return net.ErrClosed
	}
}

// replace puts the relay's own address in the place of a broker's.
func (r *Relay) replace(host *string, port *int32) error {
	front, err := r.front(net.JoinHostPort(*host, strconv.Itoa(int(*port))))
	if err != nil {
		return err
	}
	own, number, err := net.SplitHostPort(front)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return err
	}
	*host, *port = own, int32(n)
	return nil
}
