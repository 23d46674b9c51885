package kafka

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// outcome is what becomes of a value on which nothing acts.
type outcome bool

const (
	warns   outcome = true
	refuses outcome = false
)

type silentTest struct {
	role              Role
	name              string
	harmless, harmful string
	want              outcome
}

// silentTests has every row on which nothing acts: a value that asks for nothing,
// if there is one, and one that does, with what becomes of it.
var silentTests = []silentTest{
	{Admin, "metadata.recovery.strategy", "rebootstrap", "none", warns},
	{Consumer, "enable.auto.offset.store", "false", "true", warns},
	{Admin, "message.copy.max.bytes", "65535", "5", warns},
	{Admin, "metadata.recovery.rebootstrap.trigger.ms", "300000", "5", warns},
	{Admin, "topic.metadata.refresh.fast.cnt", "10", "5", warns},
	{Admin, "topic.metadata.refresh.sparse", "true", "false", warns},
	{Admin, "socket.blocking.max.ms", "1000", "5", warns},
	{Admin, "socket.max.fails", "1", "5", warns},
	{Admin, "broker.address.ttl", "1000", "5", warns},
	{Admin, "reconnect.backoff.jitter.ms", "0", "5", warns},
	{Admin, "statistics.interval.ms", "0", "5", warns},
	{Admin, "log.queue", "false", "true", warns},
	{Admin, "log.thread.name", "true", "false", warns},
	{Admin, "log.connection.close", "true", "false", warns},
	{Admin, "enable.random.seed", "true", "false", warns},
	{Admin, "internal.termination.signal", "0", "5", warns},
	{Admin, "api.version.request.timeout.ms", "10000", "5", warns},
	{Admin, "api.version.fallback.ms", "0", "5", warns},
	{Admin, "metadata.request.timeout.ms", "", "5", warns},
	{Admin, "enable.sparse.connections", "true", "false", warns},
	{Admin, "test.mock.broker.rtt", "0", "5", warns},
	{Consumer, "coordinator.query.interval.ms", "600000", "5", warns},
	{Consumer, "queued.min.messages", "100000", "5", warns},
	{Consumer, "fetch.queue.backoff.ms", "1000", "5", warns},
	{Consumer, "fetch.error.backoff.ms", "500", "5", warns},
	{Consumer, "enable.partition.eof", "false", "true", warns},
	{Consumer, "consume.callback.max.messages", "0", "5", warns},
	{Consumer, "offset.store.path", ".", "x", warns},
	{Consumer, "offset.store.sync.interval.ms", "-1", "5", warns},
	{Producer, "queue.buffering.backpressure.threshold", "1", "5", warns},
	{Producer, "batch.num.messages", "10000", "5", warns},
	{Producer, "delivery.report.only.error", "false", "true", warns},
	{Producer, "produce.offset.report", "false", "true", warns},
	{Producer, "poll.timeout", "", "5", warns},
	{Consumer, "get_timeout_ms", "", "5", warns},
	{Consumer, "consumer_threads", "1", "5", warns},
	{Consumer, "buffer_size", "", "5", warns},
	{Consumer, "buffer_timeout", "", "5", warns},
	{Consumer, "sleep_on_error", "", "5", warns},
	{Consumer, "sleep_on_retryable_error", "", "5", warns},
	{Consumer, "errors_max_retry_attempts", "", "5", warns},
	{Consumer, "check_assignment_errors", "", "5", warns},
	{Consumer, "consumer_timeout_ms", "", "5", warns},
	{Admin, "api_version", "", "x", warns},
	{Producer, "send_backoff_ms", "", "5", warns},
	{Consumer, "share.acknowledgement.mode", "implicit", "x", refuses},
	{Consumer, "offset.store.method", "broker", "file", refuses},
	{Producer, "queuing.strategy", "fifo", "lifo", refuses},
	{Admin, "client.dns.lookup", "use_all_dns_ips", "resolve_canonical_bootstrap_servers_only", refuses},
	{Admin, "test.mock.num.brokers", "0", "5", refuses},
	{Admin, "enabled_events", "0", "5", refuses},
	{Admin, "plugin.library.paths", "", "x", refuses},
	{Producer, "key_serializer", "", "x", refuses},
	{Admin, "error_cb", "", "0x1234", refuses},
	{Admin, "throttle_cb", "", "0x1234", refuses},
	{Admin, "stats_cb", "", "0x1234", refuses},
	{Admin, "log_cb", "", "0x1234", refuses},
	{Admin, "background_event_cb", "", "0x1234", refuses},
	{Admin, "socket_cb", "", "0x1234", refuses},
	{Admin, "connect_cb", "", "0x1234", refuses},
	{Admin, "closesocket_cb", "", "0x1234", refuses},
	{Admin, "open_cb", "", "0x1234", refuses},
	{Admin, "resolve_cb", "", "0x1234", refuses},
	{Admin, "opaque", "", "0x1234", refuses},
	{Admin, "default_topic_conf", "", "0x1234", refuses},
	{Admin, "interceptors", "", "0x1234", refuses},
	{Consumer, "consume_cb", "", "0x1234", refuses},
	{Consumer, "rebalance_cb", "", "0x1234", refuses},
	{Consumer, "offset_commit_cb", "", "0x1234", refuses},
	{Producer, "dr_cb", "", "0x1234", refuses},
	{Producer, "dr_msg_cb", "", "0x1234", refuses},
	{Producer, "partitioner_cb", "", "0x1234", refuses},
	{Producer, "msg_order_cmp", "", "0x1234", refuses},
}

func TestSilentOptions(t *testing.T) {
	for _, test := range slices.Concat(silentTests, securitySilentTests) {
		t.Run(test.name, func(t *testing.T) {
			r := rowOf(test.name)
			if test.harmless != "" {
				o, faults := resolve(t, test.role, "bootstrap_servers: seed, group_id: g", test.name+": '"+test.harmless+"'")
				if len(faults) > 0 {
					t.Errorf("%s: %v", test.harmless, faults)
				}
				if !o.Set(test.name) {
					t.Errorf("%s is not taken", test.name)
				}
			}
			_, faults := resolve(t, test.role, "bootstrap_servers: seed, group_id: g", test.name+": '"+test.harmful+"'")
			why := r.why
			if why == "" {
				why = r.moot[test.harmful]
			}
			if len(faults) != 1 {
				t.Fatalf("%s: got %d faults, want one: %v", test.harmful, len(faults), faults)
			}
			says := "is not supported: " + why
			if test.want == warns {
				says = "has no effect: " + why
			}
			f := faults[0]
			place := fmt.Sprintf("f:2:%d", len("component: {"+test.name+": ")+1)
			if f.Warning != bool(test.want) || !strings.HasSuffix(f.Message, says) || f.Pos.String() != place || why == "" {
				t.Errorf("got %+v, want at %s, warning %t: %s", f, place, test.want, says)
			}
		})
	}
}

// TestStrict makes errors of warnings about options, wherever strict stands.
func TestStrict(t *testing.T) {
	for _, test := range []struct {
		role                  Role
		connection, component string
		errors, warnings      int
	}{
		{Consumer, "", "group_id: g, queued_min_messages: 5", 0, 1},
		{Consumer, "kafka.options: strict", "group_id: g, queued_min_messages: 5", 1, 0},
		{Consumer, "options: STRICT", "queued_min_messages: 5", 2, 0}, // the group is not named either
		{Consumer, "options: strict", "group_id: g, queued_min_messages: 5, kafka_options: lenient", 0, 1},
		{Producer, "options: strict", "session_timeout_ms: 10000", 1, 0},
		{Producer, "options: strict", "connections_max_idle_ms: 0", 1, 0},
		{Producer, "options: strict, group_id: g, session_timeout_ms: 10000", "acks: all", 0, 0},
		{Producer, "options: lenient", "queuing_strategy: lifo", 1, 0},
	} {
		_, faults := resolve(t, test.role, strings.Trim("bootstrap_servers: seed, "+test.connection, ", "), test.component)
		if errors, warnings := len(faults.Errors()), len(faults.Warnings()); errors != test.errors || warnings != test.warnings {
			t.Errorf("%s / %s: %d errors, %d warnings, want %d and %d: %v", test.connection, test.component, errors, warnings, test.errors, test.warnings, faults)
		}
	}
}
