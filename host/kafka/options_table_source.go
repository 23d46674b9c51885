package kafka

import (
	"math"

	"github.com/twmb/franz-go/pkg/kgo"
)

// DefaultGroup is the consumer group of a source that names none. BSPump has
// the same default, so all its pumps, and ours, share it.
const DefaultGroup = "bspump"

// sourceRows are the options of sources, and those that a sink shares.
var sourceRows = []row{
	{
		name: "topic", aliases: []string{"topics"}, role: Consumer | Producer, kind: kindList, own: true, treat: emulate, maps: "the topics of the source, the topic of the sink",
		doc: "A source's topics; one that begins with ^ is a regular expression. A sink's topic for events for which no processor chose one.",
	},
	{
		name: "partitions", aliases: []string{userDefined}, role: Consumer, kind: kindPartitions, own: true, treat: emulate, maps: "AddConsumePartitions",
		doc: "The partitions to read, of one topic as 0,3-5 or [0, 3-5], of several as {orders: [0, 3-5], refunds: 1}. The source is then no member of its group and uses it for its offsets only. " +
			"user_defined_partitions takes one number for each topic, in their order.",
	},
	{
		name: "group.id", role: Consumer, kind: kindText, def: DefaultGroup,
		maps: "ConsumerGroup", opts: func(o *Options) ([]kgo.Opt, error) {
			if o.alone() {
				return nil, nil
			}
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
		name: "group.protocol", role: Consumer, kind: kindEnum, words: []string{"classic", "consumer"}, def: "classic",
		maps: "ServerSideBalancer",
		doc:  "How a group agrees who reads what: among its members (classic), or by the brokers (consumer), which needs Kafka 4.0; older brokers get the classic way.",
	},
	{
		name: "group.protocol.type", role: Consumer, kind: kindEnum, words: []string{"consumer"}, def: "consumer", treat: emulate,
		maps: "the group",
		doc:  "What a group of the classic protocol is for. There is one word.",
	},
	{
		name: "group.remote.assignor", role: Consumer, kind: kindEnum, words: []string{"uniform", "range"},
		maps: "Balancers",
		doc:  "How the brokers share partitions, with group.protocol consumer. The default is uniform.",
	},
	{
		name: "partition.assignment.strategy", role: Consumer, kind: kindList, def: "cooperative-sticky", std: "range,roundrobin",
		maps: "Balancers", opts: balancerOpts,
		doc: "How a group shares partitions: cooperative-sticky, or range and roundrobin, which BSPump and librdkafka use by default. All members of a group must have one in common.",
	},
	{
		name: "topic.blacklist", role: Consumer, kind: kindList,
		maps: "ConsumeExcludeTopics", opts: excludeOpts,
		doc: "Regular expressions of topics that a source leaves out which reads by regular expression.",
	},
	{
		name: "auto.offset.reset", role: Consumer, kind: kindEnum, words: []string{"earliest", "latest", "error"}, def: "earliest", std: "latest",
		synonyms: map[string]string{"smallest": "earliest", "beginning": "earliest", "largest": "latest", "end": "latest", "none": "error"},
		maps:     "ConsumeStartOffset, ConsumeResetOffset", opts: offsetOpts,
		doc: "Where to begin when the group has no offset for a partition. smallest and beginning are earliest, largest and end are latest.",
	},
	{
		name: "from", role: Consumer, kind: kindText, maps: "ConsumeStartOffset", opts: fromOpts,
		doc: "Where to begin when the group has no offset for a partition: earliest, latest, an offset, or a time as 2026-01-31T12:00:00Z. Without it auto.offset.reset says.",
	},
	{
		name: "on_topic_recreated", role: Consumer, kind: kindEnum, words: []string{"fail", "earliest", "latest"}, def: "fail", treat: emulate,
		maps: "the source's start",
		doc:  "What to do when a topic was deleted and created again, or the group's offset is beyond the end of the log: stop the pipeline, or begin there anew.",
	},
	{
		name: "enable.auto.commit", aliases: []string{"auto.commit.enable"}, role: Consumer, kind: kindBool, def: "true", treat: emulate, maps: "the offset tracker",
		doc: "Either way the offsets of what has ended are committed, and no others; a commit never overtakes the sink.",
	},
	{
		name: "enable.auto.offset.store", role: Consumer, kind: kindBool, def: "false", std: "true", treat: emulate,
		moot: map[string]string{"true": "a record is done when its event has ended"},
		maps: "the offset tracker",
		doc:  "Whether a record counts as done when it was handed over. It counts when its event has ended.",
	},
	{
		name: "auto.commit.interval.ms", role: Consumer, kind: kindMillis, low: 0, high: 86400000, floor: 100, def: "1000", std: "5000",
		maps: "AutoCommitInterval", opts: durationOpt("auto.commit.interval.ms", kgo.AutoCommitInterval),
		doc: "How often to commit. 0 becomes the least that the client can do.",
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
		name: "max.poll.records", role: Consumer, kind: kindInt, low: 1, high: unlimited, def: "10000", std: "500", treat: emulate, maps: "PollRecords",
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
		name: "max_decompressed_batch_bytes", role: Consumer, kind: kindBytes, low: 1024, high: math.MaxInt32, def: "64MiB",
		maps: "MaxDecompressBatchBytes", opts: decompressedOpts,
		doc: "Largest batch, decompressed, that is read.",
	},
	{
		name: "on_oversized_batch", role: Consumer, kind: kindEnum, words: []string{"fail", "hold", "skip"}, def: "fail", treat: emulate,
		maps: "the source's start",
		doc:  "What to do with a batch that is larger decompressed: stop the pipeline, leave its partition where it is and read the others, or pass over it.",
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
		name: "fetch.max.bytes", role: Consumer, kind: kindBytes, low: 0, high: 2147483135, ceiling: clientLimit, def: "16MiB", std: "52428800",
		maps: "FetchMaxBytes", opts: fetchOpts,
		doc: "Most bytes of one answer of a broker, before decompression. A source holds up to about three of them for each broker.",
	},
	{
		name: "queued.max.messages.kbytes", role: Consumer, kind: kindKBytes, low: 1, high: 2097151, std: "65536", treat: emulate,
		maps: "FetchMaxBytes",
		doc:  "Bounds fetch.max.bytes from above, but not below message.max.bytes.",
	},
	{
		name: "fetch.message.max.bytes", aliases: []string{"max.partition.fetch.bytes"}, role: Consumer, kind: kindBytes, low: 1, high: 1000000000, def: "1MiB",
		maps: "FetchMaxPartitionBytes", opts: bytesOpt("fetch.message.max.bytes", kgo.FetchMaxPartitionBytes),
		doc: "Most bytes of one partition in an answer. A larger batch still arrives.",
	},
	{
		name: "check.crcs", role: Consumer, kind: kindBool, def: "true", std: "false",
		maps: "DisableFetchCRCValidation", opts: flagOpt("check.crcs", false, kgo.DisableFetchCRCValidation),
		doc: "Whether to check that records arrive unharmed.",
	},
	{
		name: "client.rack", role: Consumer, kind: kindText,
		maps: "Rack", opts: textOpt("client.rack", kgo.Rack),
		doc: "Where this process stands, to read from the nearest replica.",
	},
}
