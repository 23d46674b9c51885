package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
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

// reachRemedy says what to look at after a connection failed.
func reachRemedy(err error) string {
	return cmp.Or(setupRemedy(err), listenerRemedy(err), "check bootstrap_servers and security_protocol")
}

// setupRemedy is that for what TLS and the login say clearly, "" for all else.
func setupRemedy(err error) string {
	return cmp.Or(secretRemedy(err), certificateRemedy(err), alertRemedy(err))
}

// secretRemedy is about the login.
func secretRemedy(err error) string {
	var secret *secretError
	switch {
	case errors.As(err, &secret):
		return cmp.Or(secret.remedy, "the login needs it; it is tried again")
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "the brokers do not offer that mechanism on this listener: choose another sasl_mechanism, or add it to their sasl.enabled.mechanisms"
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "check the user, the password and sasl_mechanism: the brokers know no such login by this mechanism"
	case errors.Is(err, kerr.IllegalSaslState):
		return "the listener asks for no login: set security_protocol to SSL or PLAINTEXT, or use the listener's port for SASL"
	}
	return ""
}

// certificateRemedy is about the brokers' certificate, which the client does not
// take.
func certificateRemedy(err error) string {
	var unknownCA x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknownCA):
		return "give the CA that signed the brokers' certificate in ssl_cafile"
	case errors.As(err, &wrongHost):
		return "use the host name that the brokers' certificate is made for in bootstrap_servers and in the brokers' advertised.listeners, or set ssl.endpoint.identification.algorithm to none"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the brokers' certificate has expired, or is not valid yet: renew it there, and check the clocks"
	case errors.As(err, &invalid):
		return "the brokers' certificate cannot be used: have it made anew"
	}
	return ""
}

// alertRemedy is about what the broker does not take of the client. What it
// alerts the client of has no type, only the text of the library.
func alertRemedy(err error) string {
	text := err.Error()
	for _, alert := range []struct{ text, remedy string }{
		{"tls: certificate required", noClientCertificate},
		{"tls: bad certificate", noClientCertificate},
		{"tls: handshake failure", noClientCertificate + "; or " + noTLSInCommon},
		{"protocol version not supported", noTLSInCommon},
		{"unsupported protocol version", noTLSInCommon},
		{"tls: expired certificate", "the client's certificate has expired: put a new one into ssl_certfile"},
		{"tls: revoked certificate", "the client's certificate was revoked: put a new one into ssl_certfile"},
		{"tls: unknown certificate", "the brokers do not trust the client's certificate: use one of an authority in their ssl.truststore"},
	} {
		if strings.Contains(text, alert.text) {
			return alert.remedy
		}
	}
	return ""
}

const noClientCertificate = "the brokers want a certificate of the client that they trust: give ssl_certfile and ssl_keyfile"

const noTLSInCommon = "client and brokers have no version or cipher suite of TLS in common: check ssl.min.version and ssl.cipher.suites, and ssl.enabled.protocols of the brokers"

// listenerRemedy is about the address, and about two sides that speak different
// protocols.
func listenerRemedy(err error) string {
	var dns *net.DNSError
	var eof *kgo.ErrFirstReadEOF
	var noTLS tls.RecordHeaderError
	var handshake *handshakeError
	switch {
	case errors.As(err, &dns):
		return "check the host names in bootstrap_servers"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "this process may have no more files and connections open: raise its limit (ulimit -n, or LimitNOFILE= of systemd)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is it running, and is bootstrap_servers right?"
	case errors.As(err, &noTLS), errors.As(err, &handshake) && hungUp(err):
		return "the listener does not speak TLS: set security_protocol to PLAINTEXT or SASL_PLAINTEXT, or use the listener's port for TLS"
	case strings.Contains(err.Error(), "appear to be a tls alert"):
		return "the listener speaks TLS: set security_protocol to SSL or SASL_SSL"
	case errors.As(err, &eof):
		return "the broker hung up at the first request: does security_protocol fit the listener, TLS and SASL both?"
	case errors.Is(err, io.EOF):
		return "the broker hung up in the middle: check security_protocol, and the user, the password and sasl_mechanism if it is one to log in"
	case errors.Is(err, context.DeadlineExceeded):
		return "is the port open from here, and does security_protocol fit the listener?"
	}
	return ""
}

// hungUp tells whether the other side gave no answer but the end.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, context.DeadlineExceeded)
}
