package kafka

import (
	"fmt"
	"os"
	"reflect"
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

// rowTest is one value of an option, as written for a role, and what the
// client then has.
type rowTest struct {
	role Role
	text string
	opt  any
	want any
}

const (
	noText  = "" // the default
	seconds = time.Second
)

// rowTests has at least one test for each row that gives options to the client.
var rowTests = []rowTest{
	{Admin, noText, kgo.SeedBrokers, []string{"seed:9092"}},
	{Consumer, noText, kgo.ClientID, "test"},
	{Consumer, "client_id: me", kgo.ClientID, "me"},
	{Admin, noText, kgo.DialTimeout, 10 * seconds},
	{Admin, "socket.connection.setup.timeout.ms: 30000", kgo.DialTimeout, 30 * seconds},
	{Admin, noText, kgo.RequestTimeoutOverhead, 60 * seconds},
	{Admin, "socket_timeout_ms: 50", kgo.RequestTimeoutOverhead, 100 * time.Millisecond},
	{Admin, noText, kgo.ConnIdleTimeout, 9 * time.Minute},
	{Admin, "connections_max_idle_ms: 0", kgo.ConnIdleTimeout, 15 * time.Minute},
	{Admin, "connections_max_idle_ms: 50", kgo.ConnIdleTimeout, 100 * time.Millisecond},
	{Admin, noText, kgo.MetadataMaxAge, 5 * time.Minute},
	{Admin, noText, kgo.MetadataMinAge, 250 * time.Millisecond},
	{Admin, "topic_metadata_refresh_interval_ms: -1", kgo.MetadataMaxAge, time.Hour},
	{Admin, "metadata_max_age_ms: 7200000", kgo.MetadataMaxAge, time.Hour},
	{Admin, "metadata_max_age_ms: 60000", kgo.MetadataMaxAge, time.Minute},
	{Admin, "metadata_max_age_ms: 60000, topic.metadata.refresh.interval.ms: 2000", kgo.MetadataMaxAge, 2 * seconds},
	{Admin, "topic_metadata_refresh_fast_interval_ms: 1", kgo.MetadataMinAge, 10 * time.Millisecond},
	{Admin, "topic_metadata_refresh_interval_ms: 1", kgo.MetadataMaxAge, 250 * time.Millisecond},
	{Consumer, "refresh_topics: 30", kgo.MetadataMaxAge, 30 * seconds},

	{Consumer, noText, kgo.ConsumerGroup, "bspump"},
	{Consumer, "group.id: g", kgo.ConsumerGroup, "g"},
	{Consumer, "group_instance_id: one", kgo.InstanceID, "one"},
	{Consumer, noText, kgo.AutoCommitInterval, seconds},
	{Consumer, "auto_commit_interval_ms: 50", kgo.AutoCommitInterval, 100 * time.Millisecond},
	{Consumer, noText, kgo.SessionTimeout, 45 * seconds},
	{Consumer, "session_timeout_ms: 6000", kgo.SessionTimeout, 6 * seconds},
	{Consumer, noText, kgo.HeartbeatInterval, 3 * seconds},
	{Consumer, "session_timeout_ms: 6000", kgo.HeartbeatInterval, 2 * seconds},
	{Consumer, "heartbeat_interval_ms: 1000", kgo.HeartbeatInterval, seconds},
	{Consumer, noText, kgo.RebalanceTimeout, 5 * time.Minute},
	{Consumer, "max_poll_interval_ms: 60000", kgo.RebalanceTimeout, time.Minute},
	{Consumer, noText, kgo.FetchIsolationLevel, int8(1)},
	{Consumer, "isolation_level: READ_UNCOMMITTED", kgo.FetchIsolationLevel, int8(0)},
	{Consumer, noText, kgo.FetchMaxWait, 500 * time.Millisecond},
	{Consumer, "fetch_wait_max_ms: 0", kgo.FetchMaxWait, 10 * time.Millisecond},
	{Consumer, noText, kgo.FetchMinBytes, int32(1)},
	{Consumer, "fetch.min.bytes: 1k", kgo.FetchMinBytes, int32(1024)},
	{Consumer, noText, kgo.FetchMaxBytes, int32(16 << 20)},
	{Consumer, "fetch_max_bytes: 2147483135", kgo.FetchMaxBytes, int32(1 << 30)},
	{Consumer, "message_max_bytes: 20000000", kgo.FetchMaxBytes, int32(20000000)},
	{Consumer, noText, kgo.BrokerMaxReadBytes, int32(100000000)},
	{Consumer, "fetch_max_bytes: 200000000", kgo.BrokerMaxReadBytes, int32(200000512)},
	{Consumer, noText, kgo.FetchMaxPartitionBytes, int32(1 << 20)},
	{Consumer, "max_partition_fetch_bytes: 5000", kgo.FetchMaxPartitionBytes, int32(5000)},
	{Consumer, "client_rack: a", kgo.Rack, "a"},
	{Consumer, noText, kgo.ConsumeStartOffset, kgo.NewOffset().AtStart()},
	{Consumer, noText, kgo.ConsumeResetOffset, kgo.RewindOffset(time.Minute)},
	{Consumer, "auto_offset_reset: smallest", kgo.ConsumeStartOffset, kgo.NewOffset().AtStart()},
	{Consumer, "auto_offset_reset: Largest", kgo.ConsumeStartOffset, kgo.NewOffset().AtEnd()},
	{Consumer, "auto_offset_reset: latest", kgo.ConsumeResetOffset, kgo.NewOffset().AtEnd()},
	{Consumer, "auto_offset_reset: error", kgo.ConsumeStartOffset, kgo.NewOffset().AtCommitted()},
	{Consumer, "auto_offset_reset: error", kgo.ConsumeResetOffset, kgo.NoResetOffset()},

	{Producer, noText, kgo.RequiredAcks, kgo.AllISRAcks()},
	{Producer, "acks: -1", kgo.RequiredAcks, kgo.AllISRAcks()},
	{Producer, "acks: 1", kgo.RequiredAcks, kgo.LeaderAck()},
	{Producer, "request_required_acks: 0", kgo.RequiredAcks, kgo.NoAck()},
	{Producer, noText, kgo.DisableIdempotentWrite, false},
	{Producer, "acks: 1", kgo.DisableIdempotentWrite, true},
	{Producer, "enable_idempotence: f", kgo.DisableIdempotentWrite, true},
	{Producer, "enable_idempotence: f", kgo.MaxProduceRequestsInflightPerBroker, 1},
	{Producer, "enable_idempotence: f, max_in_flight: 8", kgo.MaxProduceRequestsInflightPerBroker, 8},
	{Producer, noText, kgo.ProducerLinger, 5 * time.Millisecond},
	{Producer, "linger_ms: 0.5", kgo.ProducerLinger, 500 * time.Microsecond},
	{Producer, "queue.buffering.max.ms: 900000", kgo.ProducerLinger, time.Minute},
	{Producer, noText, kgo.ProducerBatchMaxBytes, int32(1000000)},
	{Producer, "batch_size: 16384", kgo.ProducerBatchMaxBytes, int32(1000000)},
	{Producer, "batch_size: 2000000", kgo.ProducerBatchMaxBytes, int32(2000000)},
	{Producer, "batch_size: 2147483647", kgo.ProducerBatchMaxBytes, int32(1 << 30)},
	{Producer, noText, kgo.BrokerMaxWriteBytes, int32(100 << 20)},
	{Producer, "message_max_bytes: 1000000000", kgo.BrokerMaxWriteBytes, int32(1000000000)},
	{Producer, noText, kgo.MaxBufferedRecords, int64(50000)},
	{Producer, "queue_buffering_max_messages: 0", kgo.MaxBufferedRecords, int64(2147483647)},
	{Producer, "watermark_high: 90000", kgo.MaxBufferedRecords, int64(90000)},
	{Producer, "watermark_high: 90000, queue_buffering_max_messages: 30000", kgo.MaxBufferedRecords, int64(30000)},
	{Producer, noText, kgo.MaxBufferedBytes, int64(64 << 20)},
	{Producer, "queue_buffering_max_kbytes: 1", kgo.MaxBufferedBytes, int64(1024)},
	{Producer, noText, kgo.ProduceRequestTimeout, 30 * seconds},
	{Producer, "request_timeout_ms: 1", kgo.ProduceRequestTimeout, 100 * time.Millisecond},
	{Producer, noText, kgo.RecordDeliveryTimeout, 0 * seconds},
	{Producer, "delivery_timeout_ms: 500", kgo.RecordDeliveryTimeout, seconds},
	{Producer, "retries: 3", kgo.RecordRetries, int64(3)},
	{Producer, noText, kgo.DisableClientMetrics, true},
	{Producer, "enable_metrics_push: true", kgo.DisableClientMetrics, false},
	{Producer, noText, kgo.AllowAutoTopicCreation, true},
	{Producer, "allow_auto_create_topics: false", kgo.AllowAutoTopicCreation, false},
	{Consumer, noText, kgo.AllowAutoTopicCreation, false},
	{Producer, noText, kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.NoCompression()}},
	{Producer, "compression_type: LZ4", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.Lz4Compression()}},
	{Producer, "compression_codec: gzip, compression_level: 9", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.GzipCompression().WithLevel(9)}},
	{Producer, "compression_type: ''", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.NoCompression()}},
	{Producer, "compression_type: zstd", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.ZstdCompression()}},
	{Producer, "compression_type: snappy", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.SnappyCompression()}},
}

func TestClientOpts(t *testing.T) {
	for _, test := range rowTests {
		name := fmt.Sprintf("%s/%s/%v", test.role, test.text, test.want)
		t.Run(name, func(t *testing.T) {
			o, faults := resolve(t, test.role, "bootstrap.servers: 'PLAINTEXT://seed:9092'", test.text)
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			got := optValue(t, o, test.opt)
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v (%T), want %v (%T)", got, got, test.want, test.want)
			}
		})
	}
}

// TestSecurity checks what cannot be compared: TLS, SASL, balancers, back-off.
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
		if got := fmt.Sprintf("tls=%t sasl=%s", optValue(t, o, kgo.DialTLS), mechanism); got != want {
			t.Errorf("%s: got %s, want %s", protocol, got, want)
		}
	}
}

func TestBalancers(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "cooperative-sticky",
		"partition_assignment_strategy: Range": "range",
		"partition.assignment.strategy: [range, roundrobin]": "range roundrobin",
	} {
		o, faults := resolve(t, Consumer, "bootstrap_servers: seed", text)
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, b := range optValue(t, o, kgo.Balancers).([]kgo.GroupBalancer) {
			names = append(names, b.ProtocolName())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
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

// TestTable holds what every row must have.
func TestTable(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range rowTests {
		name := reflect.ValueOf(test.opt).Pointer()
		for i := range table {
			r := &table[i]
			for _, maps := range strings.Split(r.maps, ", ") {
				if f, ok := clientNames[maps]; ok && reflect.ValueOf(f).Pointer() == name {
					tested[r.name] = true
				}
			}
		}
	}
	for i := range table {
		r := &table[i]
		if r.doc == "" || !strings.HasSuffix(r.doc, ".") || r.role == 0 {
			t.Errorf("%s: needs a role and a sentence of documentation", r.name)
		}
		if (r.treat == warn || r.treat == reject) != (r.why != "") {
			t.Errorf("%s: treatment %s needs a reason, others have none", r.name, r.treat)
		}
		if r.treat != warn && r.treat != reject && r.maps == "" {
			t.Errorf("%s: says not what it maps to", r.name)
		}
		if r.def != "" {
			r.mustParse(r.def)
		}
		if r.opts != nil && !tested[r.name] && !strings.Contains("security.protocol partition.assignment.strategy reconnect.backoff.ms partitioner", r.name) {
			t.Errorf("%s: has no test among rowTests", r.name)
		}
	}
}

// clientNames finds the client's options by the names in the column maps.
var clientNames = map[string]any{
	"SeedBrokers": kgo.SeedBrokers, "ClientID": kgo.ClientID, "DialTimeout": kgo.DialTimeout,
	"RequestTimeoutOverhead": kgo.RequestTimeoutOverhead, "ConnIdleTimeout": kgo.ConnIdleTimeout,
	"MetadataMaxAge": kgo.MetadataMaxAge, "MetadataMinAge": kgo.MetadataMinAge, "ConsumerGroup": kgo.ConsumerGroup,
	"InstanceID": kgo.InstanceID, "ConsumeStartOffset": kgo.ConsumeStartOffset, "ConsumeResetOffset": kgo.ConsumeResetOffset,
	"AutoCommitInterval": kgo.AutoCommitInterval, "SessionTimeout": kgo.SessionTimeout, "HeartbeatInterval": kgo.HeartbeatInterval,
	"RebalanceTimeout": kgo.RebalanceTimeout, "FetchIsolationLevel": kgo.FetchIsolationLevel, "FetchMaxWait": kgo.FetchMaxWait,
	"FetchMinBytes": kgo.FetchMinBytes, "FetchMaxBytes": kgo.FetchMaxBytes, "BrokerMaxReadBytes": kgo.BrokerMaxReadBytes,
	"FetchMaxPartitionBytes": kgo.FetchMaxPartitionBytes, "Rack": kgo.Rack, "RequiredAcks": kgo.RequiredAcks,
	"ProducerLinger": kgo.ProducerLinger, "ProducerBatchMaxBytes": kgo.ProducerBatchMaxBytes,
	"ProducerBatchCompression": kgo.ProducerBatchCompression, "MaxBufferedRecords": kgo.MaxBufferedRecords,
	"ProduceRequestTimeout": kgo.ProduceRequestTimeout, "RecordDeliveryTimeout": kgo.RecordDeliveryTimeout,
	"RecordRetries": kgo.RecordRetries, "AllowAutoTopicCreation": kgo.AllowAutoTopicCreation, "DisableClientMetrics": kgo.DisableClientMetrics,
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
