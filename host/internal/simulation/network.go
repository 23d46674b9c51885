package simulation

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// network joins clients and brokers in memory and can hurt both. Its faults
// lie on the client's side of each connection: an answer that is held back or
// lost belongs to a request that the broker has done.
type network struct {
	kfake.VirtualNetwork

	mu     sync.Mutex
	random *rand.Rand
	down   map[string]int // how many outages a broker address has now
	conns  map[*conn]struct{}
}

func newNetwork(random *rand.Rand) *network {
	return &network{random: random, down: map[string]int{}, conns: map[*conn]struct{}{}}
}

// outage closes all connections to a broker and refuses new ones until it is
// ended, as a restart of the broker does.
func (n *network) outage(address string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !down {
		n.down[address]--
		return
	}
	n.down[address]++
	for c := range n.conns {
		if c.address == address {
			c.die()
		}
	}
}

// between draws a duration.
func (n *network) between(low, high time.Duration) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return low + time.Duration(n.random.Int64N(int64(high-low)+1))
}

// link is the way of one client into the network.
type link struct {
	network   *network
	name      string
	swallowed atomic.Int64 // writes to half-open connections

	mu        sync.Mutex
	cut       bool          // nothing passes any more
	low, high time.Duration // answers take that long
	lose      int           // so many answers are lost with their connections
	hold      chan struct{} // while open, answers wait
	damage    func([]byte) bool
	damages   int   // so many answers are still to be damaged
	forbidden error // what comes of a dial, instead of a connection
}

// An answer of a broker in the same building takes from near to far.
const (
	near = 100 * time.Microsecond
	far  = 2 * time.Millisecond
)

// link makes a way with the latency of a machine near by.
func (n *network) link(name string) *link {
	return &link{network: n, name: name, low: near, high: far}
}

// delay makes answers take from low to high.
func (l *link) delay(low, high time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.low, l.high = low, high
}

// loseAnswers closes the connection in place of each of the next n answers.
func (l *link) loseAnswers(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose = n
}

// stall keeps answers back until release.
func (l *link) stall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hold == nil {
		l.hold = make(chan struct{})
	}
}

func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hold != nil {
		close(l.hold)
		l.hold = nil
	}
}

// sever cuts the client off, for good unless it is mended.
func (l *link) sever() {
	l.mu.Lock()
	l.cut = true
	l.mu.Unlock()
	l.kill()
}

func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// calm takes a delay away.
func (l *link) calm() { l.delay(near, far) }

// freeze makes the connections that there are half-open: nothing that is sent
// arrives any more, and nobody is told.
func (l *link) freeze() {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	for c := range l.network.conns {
		if c.link == l {
			c.frozen.Store(true)
		}
	}
}

// corrupt lets damage change the next n answers that it takes, and returns how
// many were left of those before.
func (l *link) corrupt(n int, damage func([]byte) bool) (left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left, l.damages, l.damage = l.damages, n, damage
	return left
}

// forbid lets no connection be made, for a reason on this machine; nil lets them
// again.
func (l *link) forbid(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forbidden = reason
}

// kill closes the connections that there are.
func (l *link) kill() {
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	for c := range l.network.conns {
		if c.link == l {
			c.die()
		}
	}
}

// dial is a client's dialer.
func (l *link) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	l.mu.Lock()
	cut, forbidden := l.cut, l.forbidden
	l.mu.Unlock()
	n := l.network
	if forbidden != nil {
		// It takes its time, as a system call does. The client asks again at once in
		// some places, and fake time stands still while anybody is busy.
		time.Sleep(near)
		return nil, &net.OpError{Op: "dial", Net: kind, Err: forbidden}
	}
	address = strings.Replace(address, "127.0.0.1", "localhost", 1)
	n.mu.Lock()
	down := n.down[address] > 0
	n.mu.Unlock()
	if cut || down {
		return nil, n.refused(kind)
	}
	inner, err := n.DialContext(ctx, kind, address)
	if err != nil && ctx.Err() == nil {
		return nil, n.refused(kind) // nobody listens
	}
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: inner, link: l, address: address, closed: make(chan struct{})}
	n.mu.Lock()
	n.conns[c] = struct{}{}
	n.mu.Unlock()
	return c, nil
}

// refused is a dial that finds nobody. The refusal travels, too.
func (n *network) refused(kind string) error {
	time.Sleep(n.between(near, far))
	return &net.OpError{Op: "dial", Net: kind, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// conn is a client's end of a connection.
type conn struct {
	net.Conn
	link    *link
	address string
	once    sync.Once
	closed  chan struct{}
	frozen  atomic.Bool

	mu       sync.Mutex
	deadline time.Time // for reading
}

// die closes the connection under the network's lock.
func (c *conn) die() {
	c.once.Do(func() { close(c.closed) })
	_ = c.Conn.Close() // a pipe's end always closes
	delete(c.link.network.conns, c)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.link.network.mu.Lock()
	defer c.link.network.mu.Unlock()
	c.die()
	return nil
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

// Read implements net.Conn. What has come is held for as long as the link says.
func (c *conn) Read(b []byte) (int, error) {
	count, err := c.Conn.Read(b)
	for err == nil && c.frozen.Load() { // until the reader's deadline
		count, err = c.Conn.Read(b)
	}
	if err != nil {
		return count, c.reset("read", err)
	}
	l := c.link
	l.mu.Lock()
	if l.damages > 0 && l.damage(b[:count]) {
		l.damages--
	}
	low, high, hold, lost := l.low, l.high, l.hold, l.lose > 0
	if lost {
		l.lose--
	}
	l.mu.Unlock()
	if lost {
		return 0, errors.Join(c.Close(), io.EOF)
	}
	if hold != nil {
		if err := await(c, hold); err != nil {
			return 0, err
		}
	}
	ready := time.NewTimer(l.network.between(low, high))
	defer ready.Stop()
	return count, await(c, ready.C)
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	if c.frozen.Load() {
		c.link.swallowed.Add(1)
		return len(b), nil
	}
	count, err := c.Conn.Write(b)
	return count, c.reset("write", err)
}

// reset makes the error of a pipe into the one that a socket gives.
func (c *conn) reset(op string, err error) error {
	if errors.Is(err, io.ErrClosedPipe) {
		return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, syscall.ECONNRESET)}
	}
	return err
}

// await waits for ready, the end of the connection, or the reader's deadline.
func await[T any](c *conn, ready <-chan T) error {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-ready:
		return nil
	case <-c.closed:
		return c.reset("read", io.ErrClosedPipe)
	case <-late:
		return os.ErrDeadlineExceeded
	}
}
