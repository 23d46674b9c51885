package kafkatest

import (
	"os"
	"testing"
)

// SecureBroker is a broker with listeners that ask for more than a connection.
type SecureBroker struct {
	// Broker has the plain listener, whose clients may do everything.
	*Broker
	// SASL and TLS are the other listeners, "" where there is none. With both,
	// TLS asks for a login too.
	SASL, TLS string
	// Dir has, with TLS, ca.pem, ca.key and a client's client.pem and
	// client.key.
	Dir string
}

// The users of a SecureBroker with a login: Alice has no rights until an ACL
// grants some.
const (
	Admin         = "admin"
	AdminPassword = "admin-secret"
	Alice         = "alice"
	AlicePassword = "alice-secret"
)

// RealSecure starts a real Kafka with options of real-kafka.sh, such as --sasl,
// --tls and --mtls, and stops it when the test ends. It skips the test when the
// gate is closed.
func RealSecure(tb testing.TB, options ...string) *SecureBroker {
	tb.Helper()
	if os.Getenv(Gate) != "1" {
		tb.Skipf("SKIPPED: needs a real Kafka; set %s=1", Gate)
	}
	s, err := newScript()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.remove)
	tb.Cleanup(s.removeOnSignal())
	listeners, err := s.listeners(options...)
	if err != nil {
		tb.Fatal(err)
	}
	return &SecureBroker{
		Broker: &Broker{Addresses: listeners["bootstrap"]},
		SASL:   listeners["sasl"], TLS: listeners["tls"], Dir: s.dir + "/cluster/tls",
	}
}
