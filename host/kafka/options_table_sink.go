package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// sinkRows are the options of sinks.
var sinkRows = []row{
	{
		name: "acks", aliases: []string{"request.required.acks"}, role: Producer, kind: kindEnum, words: []string{"all", "1", "0"}, synonyms: map[string]string{"-1": "all"}, def: "all",
		maps: "RequiredAcks, DisableIdempotentWrite", opts: acksOpts,
		doc: "Whose word counts for delivered: all in-sync replicas, the leader (1), or nobody (0). Less than all can lose events that were committed.",
	},
	{
		name: "enable.idempotence", aliases: []string{"enable_idempotency"}, role: Producer, kind: kindBool, std: "false", maps: "DisableIdempotentWrite",
		doc: "Keeps order and writes once over retries. On unless acks is less than all.",
	},
	{
		name: "enable.gapless.guarantee", role: Producer, kind: kindBool, def: "false",
		maps: "StopProducerOnDataLossDetected", opts: flagOpt("enable.gapless.guarantee", true, kgo.StopProducerOnDataLossDetected),
		doc: "Whether the sink gives up for good when brokers have lost records that they had acknowledged.",
	},
	{
		name: "max.in.flight.requests.per.connection", aliases: []string{"max.in.flight"}, role: Producer, kind: kindInt, low: 1, high: 1000000, std: "1000000", maps: "MaxProduceRequestsInflightPerBroker",
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
		name: "compression.type", aliases: []string{"compression.codec"}, role: Producer, kind: kindEnum, words: []string{"none", "gzip", "snappy", "lz4", "zstd"}, synonyms: map[string]string{"inherit": ""}, def: "none",
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
		name: "sticky.partitioning.linger.ms", role: Producer, kind: kindMillis, low: 0, high: 900000, def: "10", treat: emulate,
		maps: "RecordPartitioner",
		doc:  "Records without a key stay on one partition for a batch; 0 draws a partition for each.",
	},
	{
		name: "queue.buffering.max.messages", role: Producer, kind: kindInt, low: 0, high: unlimited, def: "50000", std: "100000",
		maps: "MaxBufferedRecords", opts: bufferOpts,
		doc: "Most records that wait in the sink. When it is full the pipeline waits. 0 is no limit.",
	},
	{
		name: "queue.buffering.max.kbytes", role: Producer, kind: kindKBytes, low: 1, high: unlimited, def: "65536", std: "1048576", maps: "MaxBufferedBytes",
		doc: "Most KiB that wait in the sink.",
	},
	{
		name: "watermark.high", aliases: []string{"output_queue_max_size"}, role: Producer, kind: kindInt, low: 1, high: unlimited, treat: emulate, maps: "MaxBufferedRecords",
		doc: "Most records that wait in the sink; the lower of this and queue.buffering.max.messages counts.",
	},
	{
		name: "watermark.low", role: Producer, kind: kindInt, low: 0, high: unlimited, treat: emulate, maps: "the sink's gate",
		doc: "How many records still wait when a pipeline goes on that watermark.high, or else queue.buffering.max.messages, has held. Without it the pipeline goes on as soon as there is room.",
	},
	{
		name: "encoding", role: Producer, kind: kindEnum, words: []string{"utf-8"}, synonyms: map[string]string{"utf8": "utf-8"}, own: true, treat: emulate,
		maps: "values as they are",
		doc:  "How text becomes bytes. The values of events are bytes already, UTF-8 where they are text, and are written as they are; weir knows no other encoding.",
	},
	{
		name: "request.timeout.ms", role: Producer, kind: kindMillis, low: 1, high: 900000, floor: 100, def: "30000",
		maps: "ProduceRequestTimeout", opts: durationOpt("request.timeout.ms", kgo.ProduceRequestTimeout),
		doc: "Time that a broker has to collect the acknowledgements of its replicas.",
	},
	{
		name: "message.timeout.ms", aliases: []string{"delivery.timeout.ms"}, role: Producer, kind: kindMillis, low: 0, high: unlimited, floor: 1000, def: "0", std: "300000",
		maps: "RecordDeliveryTimeout", opts: durationOpt("message.timeout.ms", kgo.RecordDeliveryTimeout),
		doc: "Time after which an undelivered record fails, and the pipeline with it. 0 is never: the pipeline waits for the brokers.",
	},
	{
		name: "retries", aliases: []string{"message.send.max.retries"}, role: Producer, kind: kindInt, low: 0, high: unlimited, def: "2147483647",
		maps: "RecordRetries", opts: retryOpts,
		doc: "Tries after which a record fails, and the pipeline with it. The default is no limit.",
	},
	{
		name: "topic.metadata.propagation.max.ms", role: Producer, kind: kindMillis, low: 0, high: 3600000, std: "30000", treat: emulate,
		maps: "UnknownTopicRetries", opts: propagationOpts,
		doc: "Time for which a topic may be missing before what is written to it fails. Without it the sink looks four times.",
	},
	{
		name: "transactional.id", role: Producer, kind: kindText, own: true,
		maps: "TransactionalID", opts: textOpt("transactional.id", kgo.TransactionalID),
		doc: "With delivery: exactly_once, by what the brokers know the pipeline's producer again. One value a process that runs the pipeline, the same at each start. The default is weir-GROUP-PIPELINE-HOST.",
	},
	{
		name: "transaction.timeout.ms", role: Producer, kind: kindMillis, low: 1000, high: unlimited, def: "60000",
		maps: "TransactionTimeout", opts: durationOpt("transaction.timeout.ms", kgo.TransactionTimeout),
		doc: "With delivery: exactly_once, after how long the brokers abort a transaction that nobody ends, at most their transaction.max.timeout.ms. Until then readers wait for one that a dead process left open.",
	},
	{
		name: "allow_loop", role: Producer, kind: kindBool, own: true, def: "false", treat: emulate, maps: "the check of the configuration",
		doc: "Lets a sink write to a topic that the source of its pipeline reads.",
	},
}
