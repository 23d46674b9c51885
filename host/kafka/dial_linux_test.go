package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// listen accepts connections on loopback until the test ends.
func listen(t *testing.T, secure *tls.Config) (port string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			if secure != nil {
				go func() { _ = tls.Server(conn, secure).Handshake() }() // the client tells how it went
			}
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func dialWith(t *testing.T, options, address string) (net.Conn, error) {
	t.Helper()
	o, faults := resolve(t, Admin, "bootstrap_servers: seed, "+options, "")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	dial := optValue(t, o, kgo.Dialer).(func(context.Context, string, string) (net.Conn, error))
	conn, err := dial(t.Context(), "tcp", address)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

// TestSocketOptions asks the system for what the options made of a socket.
func TestSocketOptions(t *testing.T) {
	address := "127.0.0.1:" + listen(t, nil)
	tests := []struct {
		options       string
		level, option int
		ok            func(int) bool
	}{
		{"socket_keepalive_enable: false", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, func(n int) bool { return n == 0 }},
		{"socket_nagle_disable: false", syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, func(n int) bool { return n == 1 }},
		{"socket_nagle_disable: false", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, func(n int) bool { return n == 0 }},
		{"broker_address_family: v4", syscall.IPPROTO_TCP, syscall.TCP_NODELAY, func(n int) bool { return n == 1 }},
		// The system doubles what it is asked for.
		{"socket_send_buffer_bytes: 10000", syscall.SOL_SOCKET, syscall.SO_SNDBUF, func(n int) bool { return n == 20000 }},
		{"socket_receive_buffer_bytes: 10000", syscall.SOL_SOCKET, syscall.SO_RCVBUF, func(n int) bool { return n == 20000 }},
	}
	for _, test := range tests {
		conn, err := dialWith(t, test.options, address)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var got int
		var asked error
		if err := raw.Control(func(fd uintptr) { got, asked = syscall.GetsockoptInt(int(fd), test.level, test.option) }); err != nil || asked != nil {
			t.Fatal(err, asked)
		}
		if !test.ok(got) {
			t.Errorf("%s: option %d of the socket is %d", test.options, test.option, got)
		}
	}
	if _, err := dialWith(t, "broker_address_family: v6", address); err == nil {
		t.Error("an address of IPv4 was dialled with broker.address.family v6")
	}
}

// TestDialSecurely has the TLS of a dialer of ours: it checks authority and host
// as the client's own does.
func TestDialSecurely(t *testing.T) {
	dir := t.TempDir()
	authority(t, dir, "localhost")
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	port := listen(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	options := "security_protocol: ssl, socket_keepalive_enable: false, ssl_cafile: " + dir + "/ca.pem"

	conn, err := dialWith(t, options, "localhost:"+port)
	if err != nil {
		t.Fatal(err)
	}
	if secure, ok := conn.(*tls.Conn); !ok || !secure.ConnectionState().HandshakeComplete {
		t.Errorf("the connection is a %T, want one that shook hands", conn)
	}
	if _, err := dialWith(t, options, "127.0.0.1:"+port); !errors.As(err, new(x509.HostnameError)) {
		t.Errorf("a certificate of another host: got %v, want a fault of its name", err)
	}
}
