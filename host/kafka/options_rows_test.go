package kafka

import (
	"fmt"
	"hash/crc32"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// rowTest is one value of an option, as written for a role, and what the
// client then has: one of its own options, or what a probe finds. The first
// option of the text is the one that is tested.
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

// rowTests has every row that acts on the client.
var rowTests = []rowTest{
	{Admin, noText, kgo.SeedBrokers, []string{"seed:9092"}},
	{Consumer, noText, kgo.ClientID, "test"},
	{Consumer, "client_id: me", kgo.ClientID, "me"},
	{Admin, noText, kgo.DialTimeout, 10 * seconds},
	{Admin, "socket.connection.setup.timeout.ms: 30000", kgo.DialTimeout, 30 * seconds},
	{Admin, noText, kgo.RequestTimeoutOverhead, 60 * seconds},
	{Admin, "socket_timeout_ms: 50", kgo.RequestTimeoutOverhead, 100 * time.Millisecond},
	{Producer, "receive_message_max_bytes: 5000", kgo.BrokerMaxReadBytes, int32(5000)},
	{Admin, "receive_message_max_bytes: 1000", kgo.BrokerMaxReadBytes, int32(1024)},
	{Admin, noText, kgo.BrokerMaxReadBytes, int32(100000000)},
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
	{Producer, "watermark_low: 40000", inForce("watermark.low"), "40000"},
	{Producer, "encoding: UTF8", inForce("encoding"), "utf-8"},
	{Producer, "watermark_high: 90000", kgo.MaxBufferedRecords, int64(90000)},
	{Producer, "watermark_high: 90000, queue_buffering_max_messages: 30000", kgo.MaxBufferedRecords, int64(30000)},
	{Producer, noText, kgo.MaxBufferedBytes, int64(64 << 20)},
	{Producer, "queue_buffering_max_kbytes: 1", kgo.MaxBufferedBytes, int64(1024)},
	{Producer, noText, kgo.ProduceRequestTimeout, 30 * seconds},
	{Producer, "request_timeout_ms: 1", kgo.ProduceRequestTimeout, 100 * time.Millisecond},
	{Producer, noText, kgo.RecordDeliveryTimeout, 0 * seconds},
	{Producer, "delivery_timeout_ms: 500", kgo.RecordDeliveryTimeout, seconds},
	{Producer, "retries: 3", kgo.RecordRetries, int64(3)},
	{Consumer, "from: latest", kgo.ConsumeStartOffset, kgo.NewOffset().AtEnd()},
	{Consumer, "from: earliest, auto_offset_reset: latest", kgo.ConsumeStartOffset, kgo.NewOffset().AtStart()},
	{Consumer, "from: 17, auto_offset_reset: error", kgo.ConsumeStartOffset, kgo.NewOffset().AtStart()},
	{Consumer, "from: '2026-01-31T12:00:00Z'", kgo.ConsumeResetOffset, kgo.RewindOffset(time.Minute)},
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

	{Admin, "kafka_options: Strict", inForce("kafka.options"), "strict"},
	{Consumer, "debug: [cgrp, FETCH]", logged, kgo.LogLevelDebug},
	{Consumer, "log_level: 7", logged, kgo.LogLevelDebug},
	{Consumer, "log_level: 6", logged, kgo.LogLevelInfo},
	{Consumer, noText, logged, kgo.LogLevelWarn},
	{Consumer, "log_level: 3", logged, kgo.LogLevelError},
	{Admin, noText, dials, "kgo's"},
	{Admin, "socket_send_buffer_bytes: 65536", dials, "send=65536"},
	{Admin, "socket_receive_buffer_bytes: 64k", dials, "recv=65536"},
	{Admin, "socket_keepalive_enable: false", dials, "keepalive=-1ns"},
	{Admin, "socket_nagle_disable: false", dials, "gather"},
	{Admin, "broker_address_family: V4", dials, "tcp4"},
	{Admin, "broker_address_family: v6", dials, "tcp6"},
	{Admin, noText, kgo.MaxVersions, kversion.Stable()},
	{Admin, "api_version_request: false", kgo.MaxVersions, kversion.FromString("0.10.0")},
	{Admin, "broker_version_fallback: 2.8.0, api_version_request: false", kgo.MaxVersions, kversion.FromString("2.8.0")},
	{Admin, noText, kgo.SoftwareNameAndVersion, "weir"},
	{Admin, "client_software_name: pump", kgo.SoftwareNameAndVersion, "pump"},
	{Admin, "client_software_version: 1.2.3", software, []any{"weir", "1.2.3"}},
	{Admin, "builtin_features: 'gzip, SASL'", inForce("builtin.features"), "gzip,sasl"},
	{Admin, "metadata_recovery_strategy: rebootstrap", inForce("metadata.recovery.strategy"), "rebootstrap"},
	{Admin, "reconnect_backoff_ms: 500", backoffs, "100ms to 2s"},
	{Admin, "reconnect_backoff_max_ms: 10000", backoffs, "100ms to 10s"},
	{Admin, "retry_backoff_ms: 50", backoffs, "50ms to 2s"},
	{Admin, "retry_backoff_max_ms: 20000", backoffs, "100ms to 20s"},

	{Consumer, "topic: '^a ^b'", inForce("topic"), "^a,^b"},
	{Consumer, "partitions: [3, 0-1], topic: a", kgo.ConsumerGroup, ""},
	{Consumer, "partitions: [3, 0-1], topic: a", inForce("partitions"), "3,0-1"},
	{Consumer, "partitions: {a: '0, 3', b: [1]}, topic: [a, b]", inForce("partitions"), "a:0,a:3,b:1"},
	{Consumer, "group_protocol: consumer", kgo.ServerSideBalancer, true},
	{Consumer, noText, kgo.ServerSideBalancer, false},
	{Consumer, "group_protocol: consumer", balanced, "sticky"},
	{Consumer, "group_protocol: consumer, group_remote_assignor: range", balanced, "range"},
	{Consumer, "group_remote_assignor: Uniform, group_protocol: consumer", balanced, "sticky"},
	{Consumer, "group_protocol_type: consumer", inForce("group.protocol.type"), "consumer"},
	{Consumer, noText, balanced, "cooperative-sticky"},
	{Consumer, "partition_assignment_strategy: Range", balanced, "range"},
	{Consumer, "partition.assignment.strategy: [range, roundrobin]", balanced, "range roundrobin"},
	{Consumer, "enable_auto_commit: false", inForce("enable.auto.commit"), "false"},
	{Consumer, "enable_auto_offset_store: false", inForce("enable.auto.offset.store"), "false"},
	{Consumer, noText, inForce("max.poll.records"), "10000"},
	{Consumer, "max_poll_records: 500", inForce("max.poll.records"), "500"},
	{Consumer, "max_in_flight_records: 7", inForce("max_in_flight_records"), "7"},
	{Consumer, "max_in_flight_bytes: 1MiB", inForce("max_in_flight_bytes"), "1MiB"},
	{Consumer, noText, kgo.MaxDecompressBatchBytes, 64 << 20},
	{Consumer, "max_decompressed_batch_bytes: 1MiB", kgo.MaxDecompressBatchBytes, 1 << 20},
	{Consumer, "on_oversized_batch: skip", inForce("on_oversized_batch"), "skip"},
	{Consumer, "on_topic_recreated: latest", inForce("on_topic_recreated"), "latest"},
	{Consumer, "topic_blacklist: '^x', topic: '^.'", kgo.ConsumeExcludeTopics, []string{"^x"}},
	{Consumer, "topic_blacklist: '^x', topic: y", kgo.ConsumeRegex, false},
	{Consumer, "queued_max_messages_kbytes: 2048", kgo.FetchMaxBytes, int32(2 << 20)},
	{Consumer, "queued_max_messages_kbytes: 1", kgo.FetchMaxBytes, int32(1000000)},
	{Consumer, "receive_message_max_bytes: 0x20000000", kgo.BrokerMaxReadBytes, int32(0x20000000)},
	{Consumer, "check_crcs: false", kgo.DisableFetchCRCValidation, true},
	{Consumer, "check_crcs: true", kgo.DisableFetchCRCValidation, false},
	{Consumer, noText, kgo.DisableFetchCRCValidation, false},
	{Consumer, "allow_auto_create_topics: true", kgo.AllowAutoTopicCreation, true},

	{Producer, "enable_gapless_guarantee: true", kgo.StopProducerOnDataLossDetected, true},
	{Producer, noText, kgo.StopProducerOnDataLossDetected, false},
	{Producer, "max_in_flight: 8, enable_idempotence: f", kgo.MaxProduceRequestsInflightPerBroker, 8},
	{Producer, noText, kgo.UnknownTopicRetries, int64(4)},
	{Producer, "topic_metadata_propagation_max_ms: 30000", kgo.UnknownTopicRetries, int64(120)},
	{Producer, "topic_metadata_propagation_max_ms: 1", kgo.UnknownTopicRetries, int64(1)},
	{Producer, "transactional_id: pump", kgo.TransactionalID, "pump"},
	{Producer, noText, kgo.TransactionTimeout, time.Minute},
	{Producer, "transaction_timeout_ms: 0x4000", kgo.TransactionTimeout, 16384 * time.Millisecond},
	{Producer, "compression_level: -1", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.NoCompression()}},
	{Producer, "compression_type: inherit", kgo.ProducerBatchCompression, []kgo.CompressionCodec{kgo.NoCompression()}},
	{Producer, noText, placed, int(crc32.ChecksumIEEE([]byte("kafka")) % 1000)},
	{Producer, "partitioner: murmur2", placed, 0x5067cf64 % 1000},
	{Producer, "sticky_partitioning_linger_ms: 0", scatters, true},
	{Producer, noText, scatters, false},
	{Producer, "allow_loop: true", inForce("allow_loop"), "true"},
}

func TestClientOpts(t *testing.T) {
	for _, test := range slices.Concat(rowTests, securityRowTests) {
		name := fmt.Sprintf("%s/%s/%.40v", test.role, test.text, test.want)
		t.Run(name, func(t *testing.T) {
			o, faults := resolve(t, test.role, "bootstrap.servers: 'PLAINTEXT://seed:9092'", test.text)
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			var got any
			if look, ok := test.opt.(probe); ok {
				got = look(t, o)
			} else {
				got = optValue(t, o, test.opt)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v (%T), want %v (%T)", got, got, test.want, test.want)
			}
		})
	}
}

// probe looks at what the client does not tell.
type probe func(*testing.T, *Options) any

// inForce is the value of an option that the host itself obeys.
func inForce(name string) probe {
	return func(_ *testing.T, o *Options) any { return o.String(name) }
}

var (
	logged probe = func(_ *testing.T, o *Options) any { return o.logLevel() }

	dials probe = func(t *testing.T, o *Options) any {
		d := o.ownDialer()
		plain, _ := resolve(t, Admin, "bootstrap_servers: seed", "")
		have, its := optValue(t, o, kgo.Dialer), optValue(t, plain, kgo.Dialer)
		if (d == nil) != (reflect.ValueOf(have).Pointer() == reflect.ValueOf(its).Pointer()) {
			t.Errorf("the client does not dial by %v", d)
		}
		switch {
		case d == nil:
			return "kgo's"
		case d.send != 0:
			return fmt.Sprint("send=", d.send)
		case d.recv != 0:
			return fmt.Sprint("recv=", d.recv)
		case d.net.KeepAlive != 0:
			return fmt.Sprint("keepalive=", d.net.KeepAlive)
		case d.gatherSmall:
			return "gather"
		}
		return d.network
	}

	software probe = func(t *testing.T, o *Options) any {
		opts, err := o.ClientOpts()
		if err != nil {
			t.Fatal(err)
		}
		client, err := kgo.NewClient(opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		return client.OptValues(kgo.SoftwareNameAndVersion)
	}

	balanced probe = func(t *testing.T, o *Options) any {
		var names []string
		for _, b := range optValue(t, o, kgo.Balancers).([]kgo.GroupBalancer) {
			names = append(names, b.ProtocolName())
		}
		return strings.Join(names, " ")
	}

	// backoffs are the middle of the first and of the longest pause: each is
	// spread by a fifth.
	backoffs probe = func(t *testing.T, o *Options) any {
		pause := optValue(t, o, kgo.RetryBackoffFn).(func(int) time.Duration)
		middle := func(tries int) time.Duration {
			least, most := time.Hour, time.Duration(0)
			for range 2000 {
				least, most = min(least, pause(tries)), max(most, pause(tries))
			}
			if most > seconds {
				return ((least + most) / 2).Round(seconds)
			}
			return ((least + most) / 2).Round(10 * time.Millisecond)
		}
		return fmt.Sprint(middle(1), " to ", middle(100))
	}

	placed probe = func(t *testing.T, o *Options) any {
		p := optValue(t, o, kgo.RecordPartitioner).(kgo.Partitioner)
		return p.ForTopic("t").Partition(&kgo.Record{Key: []byte("kafka")}, 1000)
	}

	// scatters tells whether records without a key spread within a batch.
	scatters probe = func(t *testing.T, o *Options) any {
		p := optValue(t, o, kgo.RecordPartitioner).(kgo.Partitioner).ForTopic("t")
		first := p.Partition(&kgo.Record{}, 1000)
		for range 100 {
			if p.Partition(&kgo.Record{}, 1000) != first {
				return true
			}
		}
		return false
	}
)

var firstOption = regexp.MustCompile(`^[a-zA-Z_.-]+`)

// tested are the rows that a table of tests has.
func tested() map[string]bool {
	out := map[string]bool{}
	add := func(text string) {
		if r := rowOf(firstOption.FindString(text)); r != nil {
			out[r.name] = true
		}
	}
	for _, test := range rowTests {
		add(test.text)
	}
	for _, test := range slices.Concat(silentTests, securitySilentTests) {
		add(test.name)
	}
	for _, test := range securityRowTests {
		add(test.text)
	}
	return out
}

// TestTable holds what every row must have, a test among it.
func TestTable(t *testing.T) {
	has := tested()
	has["bootstrap.servers"] = true // all tests have it
	for i := range table {
		r := &table[i]
		if r.doc == "" || !strings.HasSuffix(r.doc, ".") || r.role == 0 {
			t.Errorf("%s: needs a role and a sentence of documentation", r.name)
		}
		acts := r.treat == mapped || r.treat == emulate
		if acts == (r.why != "") || acts != (r.maps != "") {
			t.Errorf("%s: what acts says on what, what does not says why", r.name)
		}
		for _, text := range []string{r.def, r.sourceDef, r.std} {
			if text != "" {
				r.mustParse(text)
			}
		}
		if !has[r.name] {
			t.Errorf("%s: has no test in rowTests, silentTests or securityRowTests", r.name)
		}
	}
}
