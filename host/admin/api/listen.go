package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const unixPrefix = "unix:"

// ErrTaken says that another process listens on the address.
var ErrTaken = errors.New("the address is taken")

// Fault is something wrong with a Config.
type Fault struct {
	// Key is where, as the configuration calls it.
	Key           string
	Message, Hint string
}

func (f *Fault) Error() string { return fmt.Sprintf("admin.%s: %s (%s)", f.Key, f.Message, f.Hint) }

// Check says what is wrong with the configuration, nil for nothing: an address
// that is none, one that others can reach without proof of who they are, roles that
// are none, files that cannot be used.
func (c *Config) Check() *Fault {
	if path, ok := strings.CutPrefix(c.Listen, unixPrefix); ok {
		if path == "" {
			return &Fault{"listen", "unix: names no path", "write unix:/run/weir/admin.sock"}
		}
	} else if f := c.checkTCP(); f != nil {
		return f
	}
	if c.TLS != nil {
		if err := (&authority{files: *c.TLS}).load(); err != nil {
			return &Fault{"tls", err.Error(), "name PEM files"}
		}
	}
	if len(c.Clients) > 0 && (c.TLS == nil || c.TLS.ClientCA == "") {
		return &Fault{"clients", "are known by certificates, and nobody signs them", "set tls.client_ca_file"}
	}
	if c.TLS != nil && c.TLS.ClientCA != "" && len(c.Clients) == 0 {
		return &Fault{"tls", "client_ca_file lets in nobody", "say in clients which names have which role"}
	}
	return c.checkPeople()
}

func (c *Config) checkPeople() *Fault {
	for i, t := range c.Tokens {
		key := fmt.Sprintf("tokens[%d]", i)
		if !slices.Contains(Roles, t.Role) {
			return &Fault{key, fmt.Sprintf("no role is called %q", t.Role), "viewer, operator, tenant-admin or admin"}
		}
		secret, err := t.Reveal()
		switch {
		case err != nil:
			return &Fault{key, err.Error(), "the file has to be there at the start"}
		case len(secret) < minToken:
			return &Fault{key, fmt.Sprintf("the token is shorter than %d characters", minToken), "make one with: openssl rand -hex 32"}
		}
	}
	for i, client := range c.Clients {
		if !slices.Contains(Roles, client.Role) {
			return &Fault{fmt.Sprintf("clients[%d]", i), fmt.Sprintf("no role is called %q", client.Role), "viewer, operator, tenant-admin or admin"}
		}
	}
	return nil
}

func (c *Config) checkTCP() *Fault {
	host, port, err := net.SplitHostPort(c.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	remedy := "or listen on " + DefaultListen + " or unix:PATH"
	switch {
	case err != nil:
		return &Fault{"listen", fmt.Sprintf("%q is neither HOST:PORT nor unix:PATH nor off", c.Listen), "such as " + DefaultListen}
	case isLoopback(host):
		return nil
	case c.TLS == nil:
		return &Fault{"listen", c.Listen + " can be reached from other machines, and there is no TLS", "set admin.tls, " + remedy}
	case !c.authenticates():
		return &Fault{"listen", c.Listen + " can be reached from other machines, and everybody could do everything", "set admin.tokens or admin.tls.client_ca_file, " + remedy}
	}
	return nil
}

// listen takes the address.
func listen(address string) (net.Listener, error) {
	var l net.Listener
	var err error
	if path, ok := strings.CutPrefix(address, unixPrefix); ok {
		l, err = listenUnix(path)
	} else {
		l, err = net.Listen("tcp", address)
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("admin API: %s: %w by another process; choose another in admin.listen, or off", address, ErrTaken)
	case err != nil:
		return nil, fmt.Errorf("admin API: listen on %q: %w; admin.listen takes HOST:PORT, unix:PATH or off", address, err)
	}
	return &bounded{Listener: l, free: make(chan struct{}, maxConnections), closed: make(chan struct{})}, nil
}

// listenUnix makes a socket that only the user of the process can reach. It is
// made in a folder of its own and moved to its place, so that there is no moment
// at which others could; the socket of a process that is gone gives way.
func listenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, errors.New("there is something that is no socket")
		}
		if conn, err := net.Dial("unix", path); err == nil {
			return nil, errors.Join(syscall.EADDRINUSE, conn.Close())
		}
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".weir") // 0700
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(made, 0o600); err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{UnixListener: l, path: path}, nil
}

// socket is a unix socket that was moved, and is taken away when it is closed.
type socket struct {
	*net.UnixListener
	path string
	once sync.Once
}

func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

func (s *socket) Close() error {
	err := net.ErrClosed
	s.once.Do(func() { err = errors.Join(os.Remove(s.path), s.UnixListener.Close()) })
	return err
}

// bounded accepts so many connections at a time; others wait. File descriptors
// are needed for brokers.
type bounded struct {
	net.Listener
	free   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.free <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.free
		return nil, err
	}
	return &counted{Conn: conn, give: sync.OnceFunc(func() { <-b.free })}, nil
}

func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

type counted struct {
	net.Conn
	give func()
}

func (c *counted) Close() error {
	c.give()
	return c.Conn.Close()
}
