package kafka

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// dialer connects as the socket options say. A client has it only where they
// say something: else it connects by itself.
type dialer struct {
	net          net.Dialer
	network      string
	send, recv   int  // bytes of the system's buffers; 0 leaves them alone
	gatherSmall  bool // let the system wait with small packets
	secure       *tls.Config
	handshakeFor time.Duration
}

// ownDialer is nil when the client's way to connect is as good.
func (o *Options) ownDialer() *dialer {
	d := &dialer{
		net:          net.Dialer{Timeout: o.Duration("socket.connection.setup.timeout.ms")},
		network:      map[string]string{"v4": "tcp4", "v6": "tcp6"}[o.String("broker.address.family")],
		send:         int(o.Int("socket.send.buffer.bytes")),
		recv:         int(o.Int("socket.receive.buffer.bytes")),
		gatherSmall:  !o.Bool("socket.nagle.disable"),
		handshakeFor: o.Duration("socket.connection.setup.timeout.ms"),
	}
	if !o.Bool("socket.keepalive.enable") {
		d.net.KeepAlive = -1
	}
	if d.network == "" && d.send == 0 && d.recv == 0 && !d.gatherSmall && d.net.KeepAlive == 0 {
		return nil
	}
	return d
}

// dialOpts is how connections are made. The client has either a dialer or a TLS
// configuration, so a dialer of ours does the TLS too.
func dialOpts(o *Options) ([]kgo.Opt, error) {
	opts := []kgo.Opt{kgo.DialTimeout(o.Duration("socket.connection.setup.timeout.ms"))}
	d := o.ownDialer()
	if d == nil {
		return opts, nil
	}
	if strings.HasSuffix(o.String("security.protocol"), "ssl") {
		c, err := o.tls()
		if err != nil {
			return nil, err
		}
		d.secure = c
	}
	return append(opts, kgo.Dialer(d.dial)), nil
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
	if d.secure == nil {
		return conn, nil
	}
	return d.handshake(ctx, conn, address)
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

// handshake makes the connection a TLS one. The certificate must be made for
// the host that was asked for.
func (d *dialer) handshake(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	c := d.secure.Clone()
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		c.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, d.handshakeFor)
	defer cancel()
	secure := tls.Client(conn, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, err
	}
	return secure, nil
}
