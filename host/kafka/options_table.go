package kafka

import (
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// unlimited is how librdkafka writes "no limit".
const unlimited = math.MaxInt32

// clientLimit is the most bytes that the client writes or reads at once.
const clientLimit = 1 << 30

// DefaultGroup is the consumer group of a source that names none. BSPump has
// the same default, so all its pumps, and ours, share it.
const DefaultGroup = "bspump"

// table is every option that is known. What is in no row is refused.
var table = slices.Concat(brokerRows, securityRows, clientRows)

// brokerRows say which brokers to ask, and as whom.
var brokerRows = []row{
	{
		name: "bootstrap.servers", aliases: []string{"metadata.broker.list"}, role: anyRole, kind: kindList,
		maps: "SeedBrokers", opts: seedOpts,
		doc: "Brokers to ask first, as host or host:port (9092).",
	},
	{
		name: "client.id", role: anyRole, kind: kindText,
		maps: "ClientID", opts: func(o *Options) ([]kgo.Opt, error) {
			return []kgo.Opt{kgo.ClientID(o.String("client.id"))}, nil
		},
		doc: "Name by which brokers log and limit the client. The default is made of the names of the pipeline and its end.",
	},
}

// clientRows are the options of the client but for its brokers and security.
var clientRows = []row{
	{
		name: "socket.connection.setup.timeout.ms", role: anyRole, kind: kindMillis, low: 1000, high: unlimited, def: "10000",
		maps: "DialTimeout", opts: durationOpt("socket.connection.setup.timeout.ms", kgo.DialTimeout),
		doc: "Time to connect, TLS included.",
	},
	{
		name: "socket.timeout.ms", role: anyRole, kind: kindMillis, low: 10, high: 300000, floor: 100, def: "60000",
		maps: "RequestTimeoutOverhead", opts: durationOpt("socket.timeout.ms", kgo.RequestTimeoutOverhead),
		doc: "Time for an answer of a broker, beyond what the request itself may take.",
	},
	{
		name: "connections.max.idle.ms", role: anyRole, kind: kindMillis, low: 0, high: unlimited, floor: 100, ceiling: 900000, def: "540000",
		maps: "ConnIdleTimeout", opts: durationOpt("connections.max.idle.ms", kgo.ConnIdleTimeout),
		doc: "Time after which an unused connection is closed. 0, never, becomes 15 minutes.",
	},
	{
		name: "topic.metadata.refresh.interval.ms", role: anyRole, kind: kindMillis, low: -1, high: 3600000, ceiling: 3600000, def: "300000",
		maps: "MetadataMaxAge", opts: metadataOpts,
		doc: "How often to look for new partitions and leaders. -1, never, becomes an hour.",
	},
	{
		name: "metadata.max.age.ms", role: anyRole, kind: kindMillis, low: 1, high: 86400000, ceiling: 3600000, maps: "MetadataMaxAge",
		doc: "The same; counts where topic.metadata.refresh.interval.ms is not given.",
	},
	{
		name: "topic.metadata.refresh.fast.interval.ms", role: anyRole, kind: kindMillis, low: 1, high: 60000, floor: 10, def: "250", maps: "MetadataMinAge",
		doc: "Shortest pause between two looks while a leader is missing.",
	},
	{
		name: "reconnect.backoff.ms", role: anyRole, kind: kindMillis, low: 0, high: 3600000, def: "100",
		maps: "RetryBackoffFn", opts: backoffOpts,
		doc: "First pause before another try to connect; doubles each time.",
	},
	{
		name: "reconnect.backoff.max.ms", role: anyRole, kind: kindMillis, low: 0, high: 3600000, def: "2000", maps: "RetryBackoffFn",
		doc: "Longest pause before another try to connect.",
	},
	{
		name: "retry.backoff.ms", role: anyRole, kind: kindMillis, low: 1, high: 300000, def: "100", maps: "RetryBackoffFn",
		doc: "First pause before a request is repeated; the shorter of the two first pauses counts for both.",
	},
	{
		name: "retry.backoff.max.ms", role: anyRole, kind: kindMillis, low: 1, high: 300000, def: "1000", maps: "RetryBackoffFn",
		doc: "Longest pause before a request is repeated; the longer of the two counts for both.",
	},
	{
		name: "enable.metrics.push", role: anyRole, kind: kindBool, def: "false",
		maps: "DisableClientMetrics", opts: func(o *Options) ([]kgo.Opt, error) {
			if o.Bool("enable.metrics.push") {
				return nil, nil
			}
			return []kgo.Opt{kgo.DisableClientMetrics()}, nil
		},
		doc: "Whether to send the client's own measurements to brokers that ask for them. Off, other than in librdkafka: it costs megabytes of buffers for each client.",
	},
	{
		name: "message.max.bytes", aliases: []string{"max_request_size"}, role: Consumer | Producer, kind: kindBytes, low: 1000, high: 1000000000, def: "1000000",
		maps: "ProducerBatchMaxBytes, FetchMaxBytes",
		doc:  "Largest record that a sink writes. A source's fetch.max.bytes is at least this.",
	},

	// Sources.
	{
		name: "topic", aliases: []string{"topics"}, role: Consumer | Producer, kind: kindList, own: true, treat: emulate, maps: "the topics of the source, the topic of the sink",
		doc: "A source's topics; one that begins with ^ is a regular expression. A sink's topic for events for which no processor chose one.",
	},
	{
		name: "group.id", role: Consumer, kind: kindText, def: DefaultGroup,
		maps: "ConsumerGroup", opts: func(o *Options) ([]kgo.Opt, error) {
			return []kgo.Opt{kgo.ConsumerGroup(o.String("group.id"))}, nil
		},
		doc: "The consumer group. Sources of one group share the partitions, so give each pipeline its own.",
	},
	{
		name: "group.instance.id", role: Consumer, kind: kindText,
		maps: "InstanceID", opts: textOpt("group.instance.id", kgo.InstanceID),
		doc: "Makes a static member: a restart within the session timeout moves no partitions. One value a process.",
	},
	{
		name: "partition.assignment.strategy", role: Consumer, kind: kindList, def: "cooperative-sticky",
		maps: "Balancers", opts: balancerOpts,
		doc: "How a group shares partitions: cooperative-sticky, or range and roundrobin, which BSPump and librdkafka use by default. All members of a group must have one in common.",
	},
	{
		name: "auto.offset.reset", role: Consumer, kind: kindEnum, words: []string{"earliest", "latest", "error"}, def: "earliest",
		synonyms: map[string]string{"smallest": "earliest", "beginning": "earliest", "largest": "latest", "end": "latest", "none": "error"},
		maps:     "ConsumeStartOffset, ConsumeResetOffset", opts: offsetOpts,
		doc: "Where to begin when the group has no offset for a partition. smallest and beginning are earliest, largest and end are latest.",
	},
	{
		name: "enable.auto.commit", aliases: []string{"auto.commit.enable"}, role: Consumer, kind: kindBool, def: "true", treat: emulate, maps: "the offset tracker",
		doc: "Either way the offsets of what has ended are committed, and no others; a commit never overtakes the sink.",
	},
	{
		name: "auto.commit.interval.ms", role: Consumer, kind: kindMillis, low: 0, high: 86400000, floor: 100, def: "1000",
		maps: "AutoCommitInterval", opts: durationOpt("auto.commit.interval.ms", kgo.AutoCommitInterval),
		doc: "How often to commit.",
	},
	{
		name: "session.timeout.ms", role: Consumer, kind: kindMillis, low: 1, high: 3600000, floor: 100, def: "45000",
		maps: "SessionTimeout", opts: durationOpt("session.timeout.ms", kgo.SessionTimeout),
		doc: "Silence after which the group takes a member for dead. Slow processors do not cause silence.",
	},
	{
		name: "heartbeat.interval.ms", role: Consumer, kind: kindMillis, low: 1, high: 3600000, def: "3000",
		maps: "HeartbeatInterval", opts: heartbeatOpts,
		doc: "How often a member says that it lives.",
	},
	{
		name: "max.poll.interval.ms", role: Consumer, kind: kindMillis, low: 1, high: 86400000, floor: 100, def: "300000",
		maps: "RebalanceTimeout", opts: durationOpt("max.poll.interval.ms", kgo.RebalanceTimeout),
		doc: "Time that a member has to finish what it began when partitions move.",
	},
	{
		name: "max_poll_records", role: Consumer, kind: kindInt, low: 1, high: unlimited, def: "10000", treat: emulate, maps: "PollRecords",
		doc: "Most records that one poll takes.",
	},
	{
		name: "max_in_flight_records", role: Consumer, kind: kindInt, low: 1, high: unlimited, def: "50000", treat: emulate, maps: "the source's credit",
		doc: "Most records read and not yet ended. At the limit the source stops polling.",
	},
	{
		name: "max_in_flight_bytes", role: Consumer, kind: kindBytes, low: 1, high: math.MaxInt64, def: "64MiB", treat: emulate, maps: "the source's credit",
		doc: "Most bytes of records read and not yet ended.",
	},
	{
		name: "refresh_topics", role: Consumer, kind: kindSeconds, low: 0, high: 86400, treat: emulate, maps: "MetadataMaxAge",
		doc: "How often to look for topics that a regular expression newly matches; 0 leaves it to topic.metadata.refresh.interval.ms.",
	},
	{
		name: "isolation.level", role: Consumer, kind: kindEnum, words: []string{"read_committed", "read_uncommitted"}, def: "read_committed",
		maps: "FetchIsolationLevel", opts: isolationOpts,
		doc: "Whether to hide records of transactions that are open or were aborted.",
	},
	{
		name: "fetch.wait.max.ms", aliases: []string{"fetch_max_wait_ms"}, role: Consumer, kind: kindMillis, low: 0, high: 300000, floor: 10, def: "500",
		maps: "FetchMaxWait", opts: durationOpt("fetch.wait.max.ms", kgo.FetchMaxWait),
		doc: "Time that a broker waits for fetch.min.bytes.",
	},
	{
		name: "fetch.min.bytes", role: Consumer, kind: kindBytes, low: 0, high: unlimited, def: "1",
		maps: "FetchMinBytes", opts: bytesOpt("fetch.min.bytes", kgo.FetchMinBytes),
		doc: "Bytes that a broker waits for.",
	},
	{
		name: "fetch.max.bytes", role: Consumer, kind: kindBytes, low: 0, high: 2147483135, ceiling: clientLimit, def: "16MiB",
		maps: "FetchMaxBytes, BrokerMaxReadBytes", opts: fetchOpts,
		doc: "Most bytes of one answer of a broker, before decompression. A source holds up to about three of them for each broker.",
	},
	{
		name: "fetch.message.max.bytes", aliases: []string{"max.partition.fetch.bytes"}, role: Consumer, kind: kindBytes, low: 1, high: 1000000000, def: "1MiB",
		maps: "FetchMaxPartitionBytes", opts: bytesOpt("fetch.message.max.bytes", kgo.FetchMaxPartitionBytes),
		doc: "Most bytes of one partition in an answer. A larger batch still arrives.",
	},
	{
		name: "receive.message.max.bytes", role: Consumer, kind: kindBytes, low: 1000, high: unlimited, ceiling: clientLimit, def: "100000000", maps: "BrokerMaxReadBytes",
		doc: "Largest answer that is believed. It is at least fetch.max.bytes.",
	},
	{
		name: "client.rack", role: Consumer, kind: kindText,
		maps: "Rack", opts: textOpt("client.rack", kgo.Rack),
		doc: "Where this process stands, to read from the nearest replica.",
	},

	// Sinks.
	{
		name: "acks", aliases: []string{"request.required.acks"}, role: Producer, kind: kindEnum, words: []string{"all", "1", "0"}, synonyms: map[string]string{"-1": "all"}, def: "all",
		maps: "RequiredAcks, DisableIdempotentWrite", opts: acksOpts,
		doc: "Whose word counts for delivered: all in-sync replicas, the leader (1), or nobody (0). Less than all can lose events that were committed.",
	},
	{
		name: "enable.idempotence", aliases: []string{"enable_idempotency"}, role: Producer, kind: kindBool, maps: "DisableIdempotentWrite",
		doc: "Keeps order and writes once over retries. On unless acks is less than all.",
	},
	{
		name: "max.in.flight.requests.per.connection", aliases: []string{"max.in.flight"}, role: Producer, kind: kindInt, low: 1, high: 1000000, maps: "MaxProduceRequestsInflightPerBroker",
		doc: "Requests under way to one broker; counts without idempotence only, where more than 1 can reorder. The default is 1, with idempotence the client uses 5.",
	},
	{
		name: "linger.ms", aliases: []string{"queue.buffering.max.ms"}, role: Producer, kind: kindMillis, low: 0, high: 900000, ceiling: 60000, def: "5",
		maps: "ProducerLinger", opts: durationOpt("linger.ms", kgo.ProducerLinger),
		doc: "Time to wait for more records of a batch.",
	},
	{
		name: "batch.size", aliases: []string{"max_batch_size"}, role: Producer, kind: kindBytes, low: 1, high: unlimited, ceiling: clientLimit, def: "1000000",
		maps: "ProducerBatchMaxBytes, BrokerMaxWriteBytes", opts: batchOpts,
		doc: "Target size of a batch. The client has one bound for batches and records, so the greater of this and message.max.bytes counts.",
	},
	{
		name: "batch.num.messages", role: Producer, kind: kindInt, low: 1, high: 1000000, treat: warn, why: "batches are bounded in bytes only",
		doc: "Most records of a batch.",
	},
	{
		name: "compression.type", aliases: []string{"compression.codec"}, role: Producer, kind: kindEnum, words: []string{"none", "gzip", "snappy", "lz4", "zstd"}, def: "none",
		maps: "ProducerBatchCompression", opts: compressionOpts,
		doc: "Codec of batches. lz4 saves much for little.",
	},
	{
		name: "compression.level", role: Producer, kind: kindInt, low: -1, high: 22, def: "-1", maps: "ProducerBatchCompression",
		doc: "Level of the codec: gzip 0 to 9, lz4 0 to 12, zstd 1 to 22; -1 is its default.",
	},
	{
		name: "partitioner", role: Producer, kind: kindEnum, words: partitionerNames, def: "consistent_random",
		maps: "RecordPartitioner", opts: func(o *Options) ([]kgo.Opt, error) {
			return []kgo.Opt{kgo.RecordPartitioner(o.Partitioner())}, nil
		},
		doc: "How keys choose partitions. The default places them as BSPump and librdkafka do, murmur2_random as Java clients do.",
	},
	{
		name: "queue.buffering.max.messages", role: Producer, kind: kindInt, low: 0, high: unlimited, def: "50000",
		maps: "MaxBufferedRecords", opts: bufferOpts,
		doc: "Most records that wait in the sink. When it is full the pipeline waits. 0 is no limit.",
	},
	{
		name: "queue.buffering.max.kbytes", role: Producer, kind: kindKBytes, low: 1, high: unlimited, def: "65536", maps: "MaxBufferedBytes",
		doc: "Most KiB that wait in the sink.",
	},
	{
		name: "watermark.high", aliases: []string{"output_queue_max_size"}, role: Producer, kind: kindInt, low: 1, high: unlimited, treat: emulate, maps: "MaxBufferedRecords",
		doc: "Most records that wait in the sink; the lower of this and queue.buffering.max.messages counts.",
	},
	{
		name: "watermark.low", role: Producer, kind: kindInt, low: 0, high: unlimited, treat: warn, why: "the pipeline goes on as soon as the sink has room",
		doc: "Where a pipeline held by watermark.high goes on.",
	},
	{
		name: "poll.timeout", role: Consumer | Producer, kind: kindSeconds, low: 0, high: 86400, treat: warn, why: "the client needs no polling to write",
		doc: "BSPump's pause between two looks at its client.",
	},
	{
		name: "request.timeout.ms", role: Producer, kind: kindMillis, low: 1, high: 900000, floor: 100, def: "30000",
		maps: "ProduceRequestTimeout", opts: durationOpt("request.timeout.ms", kgo.ProduceRequestTimeout),
		doc: "Time that a broker has to collect the acknowledgements of its replicas.",
	},
	{
		name: "message.timeout.ms", aliases: []string{"delivery.timeout.ms"}, role: Producer, kind: kindMillis, low: 0, high: unlimited, floor: 1000, def: "0",
		maps: "RecordDeliveryTimeout", opts: durationOpt("message.timeout.ms", kgo.RecordDeliveryTimeout),
		doc: "Time after which an undelivered record fails, and the pipeline with it. 0 is never: the pipeline waits for the brokers.",
	},
	{
		name: "retries", aliases: []string{"message.send.max.retries"}, role: Producer, kind: kindInt, low: 0, high: unlimited, def: "2147483647",
		maps: "RecordRetries", opts: retryOpts,
		doc: "Tries after which a record fails, and the pipeline with it. The default is no limit.",
	},
	{
		name: "allow.auto.create.topics", role: Producer, kind: kindBool, def: "true",
		maps: "AllowAutoTopicCreation", opts: func(o *Options) ([]kgo.Opt, error) {
			if !o.Bool("allow.auto.create.topics") {
				return nil, nil
			}
			return []kgo.Opt{kgo.AllowAutoTopicCreation()}, nil
		},
		doc: "Whether writing to a missing topic makes it, if the brokers agree.",
	},
	{
		name: "allow_loop", role: Producer, kind: kindBool, own: true, def: "false", treat: emulate, maps: "the check of the configuration",
		doc: "Lets a sink write to a topic that the source of its pipeline reads.",
	},
	{
		name: "transactional.id", role: Producer, kind: kindText, treat: reject, why: "delivery is at least once, without transactions",
		doc: "Name of a transactional producer.",
	},
}

func durationOpt[O kgo.Opt](name string, opt func(time.Duration) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) { return []kgo.Opt{opt(o.Duration(name))}, nil }
}

func bytesOpt[O kgo.Opt](name string, opt func(int32) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) { return []kgo.Opt{opt(int32(o.Int(name)))}, nil }
}

// textOpt is for options that the client does not want to see empty.
func textOpt[O kgo.Opt](name string, opt func(string) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) {
		if o.String(name) == "" {
			return nil, nil
		}
		return []kgo.Opt{opt(o.String(name))}, nil
	}
}
