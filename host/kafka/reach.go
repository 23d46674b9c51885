package kafka

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ErrUnreachable says that no broker of a connection gave a usable answer.
var ErrUnreachable = errors.New("no Kafka broker answers")

// unreachable explains why none of the client's seed brokers answered a first
// request: what was tried, what happened, what to look at.
func unreachable(client *kgo.Client, err error) error {
	seeds, ok := client.OptValue(kgo.SeedBrokers).([]string)
	if !ok {
		seeds = nil
	}
	return fmt.Errorf("%w at %s: %w; %s", ErrUnreachable, strings.Join(seeds, ", "), err, reachRemedy(err))
}

func reachRemedy(err error) string {
	var dns *net.DNSError
	var eof *kgo.ErrFirstReadEOF
	var unknownCA x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is it running, and is bootstrap_servers right?"
	case errors.As(err, &dns):
		return "check the host names in bootstrap_servers"
	case errors.As(err, &unknownCA):
		return "give the CA that signed the brokers' certificate in ssl_cafile"
	case errors.As(err, &wrongHost):
		return "use the host name that the brokers' certificate is made for in bootstrap_servers"
	case errors.As(err, &eof):
		return "the broker hung up at the first request: does security_protocol fit the listener, TLS and SASL both?"
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "check sasl_mechanism, sasl_plain_username and sasl_plain_password"
	case errors.Is(err, context.DeadlineExceeded):
		return "is the port open from here, and does security_protocol fit the listener?"
	default:
		return "check bootstrap_servers and security_protocol"
	}
}
