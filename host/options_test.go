package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
)

// TestUncommonOptions runs pipelines with options that change how the client
// speaks to brokers: events must go through all the same.
func TestUncommonOptions(t *testing.T) {
	for name, options := range map[string]struct{ connection, source, sink string }{
		"sockets":            {connection: "socket_keepalive_enable: false, socket_nagle_disable: false, broker_address_family: v4, socket_send_buffer_bytes: 65536"},
		"groups of brokers":  {source: "group_protocol: consumer"},
		"classic, range":     {source: "partition_assignment_strategy: range, enable_auto_commit: false"},
		"old brokers":        {connection: "api_version_request: false, broker_version_fallback: 2.8.0"},
		"what is left out":   {source: "topic_blacklist: x$"},
		"small fetches":      {source: "queued_max_messages_kbytes: 1, message_max_bytes: 1000, fetch_message_max_bytes: 100, check_crcs: false, max_poll_records: 1"},
		"no idempotence":     {sink: "acks: 1, max_in_flight: 1, linger_ms: 0, retries: 3, message_timeout_ms: 30000"},
		"waiting for topics": {sink: "topic_metadata_propagation_max_ms: 5000, enable_gapless_guarantee: true, sticky_partitioning_linger_ms: 0"},
		"BSPump's":           {source: "consumer_threads: 1, buffer_size: 1000, buffer_timeout: 1", sink: "watermark.high: 20, watermark.low: 10, poll.timeout: 0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			b, client := brokertest.Start(t, broker.Topic{Name: "in-a", Partitions: 3}, broker.Topic{Name: "in-x", Partitions: 1}, broker.Topic{Name: "out", Partitions: 2})
			var records []broker.Record
			want := []string{}
			for i := range 50 {
				value := fmt.Sprintf("event %02d", i)
				want = append(want, value)
				records = append(records, broker.Record{Topic: "in-a", Value: []byte(value)})
			}
			topic := "in-a"
			if strings.Contains(options.source, "topic_blacklist") {
				topic = "^in-"
				records = append(records, broker.Record{Topic: "in-x", Value: []byte("left out")})
			}
			if err := client.Produce(t.Context(), records...); err != nil {
				t.Fatal(err)
			}
			and := func(options string) string { return strings.TrimSuffix(", "+options, ", ") }
			runToEnd(t, fmt.Sprintf("connections: {main: {bootstrap_servers: %q%s}}\npipelines: {p: {source: {topic: %q, group_id: g%s}, sink: {topic: out%s}}}\n",
				b.Addr(), and(options.connection), topic, and(options.source), and(options.sink)))
			got := []string{}
			if err := client.Read(t.Context(), []string{"out"}, func(r *broker.Record) { got = append(got, string(r.Value)) }); err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
