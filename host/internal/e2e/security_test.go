package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// secureConfig is copyConfig with the options of a connection.
func secureConfig(address, options, input, group, output string) string {
	return fmt.Sprintf(`
connections:
  kafka:
    bootstrap_servers: %s
    %s
pipelines:
  copy:
    source: {topic: %s, group_id: %s, session.timeout.ms: 6000, auto.commit.interval.ms: 100}
    sink: {topic: %s}
`, address, strings.Join(strings.Split(options, ", "), "\n    "), input, group, output)
}

// TestLogin logs in to a real Kafka in every way that it offers, and in ways in
// which it does not let in.
func TestLogin(t *testing.T) {
	broker := kafkatest.RealSecure(t, "--sasl", "--tls", "--prop", "connections.max.reauth.ms=4000")
	broker.CreateTopics(t, 1, "login-in", "login-out")
	ca := "ssl_cafile: " + broker.Dir + "/ca.pem, "
	other := writeFile(t, "other.pem", otherAuthority(t))
	user := func(password string) string {
		return "sasl_plain_username: admin, sasl_plain_password: " + password
	}
	for _, test := range []struct{ name, address, options, fails string }{
		{"PLAIN", broker.SASL, "security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, " + user(kafkatest.AdminPassword), ""},
		{"PLAIN over TLS", broker.TLS, "security_protocol: SASL_SSL, sasl_mechanism: PLAIN, " + ca + user(kafkatest.AdminPassword), ""},
		{"SCRAM-SHA-256", broker.SASL, "security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-256, " + user(kafkatest.AdminPassword), ""},
		{"SCRAM-SHA-512 over TLS", broker.TLS, "security_protocol: SASL_SSL, sasl_mechanism: SCRAM-SHA-512, " + ca + user(kafkatest.AdminPassword), ""},
		{"wrong password for PLAIN", broker.SASL, "security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, " + user("wrong"), "check the user, the password and sasl_mechanism"},
		{"wrong password for SCRAM", broker.TLS, "security_protocol: SASL_SSL, sasl_mechanism: SCRAM-SHA-512, " + ca + user("wrong"), "check the user, the password and sasl_mechanism"},
		{"mechanism not enabled", broker.SASL, "security_protocol: SASL_PLAINTEXT, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_token: x", "the brokers do not offer that mechanism"},
		{"login where none is wanted", broker.Addresses, "security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-512, " + user(kafkatest.AdminPassword), "the listener asks for no login"},
		{"no login", broker.SASL, "security_protocol: PLAINTEXT", "security_protocol"},
		{"plain client on a TLS port", broker.TLS, "security_protocol: PLAINTEXT", "the listener speaks TLS: set security_protocol to SSL or SASL_SSL"},
		{"TLS client on a plain port", broker.Addresses, "security_protocol: SSL, ssl_cafile: " + broker.Dir + "/ca.pem", "the listener does not speak TLS"},
		{"wrong authority", broker.TLS, "security_protocol: SASL_SSL, sasl_mechanism: PLAIN, ssl_cafile: " + other + ", " + user(kafkatest.AdminPassword), "give the CA that signed the brokers' certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := writeFile(t, "weir.yaml", secureConfig(test.address, test.options, "login-in", "login", "login-out"))
			code, output := runWeir(t, "topics", "plan", "--config", config)
			switch {
			case test.fails == "" && code != 0:
				t.Errorf("exit code %d:\n%s", code, output)
			case test.fails != "" && (code == 0 || !strings.Contains(output, test.fails)):
				t.Errorf("exit code %d, want one that fails and %q in\n%s", code, test.fails, output)
			}
		})
	}
	t.Run("never lets in", func(t *testing.T) { testNeverLetIn(t, broker) })
	t.Run("new password", func(t *testing.T) { testNewPassword(t, broker) })
	t.Run("rights", func(t *testing.T) { testRights(t, broker) })
	t.Run("rights in transactions", func(t *testing.T) { testTransactionRights(t, broker) })
}

// testNeverLetIn runs a pipeline with a wrong password: it says so and goes on.
func testNeverLetIn(t *testing.T, broker *kafkatest.SecureBroker) {
	w := startWeir(t, writeFile(t, "weir.yaml", secureConfig(broker.SASL,
		"security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, sasl_plain_username: admin, sasl_plain_password: wrong", "login-in", "never", "login-out")))
	eventually(t, "a warning with the cause", func() bool {
		return strings.Contains(w.Output(), "no connection to a broker") && strings.Contains(w.Output(), "check the user, the password and sasl_mechanism")
	})
	if w.Exited() {
		t.Errorf("weir gave up:\n%s", w.Output())
	}
	if ready := get(w, "/readyz"); !strings.Contains(ready, "not ready") {
		t.Errorf("readyz says %s", ready)
	}
	w.Terminate(t)
	w.Wait(t, patience)
}

// testNewPassword changes a user's password while weir runs; the broker wants
// a new login every few seconds.
func testNewPassword(t *testing.T, broker *kafkatest.SecureBroker) {
	admin := kadm.NewClient(broker.Client(t))
	set := func(password string) {
		t.Helper()
		responses, err := admin.AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: "carol", Mechanism: kadm.ScramSha512, Iterations: 4096, Password: password}})
		if err == nil {
			err = responses.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	set("first")
	file := writeFile(t, "password", "first\n")
	allow(t, admin, "carol", "password-in", "password", kadm.OpRead)
	allow(t, admin, "carol", "password-out", "", kadm.OpWrite)
	broker.CreateTopics(t, 1, "password-in", "password-out")
	w := startWeir(t, writeFile(t, "weir.yaml", secureConfig(broker.SASL,
		"security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-512, sasl_username: carol, sasl_password: ${file:"+file+"}, reconnect.backoff.ms: 100", "password-in", "password", "password-out")))
	produce := func(count int64) {
		t.Helper()
		kafkatest.Produce(t, broker.Client(t), &kgo.Record{Topic: "password-in", Value: []byte("event")})
		w.awaitDelivered(t, count)
	}
	produce(1)
	if err := os.WriteFile(file, []byte("second\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set("second")
	changed := time.Now()
	for n := int64(2); time.Since(changed) < 6*time.Second; n++ { // all connections have logged in again by then
		produce(n)
		time.Sleep(500 * time.Millisecond)
	}
	w.stop(t)
	if strings.Contains(w.Output(), "no connection to a broker") {
		t.Errorf("weir had to be let in again:\n%s", w.Output())
	}
}

// testRights runs a pipeline of a user who lacks one right after the other.
func testRights(t *testing.T, broker *kafkatest.SecureBroker) {
	admin := kadm.NewClient(broker.Client(t))
	broker.CreateTopics(t, 1, "rights-in", "rights-out")
	kafkatest.Produce(t, broker.Client(t), &kgo.Record{Topic: "rights-in", Value: []byte("event")})
	config := writeFile(t, "weir.yaml", secureConfig(broker.SASL,
		"security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-256, sasl_username: alice, sasl_password: "+kafkatest.AlicePassword, "rights-in", "rights", "rights-out"))
	if code, output := runWeir(t, "topics", "check", "--config", config); code != 1 || !strings.Contains(output, "grant DESCRIBE on topic rights-in to User:alice") {
		t.Errorf("weir topics check without rights ends with %d:\n%s", code, output)
	}
	for _, step := range []struct {
		lacks, says  string
		topic, group string
		operation    kadm.ACLOperation
	}{
		{"the topic to read", "grant READ and DESCRIBE on topic rights-in to User:alice", "rights-in", "", kadm.OpRead},
		{"the group", "grant READ on group rights to User:alice", "", "rights", kadm.OpRead},
		{"see the topic to write", "grant WRITE and DESCRIBE on topic rights-out to User:alice", "rights-out", "", kadm.OpDescribe},
		// Whoever may write to no topic may not write idempotently either.
		{"the topic to write", "grant WRITE on topic rights-out to User:alice, and for brokers before 2.8 IDEMPOTENT_WRITE on the cluster", "rights-out", "", kadm.OpWrite},
	} {
		if code, output := runWeir(t, "doctor", "--config", config); code != 1 || !strings.Contains(output, "to User:alice") {
			t.Errorf("without the right to %s weir doctor ends with %d:\n%s", step.lacks, code, output)
		}
		code, output := runWeir(t, "run", "--config", config, "--exit-on-stop", "--listen", "off")
		if code == 0 || !strings.Contains(output, step.says) {
			t.Errorf("without the right to %s weir ends with %d and does not say %q:\n%s", step.lacks, code, step.says, output)
		}
		allow(t, admin, "alice", step.topic, step.group, step.operation)
	}
	if code, output := runWeir(t, "doctor", "--config", config); code != 0 {
		t.Errorf("with all rights weir doctor ends with %d:\n%s", code, output)
	}
	w := startWeir(t, config)
	w.awaitDelivered(t, 1)
	w.stop(t)
}

// allow grants a user an operation, which lets it describe too.
func allow(t *testing.T, admin *kadm.Client, user, topic, group string, operation kadm.ACLOperation) {
	t.Helper()
	acl := kadm.NewACLs().Allow("User:"+user).AllowHosts("*").Operations(operation, kadm.OpDescribe).ResourcePatternType(kadm.ACLPatternLiteral)
	if topic != "" {
		acl.Topics(topic)
	}
	if group != "" {
		acl.Groups(group)
	}
	results, err := admin.CreateACLs(t.Context(), acl)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
}

// TestMutualTLS shows a real Kafka certificates of the client, and none. The
// one that a pipeline begins with expires; the sink, which connects when it
// first writes, comes with the next.
func TestMutualTLS(t *testing.T) {
	broker := kafkatest.RealSecure(t, "--mtls")
	broker.CreateTopics(t, 1, "mtls-in", "mtls-out")
	options := "security_protocol: SSL, ssl_cafile: " + broker.Dir + "/ca.pem"
	identity := func(dir string) string {
		return ", ssl_certfile: " + dir + "/client.pem, ssl_keyfile: " + dir + "/client.key"
	}
	plan := func(options string) (int, string) {
		return runWeir(t, "topics", "plan", "--config", writeFile(t, "weir.yaml", secureConfig(broker.TLS, options, "mtls-in", "mtls", "mtls-out")))
	}
	if code, output := plan(options + identity(broker.Dir)); code != 0 {
		t.Errorf("with a certificate: exit code %d:\n%s", code, output)
	}
	if code, output := plan(options); code == 0 || !strings.Contains(output, "the brokers want a certificate of the client") {
		t.Errorf("without a certificate: exit code %d:\n%s", code, output)
	}
	dir := t.TempDir()
	const life = 8 * time.Second
	issue(t, broker.Dir, dir, life)
	expires := time.Now().Add(life)
	w := startWeir(t, writeFile(t, "weir.yaml", secureConfig(broker.TLS, options+identity(dir), "mtls-in", "mtls", "mtls-out")))
	eventually(t, "the pipeline to run", func() bool { return strings.Contains(get(w, "/readyz"), `"ready"`) })
	if code, output := plan(options + identity(dir)); code != 0 || !strings.Contains(output, "expires soon") {
		t.Errorf("before the certificate ends: exit code %d:\n%s", code, output)
	}
	time.Sleep(time.Until(expires.Add(time.Second)))
	if code, output := plan(options + identity(dir)); code == 0 || !strings.Contains(output, "expired") {
		t.Errorf("after the certificate ended: exit code %d:\n%s", code, output)
	}
	issue(t, broker.Dir, dir, time.Hour)
	kafkatest.Produce(t, broker.Client(t), &kgo.Record{Topic: "mtls-in", Value: []byte("event")})
	w.awaitDelivered(t, 1)
	w.stop(t)
	if strings.Contains(w.Output(), "no connection to a broker") {
		t.Errorf("weir met brokers that did not let it in:\n%s", w.Output())
	}
}

// issue makes a client's certificate and key, signed by the authority of a
// folder.
func issue(t *testing.T, authority, dir string, life time.Duration) {
	t.Helper()
	ca, err := tls.LoadX509KeyPair(filepath.Join(authority, "ca.pem"), filepath.Join(authority, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "weir"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(life), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, ca.Leaf, key.Public(), ca.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"client.pem": {Type: "CERTIFICATE", Bytes: cert}, "client.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// otherAuthority is an authority that signed nothing.
func otherAuthority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nobody"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
