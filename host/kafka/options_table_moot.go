package kafka

import "slices"

// mootRows are accepted, so that a configuration written for another client
// runs, and do nothing here.
var mootRows = slices.Concat(librdkafkaMoot, bspumpMoot)

var librdkafkaMoot = []row{
	{
		name: "message.copy.max.bytes", role: anyRole, kind: kindBytes, low: 0, high: 1000000000, std: "65535", treat: warn,
		why: "every record is copied into its batch once",
		doc: "Up to which size librdkafka copies a record.",
	},
	{
		name: "metadata.recovery.rebootstrap.trigger.ms", role: anyRole, kind: kindMillis, low: 0, high: unlimited, std: "300000", treat: warn,
		why: "the client asks a broker of bootstrap.servers every now and then",
		doc: "Time after which librdkafka starts over with bootstrap.servers.",
	},
	{
		name: "topic.metadata.refresh.fast.cnt", role: anyRole, kind: kindInt, low: 0, high: 1000, std: "10", treat: warn,
		why: "librdkafka does nothing with it either",
		doc: "Deprecated in librdkafka.",
	},
	{
		name: "topic.metadata.refresh.sparse", role: anyRole, kind: kindBool, std: "true", treat: warn,
		why: "the client asks for all topics only where a regular expression needs them",
		doc: "Whether to ask only for the topics in use.",
	},
	{
		name: "socket.blocking.max.ms", role: anyRole, kind: kindMillis, low: 1, high: 60000, std: "1000", treat: warn,
		why: "librdkafka does nothing with it either",
		doc: "Deprecated in librdkafka.",
	},
	{
		name: "socket.max.fails", role: anyRole, kind: kindInt, low: 0, high: 1000000, std: "1", treat: warn,
		why: "the first request that gets no answer ends the connection",
		doc: "Requests without an answer that end a connection.",
	},
	{
		name: "broker.address.ttl", role: anyRole, kind: kindMillis, low: 0, high: 86400000, std: "1000", treat: warn,
		why: "host names are resolved for each connection",
		doc: "How long librdkafka remembers the address of a host.",
	},
	{
		name: "reconnect.backoff.jitter.ms", role: anyRole, kind: kindMillis, low: 0, high: 3600000, std: "0", treat: warn,
		why: "librdkafka does nothing with it either",
		doc: "Deprecated in librdkafka.",
	},
	{
		name: "statistics.interval.ms", role: anyRole, kind: kindMillis, low: 0, high: 86400000, std: "0", treat: warn,
		why: "weir has metrics of its own, see weir run --listen",
		doc: "How often librdkafka reports its statistics.",
	},
	{
		name: "log.queue", role: anyRole, kind: kindBool, std: "false", treat: warn,
		why: "logs go where weir's log goes",
		doc: "Whether librdkafka queues its log lines.",
	},
	{
		name: "log.thread.name", role: anyRole, kind: kindBool, std: "true", treat: warn,
		why: "logs go where weir's log goes",
		doc: "Whether librdkafka names its threads in logs.",
	},
	{
		name: "log.connection.close", role: anyRole, kind: kindBool, std: "true", treat: warn,
		why: "the client counts a closed connection among what it does, see log_level",
		doc: "Whether librdkafka logs closed connections.",
	},
	{
		name: "enable.random.seed", role: anyRole, kind: kindBool, std: "true", treat: warn,
		why: "random numbers need no seed",
		doc: "Whether librdkafka seeds the random numbers of the C library.",
	},
	{
		name: "internal.termination.signal", role: anyRole, kind: kindInt, low: 0, high: 128, std: "0", treat: warn,
		why: "there are no threads to signal",
		doc: "Signal by which librdkafka ends its threads.",
	},
	{
		name: "api.version.request.timeout.ms", role: anyRole, kind: kindMillis, low: 1, high: 300000, std: "10000", treat: warn,
		why: "socket.timeout.ms counts for this request too",
		doc: "Time for the answer to a broker's versions.",
	},
	{
		name: "api.version.fallback.ms", role: anyRole, kind: kindMillis, low: 0, high: 604800000, std: "0", treat: warn,
		why: "brokers are asked on each connection",
		doc: "How long broker.version.fallback counts after a broker gave no versions.",
	},
	{
		name: "metadata.request.timeout.ms", role: anyRole, kind: kindMillis, treat: warn,
		why: "socket.timeout.ms counts for this request too",
		doc: "Deprecated in librdkafka.",
	},
	{
		name: "enable.sparse.connections", role: anyRole, kind: kindBool, std: "true", treat: warn,
		why: "connections are made when they are needed",
		doc: "Whether to connect only to brokers that are needed.",
	},
	{
		name: "test.mock.broker.rtt", role: anyRole, kind: kindMillis, std: "0", treat: warn,
		why: "there is no broker within the client",
		doc: "Delay of the brokers that librdkafka plays in tests.",
	},
	{
		name: "coordinator.query.interval.ms", role: Consumer, kind: kindMillis, low: 1, high: 3600000, std: "600000", treat: warn,
		why: "the client asks again when the coordinator says that it is none",
		doc: "How often librdkafka asks for a group's coordinator.",
	},
	{
		name: "queued.min.messages", role: Consumer, kind: kindInt, low: 1, high: 10000000, std: "100000", treat: warn,
		why: "the client keeps one answer of each broker, see max_in_flight_records",
		doc: "Records that librdkafka tries to have at hand.",
	},
	{
		name: "fetch.queue.backoff.ms", role: Consumer, kind: kindMillis, low: 0, high: 300000, std: "1000", treat: warn,
		why: "the client fetches as soon as it has room",
		doc: "Pause of librdkafka when it has enough records.",
	},
	{
		name: "fetch.error.backoff.ms", role: Consumer, kind: kindMillis, low: 0, high: 300000, std: "500", treat: warn,
		why: "retry.backoff.ms counts for fetches too",
		doc: "Pause after a fetch that failed.",
	},
	{
		name: "enable.partition.eof", role: Consumer, kind: kindBool, std: "false", treat: warn,
		why: "weir run --exit-at-end is the way to stop at the end",
		doc: "Whether librdkafka tells that a partition's end was reached.",
	},
	{
		name: "consume.callback.max.messages", role: Consumer, kind: kindInt, low: 0, high: 1000000, std: "0", treat: warn,
		why: "there are no call-backs, see max.poll.records",
		doc: "Records in one round of librdkafka's call-backs.",
	},
	{
		name: "offset.store.path", role: Consumer, kind: kindText, std: ".", treat: warn,
		why: "offsets are kept by the brokers",
		doc: "Deprecated in librdkafka: the folder of files with offsets.",
	},
	{
		name: "offset.store.sync.interval.ms", role: Consumer, kind: kindMillis, low: -1, high: 86400000, std: "-1", treat: warn,
		why: "offsets are kept by the brokers",
		doc: "Deprecated in librdkafka: how often files with offsets are synced.",
	},
	{
		name: "queue.buffering.backpressure.threshold", role: Producer, kind: kindInt, low: 1, high: 1000000, std: "1", treat: warn,
		why: "the client bounds requests under way instead",
		doc: "Requests waiting for a broker at which librdkafka begins to fill batches.",
	},
	{
		name: "batch.num.messages", role: Producer, kind: kindInt, low: 1, high: 1000000, std: "10000", treat: warn,
		why: "batches are bounded in bytes only",
		doc: "Most records of a batch.",
	},
	{
		name: "delivery.report.only.error", role: Producer, kind: kindBool, std: "false", treat: warn,
		why: "there are no delivery reports; metrics count what was delivered",
		doc: "Whether librdkafka reports failures only.",
	},
	{
		name: "produce.offset.report", role: Producer, kind: kindBool, std: "false", treat: warn,
		why: "librdkafka does nothing with it either",
		doc: "Deprecated in librdkafka.",
	},
}

// bspumpMoot are BSPump's own names, of this and of earlier versions.
var bspumpMoot = []row{
	{
		name: "poll.timeout", aliases: []string{"poll_interval"}, role: Consumer | Producer, kind: kindSeconds, low: 0, high: 86400, treat: warn,
		why: "the client needs no polling",
		doc: "BSPump's pause between two looks at its client.",
	},
	{
		name: "get_timeout_ms", role: Consumer, kind: kindMillis, low: 0, high: 86400000, treat: warn,
		why: "the client needs no polling",
		doc: "The same in old BSPump.",
	},
	{
		name: "consumer_threads", role: Consumer, kind: kindInt, low: 1, high: 1000, std: "1", treat: warn,
		why: "each partition has a lane of its own, whatever client reads it",
		doc: "Consumers of one BSPump source.",
	},
	{
		name: "buffer_size", aliases: []string{"event_block_size"}, role: Consumer, kind: kindInt, low: 1, high: unlimited, treat: warn,
		why: "events go on as they come, in batches of up to 256; max_in_flight_records bounds them",
		doc: "Records that a BSPump source gathers before it hands them on.",
	},
	{
		name: "buffer_timeout", aliases: []string{"event_idle_time"}, role: Consumer, kind: kindSeconds, low: 0, high: 86400, treat: warn,
		why: "events go on as they come",
		doc: "Time for which a BSPump source gathers records.",
	},
	{
		name: "sleep_on_error", role: Consumer, kind: kindSeconds, low: 0, high: 86400, treat: warn,
		why: "what can be tried again is, after retry.backoff.ms; anything else ends the pipeline",
		doc: "BSPump's pause before it makes a new consumer.",
	},
	{
		name: "sleep_on_retryable_error", role: Consumer, kind: kindSeconds, low: 0, high: 86400, treat: warn,
		why: "what can be tried again is, after retry.backoff.ms; anything else ends the pipeline",
		doc: "BSPump's pause while a topic is missing.",
	},
	{
		name: "errors_max_retry_attempts", role: Consumer, kind: kindInt, low: 0, high: unlimited, treat: warn,
		why: "what can be tried again is, after retry.backoff.ms; anything else ends the pipeline",
		doc: "How often BSPump looks for a missing topic.",
	},
	{
		name: "check_assignment_errors", role: Consumer, kind: kindSeconds, low: 0, high: 86400, treat: warn,
		why: "errors of partitions are told as they come",
		doc: "How often BSPump looks for errors of partitions.",
	},
	{
		name: "consumer_timeout_ms", role: Consumer, kind: kindMillis, treat: warn,
		why: "the client needs no polling",
		doc: "How long the client of old BSPump waits for records.",
	},
	{
		name: "api_version", role: anyRole, kind: kindText, treat: warn,
		why: "brokers are asked for what they understand",
		doc: "Version of the brokers in old BSPump.",
	},
	{
		name: "send_backoff_ms", role: Producer, kind: kindMillis, low: 0, high: 86400000, treat: warn,
		why: "retry.backoff.ms says it",
		doc: "Pause between two tries of old BSPump's sink.",
	},
}
