package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestRemedies has what goes wrong with a connection and what helps; TestTLS
// has what a handshake meets.
func TestRemedies(t *testing.T) {
	for want, err := range map[string]error{
		"check the user, the password and sasl_mechanism":      fmt.Errorf("broker: %w", kerr.SaslAuthenticationFailed),
		"do not offer that mechanism":                          kerr.UnsupportedSaslMechanism,
		"the listener asks for no login":                       kerr.IllegalSaslState,
		"it is tried again":                                    &secretError{error: errors.New("no file")},
		"the listener does not speak TLS":                      &handshakeError{io.EOF},
		"set security_protocol to PLAINTEXT or SASL_PLAINTEXT": &handshakeError{tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}},
		"the listener speaks TLS":                              errors.New("the first three bytes received appear to be a tls alert record for TLS v1.2"),
		"the brokers want a certificate of the client":         &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")},
		"the client's certificate has expired":                 &net.OpError{Op: "remote error", Err: errors.New("tls: expired certificate")},
		"raise its limit":                                      &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)},
		"check the host names":                                 &net.DNSError{Err: "no such host"},
		"the broker hung up in the middle":                     io.EOF,
		"is the port open from here":                           context.DeadlineExceeded,
		"check bootstrap_servers and security_protocol":        errors.New("something else"),
	} {
		if got := reachRemedy(err); !strings.Contains(got, want) {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

// TestReachHookTells warns once of each cause, not of each try.
func TestReachHookTells(t *testing.T) {
	core, logs := observer.New(zapcore.WarnLevel)
	hook := newReachHook(zap.New(core))
	broker := kgo.BrokerMetadata{Host: "h", Port: 9092}
	for range 3 {
		hook.OnBrokerConnect(broker, 0, nil, kerr.SaslAuthenticationFailed)
		hook.OnBrokerConnect(broker, 0, nil, nil)
		hook.OnBrokerConnect(broker, 0, nil, fmt.Errorf("dial: %w", context.Canceled))
	}
	hook.OnBrokerConnect(broker, 0, nil, io.EOF)
	var got []string
	for _, l := range logs.All() {
		got = append(got, fmt.Sprint(l.ContextMap()["broker"], " ", l.ContextMap()["remedy"]))
	}
	if len(got) != 2 || got[0] != "h:9092 "+reachRemedy(kerr.SaslAuthenticationFailed) || got[1] != "h:9092 "+reachRemedy(io.EOF) {
		t.Errorf("told %q", got)
	}
}

// TestAway: brokers are away when connecting fails and none has answered for a
// while, and back with the first answer.
func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := newReachHook(nil)
		fails := func() { hook.OnBrokerConnect(kgo.BrokerMetadata{}, 0, nil, io.EOF) }
		answers := func(err error) { hook.OnBrokerRead(kgo.BrokerMetadata{}, 0, 0, 0, 0, err) }
		step := func(what string, do func(), wait time.Duration, away bool) {
			t.Helper()
			do()
			time.Sleep(wait)
			if got := hook.away(); (got != "") != away {
				t.Errorf("%s: away says %q", what, got)
			}
		}
		step("nothing happened", func() {}, time.Minute, false)
		step("the first try fails", fails, awayAfter-1, false)
		step("for a while", fails, 1, true)
		step("an answer breaks off", func() { answers(io.EOF) }, 0, true)
		step("a broker answers", func() { answers(nil) }, time.Hour, false)
		step("one of several fails", func() { fails(); answers(nil) }, time.Hour, false)
		step("all fail after a silence", fails, awayAfter-1, false)
		step("for a while", fails, 1, true)
	})
}

func TestPrincipal(t *testing.T) {
	dir := t.TempDir()
	authority(t, dir, "me")
	for text, want := range map[string]string{
		"":                       "User:ANONYMOUS, who does not log in",
		"security_protocol: SSL": "User:ANONYMOUS, who shows no certificate",
		"security_protocol: SSL, ssl_certfile: " + dir + "/leaf.pem, ssl_keyfile: " + dir + "/leaf.key":                         "User:CN=me",
		"security_protocol: SASL_SSL, sasl_mechanism: SCRAM-SHA-256, sasl_username: alice, sasl_password: p":                    "User:alice",
		"security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: '${file:" + keys + "/plain.pem}', sasl_password: p": "the user of sasl.username",
		"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_token: t":                                   "the principal that the brokers make of the login by OAUTHBEARER",
	} {
		o, faults := resolve(t, Admin, "bootstrap_servers: seed", text)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		if got := o.principal(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestToldOnce connects to nobody: reachHook tells, the client does not, unless
// its log is asked for.
func TestToldOnce(t *testing.T) {
	for options, client := range map[string]bool{"": false, "debug: all": true} {
		core, logs := observer.New(zapcore.DebugLevel)
		o, faults := resolve(t, Producer, "bootstrap_servers: '127.0.0.1:1'", options)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		opts, err := o.ClientOpts()
		if err != nil {
			t.Fatal(err)
		}
		c, err := kgo.NewClient(append(opts, clientLog(zap.New(core), o), kgo.WithHooks(newReachHook(zap.New(core))))...)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ping(t.Context()); err == nil {
			t.Fatal("somebody answers")
		}
		c.Close()
		if n := logs.FilterMessage("no connection to a broker; it is tried again").Len(); n != 1 {
			t.Errorf("%q: told %d times", options, n)
		}
		if has := logs.FilterMessage("unable to open connection to broker").Len() > 0; has != client {
			t.Errorf("%q: the client tells: %t: %v", options, has, logs.All())
		}
	}
}
