package kafka

import (
	"context"
	"net"

	"github.com/twmb/franz-go/pkg/kgo"
)

// dialer connects as the socket options say. A client has it only where they
// say something: else it connects by itself.
type dialer struct {
	net         net.Dialer
	network     string
	send, recv  int  // bytes of the system's buffers; 0 leaves them alone
	gatherSmall bool // let the system wait with small packets
}

// ownDialer is nil when the client's way to connect is as good.
func (o *Options) ownDialer() *dialer {
	d := &dialer{
		net:         net.Dialer{Timeout: o.Duration("socket.connection.setup.timeout.ms")},
		network:     map[string]string{"v4": "tcp4", "v6": "tcp6"}[o.String("broker.address.family")],
		send:        int(o.Int("socket.send.buffer.bytes")),
		recv:        int(o.Int("socket.receive.buffer.bytes")),
		gatherSmall: !o.Bool("socket.nagle.disable"),
	}
	if !o.Bool("socket.keepalive.enable") {
		d.net.KeepAlive = -1
	}
	if d.network == "" && d.send == 0 && d.recv == 0 && !d.gatherSmall && d.net.KeepAlive == 0 {
		return nil
	}
	return d
}

// dialOpts is how connections are made. The client's own way to TLS does not look
// at the files again, so a dialer of ours does that, over whatever connects.
func dialOpts(o *Options) ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.DialTimeout(o.Duration("socket.connection.setup.timeout.ms"))}
	d := o.ownDialer()
	switch {
	case o.secure():
		plain := (&net.Dialer{Timeout: o.Duration("socket.connection.setup.timeout.ms")}).DialContext
		if d != nil {
			plain = d.dial
		}
		s, err := newSecureDial(o, plain)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.Dialer(s.Dial))
	case d != nil:
		opts = append(opts, kgo.Dialer(d.dial))
	}
	return opts, nil
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.network != "" {
		network = d.network
	}
	conn, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := d.tune(conn); err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, err
	}
	return conn, nil
}

func (d *dialer) tune(conn net.Conn) error {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	if d.send > 0 {
		if err := tcp.SetWriteBuffer(d.send); err != nil {
			return err
		}
	}
	if d.recv > 0 {
		if err := tcp.SetReadBuffer(d.recv); err != nil {
			return err
		}
	}
	return tcp.SetNoDelay(!d.gatherSmall)
}
