package kafka

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"

	"github.com/weirhq/weir/host/config"
)

// resolve reads one connection and one component, each a line of YAML, into
// Options.
func resolve(t *testing.T, role Role, connection, component string) (*Options, config.Faults) {
	t.Helper()
	t.Chdir(t.TempDir())
	text := fmt.Sprintf("connection: {%s}\ncomponent: {%s}\n", connection, component)
	if err := os.WriteFile("f", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root := config.Load{Files: []string{"f"}, Environ: []string{}}.Tree()
	shared := ReadLayer("connection", root.Section("connection"), 0)
	s := root.Section("component")
	own := ReadLayer(role.String(), s, role)
	o, faults := Resolve(role, "test", s.Pos(), s.Path(), shared, own)
	for _, f := range root.Finish() {
		faults.Add(f)
	}
	return o, faults
}

// optValue is what a client made of the options says about one of its own.
func optValue(t *testing.T, o *Options, opt any) any {
	t.Helper()
	opts, err := o.ClientOpts()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return client.OptValue(opt)
}

// TestSecurity checks what cannot be compared: TLS and SASL.
func TestSecurity(t *testing.T) {
	login := ", sasl_plain_username: u, sasl_plain_password: p"
	for protocol, want := range map[string]string{
		"":                       "tls=false sasl=",
		"security_protocol: SSL": "tls=true sasl=",
		"security_protocol: sasl_plaintext, sasl_mechanism: plain":       "tls=false sasl=PLAIN",
		"security.protocol: SASL_SSL, sasl.mechanisms: SCRAM-SHA-256":    "tls=true sasl=SCRAM-SHA-256",
		"security.protocol: Sasl_Ssl, sasl_mechanisms: scram-sha-512":    "tls=true sasl=SCRAM-SHA-512",
		"security_protocol: SSL, enable_ssl_certificate_verification: f": "tls=true sasl=",
	} {
		text := strings.TrimPrefix(protocol+login, ", ")
		o, faults := resolve(t, Admin, "bootstrap_servers: seed, "+text, "")
		if err := faults.Err(); err != nil {
			t.Fatalf("%s: %v", protocol, err)
		}
		mechanism := ""
		if m := optValue(t, o, kgo.SASL).([]sasl.Mechanism); len(m) > 0 {
			mechanism = m[0].Name()
		}
		if got := fmt.Sprintf("tls=%t sasl=%s", secured(t, o), mechanism); got != want {
			t.Errorf("%s: got %s, want %s", protocol, got, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for _, test := range []struct {
		tries     int
		low, high time.Duration
	}{
		{0, 80 * time.Millisecond, 120 * time.Millisecond},
		{1, 80 * time.Millisecond, 120 * time.Millisecond},
		{3, 320 * time.Millisecond, 480 * time.Millisecond},
		{10, 1600 * time.Millisecond, 2400 * time.Millisecond},
		{1000, 1600 * time.Millisecond, 2400 * time.Millisecond},
	} {
		for range 100 {
			if got := backoff(100*time.Millisecond, 2*time.Second, test.tries); got < test.low || got > test.high {
				t.Fatalf("try %d: %s is not within %s and %s", test.tries, got, test.low, test.high)
			}
		}
	}
}

func TestLayersOfOptions(t *testing.T) {
	o, faults := resolve(t, Producer, "bootstrap_servers: seed, linger.ms: 500, acks: 1, group_id: g, client_id: c", "linger_ms: 7, topic: out")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	type line struct{ Name, Value, Layer, Spelling string }
	var got []line
	for _, e := range o.Explain() {
		if e.Layer != "default" {
			got = append(got, line{e.Name, e.Value, e.Layer, e.Spelling})
		}
	}
	want := []line{
		{"bootstrap.servers", "seed", "connection", "bootstrap_servers"},
		{"client.id", "c", "connection", "client_id"},
		{"topic", "out", "sink", "topic"},
		{"acks", "1", "connection", "acks"},
		{"linger.ms", "7", "sink", "linger_ms"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !o.Set("ACKS") || o.Set("batch.size") || o.Int("linger-ms") != 7 || o.Duration("linger.ms") != 7*time.Millisecond {
		t.Error("getters do not fold names")
	}
}

func TestSecretsAreMasked(t *testing.T) {
	o, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, sasl_password: hidden", "")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(o.Explain()); strings.Contains(text, "hidden") || !strings.Contains(text, "***") {
		t.Errorf("the password shows: %s", text)
	}
}

// TestFaults has what one client cannot be: each fault by itself, with its
// place.
func TestFaults(t *testing.T) {
	tests := []struct {
		role Role
		text string
		want string
	}{
		{Producer, "linger_ms: 900001", `f:2:24: component.linger_ms: "900001" must be between 0 and 900000 (the default is 5)`},
		{Producer, "acks: 2", `f:2:19: component.acks: "2" must be one of all, 1, 0`},
		{Producer, "linger_ms: {a: b}", `f:2:24: component.linger_ms: must be a single value, not a map (the default is 5)`},
		{Producer, "linger_ms: 1, linger.ms: 2", `f:2:27: component.linger.ms: says something else than linger_ms, the same option, at f:2:24 (keep one)`},
		{Producer, "linger_ms: 0x10, queue_buffering_max_ms: 16ms", ``},
		{Producer, "retries: 0, enable_idempotence: false", ``},
		{Producer, "linger_ms: '', linger.ms: 2", ``},
		{Producer, "acks: 1, request_required_acks: ''", `f:2:19: warning: component.acks: 1 loses records when a leader dies before its replicas have them (use all)`},
		{Producer, "partitoner: random", `f:2:13: component.partitoner: unknown key (did you mean "partitioner"?)`},
		{Producer, "compression_type: zstd, compression_level: 22", ``},
		{Producer, "compression_type: gzip, compression_level: 10", `f:2:56: component.compression_level: compression.type gzip has no level 10`},
		{Consumer, "group_id: g, bootstrap_servers: 'http://user@host/'", `f:2:45: component.bootstrap_servers: "http://user@host/" is not host or host:port`},
		{Consumer, "group_id: g, bootstrap_servers: 'host:port'", `f:2:45: component.bootstrap_servers: "host:port" is not host or host:port`},
		{Consumer, "group_id: g, security_protocol: ssl, ssl_cafile: /nowhere", `f:2:62: component.ssl_cafile: open /nowhere: no such file or directory`},
		{Consumer, "group_id: g, security_protocol: ssl, ssl_certfile: x", `f:2:64: component.ssl_certfile: needs ssl.key.location too`},
		{Consumer, "topic_blacklist: 'x(', group_id: g", "f:2:30: component.topic_blacklist: error parsing regexp: missing closing ): `x(`"},
		{Consumer, "topic: [orders, '^x'], topic_blacklist: ord, group_id: g", `f:2:53: component.topic_blacklist: leaves out orders, which topic names`},
		{Consumer, "group_protocol: consumer, session_timeout_ms: 10000, group_id: g", `f:2:59: component.session_timeout_ms: belongs to the classic protocol, but group.protocol is consumer (remove it: the brokers decide)`},
		{Consumer, "group_protocol: consumer, heartbeat_interval_ms: 1000, group_id: g", `f:2:62: component.heartbeat_interval_ms: belongs to the classic protocol, but group.protocol is consumer (remove it: the brokers decide)`},
		{Consumer, "group_protocol: consumer, partition_assignment_strategy: range, group_id: g", `f:2:70: component.partition_assignment_strategy: belongs to the classic protocol, but group.protocol is consumer (remove it: the brokers decide)`},
		{Consumer, "group_protocol: consumer, group_protocol_type: consumer, group_id: g", `f:2:60: component.group_protocol_type: belongs to the classic protocol, but group.protocol is consumer (remove it: the brokers decide)`},
		{Consumer, "group_protocol: consumer, max_poll_interval_ms: 1000, group_id: g", ``},
		{Consumer, "group_protocol_type: connect, group_id: g", `f:2:34: component.group_protocol_type: "connect" must be one of consumer`},
		{Consumer, "group_remote_assignor: sticky, group_id: g", `f:2:36: component.group_remote_assignor: "sticky" must be one of uniform, range`},
		{Consumer, "group_remote_assignor: range, group_id: g", `f:2:36: warning: component.group_remote_assignor: has no effect: group.protocol is classic (set group_protocol to consumer, or remove it)`},
		{Consumer, "partition_assignment_strategy: 'range,cooperative-sticky', group_id: g", `f:2:44: component.partition_assignment_strategy: cooperative-sticky does not mix with range and roundrobin`},
		{Consumer, "max_poll_interval_ms: 6000, group_id: g", `f:2:35: component.max_poll_interval_ms: makes max.poll.interval.ms (6s) less than session.timeout.ms (45s) (raise max.poll.interval.ms or lower session.timeout.ms)`},
		{Consumer, "heartbeat_interval_ms: 45000, group_id: g", `f:2:36: component.heartbeat_interval_ms: is 45s, not below session.timeout.ms (45s) (a third of the session timeout is usual)`},
		{Consumer, "fetch_max_bytes: 999999, group_id: g", `f:2:30: component.fetch_max_bytes: is 999999, less than message.max.bytes (1000000) (raise it, or lower message.max.bytes)`},
		{Consumer, "receive_message_max_bytes: 16777216, group_id: g", `f:2:40: component.receive_message_max_bytes: is 16777216, less than fetch.max.bytes (16777216) and 512 for what is around it (raise it, or lower fetch.max.bytes)`},
		{Producer, "enable_idempotence: true, acks: 1", "f:2:33: component.enable_idempotence: needs acks=all, but acks is 1 (remove one of the two)\nf:2:45: warning: component.acks: 1 loses records when a leader dies before its replicas have them (use all)"},
		{Producer, "max_in_flight: 6", `f:2:28: component.max_in_flight: is 6; with idempotence at most 5 keep the order (remove it, or set enable_idempotence to false)`},
		{Producer, "max_in_flight: 5", ``},
		{Producer, "retries: 0", `f:2:22: component.retries: must be at least 1 with idempotence (remove it, or set enable_idempotence to false)`},
		{Producer, "enable_idempotence: true, queuing_strategy: lifo", `f:2:57: component.queuing_strategy: is not supported: records are written in the order in which they come (remove it)`},
		{Producer, "enable_idempotence: true, queue_buffering_backpressure_threshold: 1", ``},
		{Producer, "message_timeout_ms: 2000, linger_ms: 2s", `f:2:33: component.message_timeout_ms: is 2s, not above linger.ms (2s) (raise it, or lower linger.ms)`},
		{Producer, "retry_backoff_ms: 2000", `f:2:31: component.retry_backoff_ms: makes retry.backoff.max.ms (1s) less than retry.backoff.ms (2s)`},
		{Producer, "broker_version_fallback: zwei", `f:2:38: component.broker_version_fallback: "zwei" is not a version of Kafka, such as 2.8.0`},
		{Producer, "client_software_version: a b", `f:2:38: component.client_software_version: "a b" must be letters, digits, '.' and '-', with a letter or digit at both ends`},
		{Producer, "builtin_features: 'gzip,plugins'", `f:2:31: component.builtin_features: asks for plugins, which weir does not have`},
		{Producer, "builtin_features: teleport", `f:2:31: component.builtin_features: "teleport" has "teleport", which must be one of gzip, snappy, lz4, zstd, regex, ssl, sasl, sasl_plain, sasl_scram, sasl_oauthbearer, sasl_gssapi, oidc, http, plugins`},
		{Producer, "builtin_features: [gzip, snappy, ssl, sasl, regex, lz4, sasl_gssapi, sasl_plain, sasl_scram, plugins, zstd, sasl_oauthbearer, http, oidc]", ``},
		{Producer, "transaction_timeout_ms: 999", `f:2:37: component.transaction_timeout_ms: "999" must be between 1000 and 2147483647 (the default is 60000)`},
		{Producer, "socket_keepalive_enable: maybe", `f:2:38: component.socket_keepalive_enable: "maybe" must be true or false (the default is true)`},
		{Consumer, "group_id: g, reconnect_backoff_ms: 5000", `f:2:48: component.reconnect_backoff_ms: makes reconnect.backoff.max.ms (2s) less than reconnect.backoff.ms (5s)`},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			_, faults := resolve(t, test.role, "bootstrap_servers: seed", test.text)
			if diff := cmp.Diff(test.want, faults.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestSeedOptions has every option that BSPump documents, with a value of its
// documentation, in the dotted and in the underscored spelling.
func TestSeedOptions(t *testing.T) {
	const connection, none = Role(0), ""
	seed := []struct {
		role        Role
		name, value string
		canonical   string
		want        string
	}{
		{connection, "bootstrap_servers", "kafka:9092", "bootstrap.servers", "kafka:9092"},
		{connection, "security_protocol", "PLAINTEXT", "security.protocol", "plaintext"},
		{connection, "group_id", "my-consumer-group", none, none},
		{connection, "ssl_cafile", "ca.pem", "ssl.ca.location", "ca.pem"},
		{connection, "ssl_certfile", "cert.pem", "ssl.certificate.location", "cert.pem"},
		{connection, "ssl_keyfile", "key.pem", "ssl.key.location", "key.pem"},
		{connection, "sasl_mechanism", "SCRAM-SHA-256", "sasl.mechanisms", "SCRAM-SHA-256"},
		{connection, "sasl_plain_username", "u", "sasl.username", "u"},
		{connection, "sasl_plain_password", "p", "sasl.password", "***"},
		{connection, "client_id", "pump", "client.id", "pump"},
		{Consumer, "group.id", "bspump", "group.id", "bspump"},
		{Consumer, "topic", "input-topic", "topic", "input-topic"},
		{Consumer, "topics", "a,b", "topic", "a,b"},
		{Consumer, "auto_offset_reset", "smallest", "auto.offset.reset", "earliest"},
		{Consumer, "max_poll_records", "500", "max_poll_records", "500"},
		{Consumer, "max_poll_interval_ms", "300000", "max.poll.interval.ms", "300000"},
		{Consumer, "session_timeout_ms", "30000", "session.timeout.ms", "30000"},
		{Consumer, "auto.commit.interval.ms", "1000", "auto.commit.interval.ms", "1000"},
		{Consumer, "enable.auto.commit", "true", "enable.auto.commit", "true"},
		{Consumer, "refresh_topics", "0", "refresh_topics", "0"},
		{Producer, "topic", "output-topic", "topic", "output-topic"},
		{Producer, "acks", "all", "acks", "all"},
		{Producer, "batch_size", "1000000", "batch.size", "1000000"},
		{Producer, "linger_ms", "500", "linger.ms", "500"},
		{Producer, "batch.num.messages", "100000", "batch.num.messages", "100000"},
		{Producer, "poll.timeout", "0.2", "poll.timeout", "0.2"},
		{Producer, "watermark.high", "90000", "watermark.high", "90000"},
		{Producer, "watermark.low", "40000", "watermark.low", "40000"},
	}
	for _, option := range seed {
		for _, name := range []string{
			strings.ReplaceAll(option.name, "_", "."), strings.ReplaceAll(option.name, ".", "_"), strings.ToUpper(option.name),
		} {
			shared, own, role := "bootstrap_servers: seed", name+": '"+option.value+"'", option.role
			if role == connection {
				shared, own, role = own, "", Admin
				if option.canonical != "bootstrap.servers" {
					shared = "bootstrap_servers: seed, " + shared
				}
			}
			o, faults := resolve(t, role, shared, own)
			if err := faults.Err(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if option.canonical != none && (o.String(option.canonical) != option.want || !o.Set(option.canonical)) {
				t.Errorf("%s: %s is %q, want %q", name, option.canonical, o.String(option.canonical), option.want)
			}
		}
	}
}
