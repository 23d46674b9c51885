package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// conn is a client's connection and the one to its broker.
type conn struct {
	relay          *Relay
	client, broker net.Conn
	once           sync.Once
	ended          chan struct{}

	mu    sync.Mutex
	asked map[int32]question // by correlation id
}

// question is what an answer answers.
type question struct {
	request Request
	version int16
}

func newConn(r *Relay, client, broker net.Conn) *conn {
	return &conn{relay: r, client: client, broker: broker, ended: make(chan struct{}), asked: make(map[int32]question)}
}

// end closes both sides.
func (c *conn) end() {
	c.once.Do(func() {
		close(c.ended)
		_, _ = c.client.Close(), c.broker.Close() // which may be gone already
	})
}

// serve passes frames on in both directions until one of them ends.
func (c *conn) serve() {
	defer c.end()
	if !c.relay.register(c) {
		return
	}
	defer c.relay.forget(c)
	var up sync.WaitGroup
	up.Add(1)
	go func() {
		defer up.Done()
		defer c.end()
		_ = c.requests() // whatever ended it ends the connection, which is all to be seen of it
	}()
	_ = c.answers()
	c.end()
	up.Wait()
}

func (c *conn) requests() error {
	var buf []byte
	for {
		frame, err := readFrame(c.client, buf)
		if err != nil {
			return err
		}
		buf = frame
		if len(frame) < 12 {
			return errFrame
		}
		q := question{Request(binary.BigEndian.Uint16(frame[4:])), int16(binary.BigEndian.Uint16(frame[6:]))}
		c.mu.Lock()
		c.asked[int32(binary.BigEndian.Uint32(frame[8:]))] = q
		c.mu.Unlock()
		c.relay.at(q.request, Asked, len(frame))
		if err := c.relay.pass(c); err != nil {
			return err
		}
		if _, err := c.broker.Write(frame); err != nil {
			return err
		}
	}
}

func (c *conn) answers() error {
	var buf []byte
	for {
		frame, err := readFrame(c.broker, buf)
		if err != nil {
			return err
		}
		buf = frame
		if len(frame) < 8 {
			return errFrame
		}
		id := int32(binary.BigEndian.Uint32(frame[4:]))
		c.mu.Lock()
		q, known := c.asked[id]
		delete(c.asked, id)
		c.mu.Unlock()
		if known {
			if frame, err = c.relay.rewrite(q, frame); err != nil {
				return err
			}
			c.relay.at(q.request, Answered, len(frame))
		}
		if err := errors.Join(c.relay.linger(c), c.relay.pass(c)); err != nil {
			return err
		}
		if _, err := c.client.Write(frame); err != nil {
			return err
		}
		if known {
			c.relay.at(q.request, Told, len(frame))
		}
	}
}

const (
	// maxFrame bounds what is kept of one request or answer.
	maxFrame = 256 << 20
	// step is how much of a frame is believed before it is there.
	step = 1 << 20
)

var errFrame = errors.New("not a frame of Kafka's protocol")

// readFrame reads a frame with its length, into buf where it fits.
func readFrame(from io.Reader, buf []byte) ([]byte, error) {
	buf = append(buf[:0], 0, 0, 0, 0)
	if _, err := io.ReadFull(from, buf); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint32(buf))
	if size > maxFrame {
		return nil, fmt.Errorf("%w: %d bytes", errFrame, size)
	}
	for size > 0 {
		n := min(size, step)
		at := len(buf)
		if cap(buf) < at+n {
			buf = append(buf, make([]byte, n)...)
		}
		buf = buf[:at+n]
		if _, err := io.ReadFull(from, buf[at:]); err != nil {
			return nil, err
		}
		size -= n
	}
	return buf, nil
}
