package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// clientRows are the options that every client has, but for security.
var clientRows = []row{
	{
		name: "bootstrap.servers", aliases: []string{"metadata.broker.list"}, role: anyRole, kind: kindList,
		maps: "SeedBrokers", opts: seedOpts,
		doc: "Brokers to ask first, as host or host:port (9092).",
	},
	{
		name: "client.id", role: anyRole, kind: kindText, std: "rdkafka",
		maps: "ClientID", opts: func(o *Options) ([]kgo.Opt, error) {
			return []kgo.Opt{kgo.ClientID(o.String("client.id"))}, nil
		},
		doc: "Name by which brokers log and limit the client. The default is made of the names of the pipeline and its end.",
	},
	{
		name: "kafka.options", aliases: []string{"options"}, role: anyRole, kind: kindEnum, words: []string{"lenient", "strict"}, def: "lenient", treat: emulate,
		maps: "the check of the configuration",
		doc:  "Whether a warning about an option of the client is an error (strict).",
	},
	{
		name: "socket.connection.setup.timeout.ms", role: anyRole, kind: kindMillis, low: 1000, high: unlimited, def: "10000", std: "30000",
		maps: "DialTimeout", opts: dialOpts,
		doc: "Time to connect, TLS included.",
	},
	{
		name: "socket.send.buffer.bytes", role: anyRole, kind: kindBytes, low: 0, high: 100000000, def: "0", treat: emulate,
		maps: "Dialer",
		doc:  "Size of the buffer in which the system keeps what is to be sent. 0 leaves it to the system.",
	},
	{
		name: "socket.receive.buffer.bytes", role: anyRole, kind: kindBytes, low: 0, high: 100000000, def: "0", treat: emulate,
		maps: "Dialer",
		doc:  "Size of the buffer in which the system keeps what has arrived. 0 leaves it to the system.",
	},
	{
		name: "socket.keepalive.enable", role: anyRole, kind: kindBool, def: "true", std: "false", treat: emulate,
		maps: "Dialer",
		doc:  "Whether the system looks after connections on which nothing is said.",
	},
	{
		name: "socket.nagle.disable", role: anyRole, kind: kindBool, def: "true", treat: emulate,
		maps: "Dialer",
		doc:  "Whether small packets are sent at once.",
	},
	{
		name: "broker.address.family", role: anyRole, kind: kindEnum, words: []string{"any", "v4", "v6"}, def: "any", treat: emulate,
		maps: "Dialer",
		doc:  "Which addresses of a broker to use.",
	},
	{
		name: "socket.timeout.ms", role: anyRole, kind: kindMillis, low: 10, high: 300000, floor: 100, def: "60000",
		maps: "RequestTimeoutOverhead", opts: durationOpt("socket.timeout.ms", kgo.RequestTimeoutOverhead),
		doc: "Time for an answer of a broker, beyond what the request itself may take.",
	},
	{
		name: "receive.message.max.bytes", role: anyRole, kind: kindBytes, low: 1000, high: unlimited, floor: 1024, ceiling: clientLimit, def: "100000000",
		maps: "BrokerMaxReadBytes", opts: readOpts,
		doc: "Largest answer that is believed. For a source it is at least fetch.max.bytes.",
	},
	{
		name: "connections.max.idle.ms", role: anyRole, kind: kindMillis, low: 0, high: unlimited, floor: 100, ceiling: 900000, def: "540000", std: "0",
		maps: "ConnIdleTimeout", opts: durationOpt("connections.max.idle.ms", kgo.ConnIdleTimeout),
		doc: "Time after which an unused connection is closed. 0, never, becomes 15 minutes.",
	},
	{
		name: "topic.metadata.refresh.interval.ms", role: anyRole, kind: kindMillis, low: -1, high: 3600000, ceiling: 3600000, def: "300000",
		maps: "MetadataMaxAge", opts: metadataOpts,
		doc: "How often to look for new partitions and leaders. -1, never, becomes an hour.",
	},
	{
		name: "metadata.max.age.ms", role: anyRole, kind: kindMillis, low: 1, high: 86400000, ceiling: 3600000, std: "900000", maps: "MetadataMaxAge",
		doc: "The same; counts where topic.metadata.refresh.interval.ms is not given.",
	},
	{
		name: "topic.metadata.refresh.fast.interval.ms", role: anyRole, kind: kindMillis, low: 1, high: 60000, floor: 10, def: "250", std: "100", maps: "MetadataMinAge",
		doc: "Shortest pause between two looks while a leader is missing.",
	},
	{
		name: "metadata.recovery.strategy", role: anyRole, kind: kindEnum, words: []string{"rebootstrap", "none"}, def: "rebootstrap", treat: emulate,
		moot: map[string]string{"none": "the client always goes back to the brokers of bootstrap.servers"},
		maps: "the client",
		doc:  "What to do when no known broker answers: ask those of bootstrap.servers again.",
	},
	{
		name: "reconnect.backoff.ms", role: anyRole, kind: kindMillis, low: 0, high: 3600000, def: "100",
		maps: "RetryBackoffFn", opts: backoffOpts,
		doc: "First pause before another try to connect; doubles each time.",
	},
	{
		name: "reconnect.backoff.max.ms", role: anyRole, kind: kindMillis, low: 0, high: 3600000, def: "2000", std: "10000", maps: "RetryBackoffFn",
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
		name: "api.version.request", role: anyRole, kind: kindBool, def: "true",
		maps: "MaxVersions", opts: versionOpts,
		doc: "Whether to ask brokers which requests they understand. false takes broker.version.fallback for granted.",
	},
	{
		name: "broker.version.fallback", role: anyRole, kind: kindText, def: "0.10.0",
		maps: "MaxVersions",
		doc:  "Version that brokers are taken for where api.version.request is false.",
	},
	{
		name: "client.software.name", role: anyRole, kind: kindText, def: "weir", std: "librdkafka",
		maps: "SoftwareNameAndVersion", opts: softwareOpts,
		doc: "Name of the program in the brokers' metrics.",
	},
	{
		name: "client.software.version", role: anyRole, kind: kindText,
		maps: "SoftwareNameAndVersion",
		doc:  "Its version there. The default is that of weir.",
	},
	{
		name: "builtin.features", role: anyRole, kind: kindFlags, words: featureNames,
		std: "gzip,snappy,ssl,sasl,regex,lz4,sasl_gssapi,sasl_plain,sasl_scram,plugins,zstd,sasl_oauthbearer,http,oidc", treat: emulate,
		maps: "the check of the configuration", opts: featureOpts,
		doc: "Features that must be there: one that is not, such as plugins, is an error.",
	},
	{
		name: "debug", role: Consumer | Producer, kind: kindFlags, words: debugContexts,
		maps: "WithLogger",
		doc:  "Lets everything that the client tells into weir's log, whichever words are given. See also --log-level.",
	},
	{
		name: "log_level", role: Consumer | Producer, kind: kindInt, low: 0, high: 7, def: "4", std: "6",
		maps: "WithLogger",
		doc:  "What the client may tell in weir's log: 7 everything, 6 and 5 what it does, 4 warnings, less only errors. See also --log-level.",
	},
	{
		name: "enable.metrics.push", role: anyRole, kind: kindBool, def: "false", std: "true",
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
	{
		name: "allow.auto.create.topics", role: Consumer | Producer, kind: kindBool, def: "true", sourceDef: "false", std: "false",
		maps: "AllowAutoTopicCreation", opts: func(o *Options) ([]kgo.Opt, error) {
			if !o.Bool("allow.auto.create.topics") {
				return nil, nil
			}
			return []kgo.Opt{kgo.AllowAutoTopicCreation()}, nil
		},
		doc: "Whether asking for a missing topic makes it, if the brokers agree. On in sinks, off in sources.",
	},
}

// featureNames are the features that librdkafka knows of.
var featureNames = []string{
	"gzip", "snappy", "lz4", "zstd", "regex", "ssl", "sasl", "sasl_plain", "sasl_scram", "sasl_oauthbearer", "sasl_gssapi", "oidc", "http", "plugins",
}

// debugContexts are what librdkafka can tell about; the client makes no such
// difference.
var debugContexts = []string{
	"generic", "broker", "topic", "metadata", "feature", "queue", "msg", "protocol", "cgrp", "security", "fetch", "interceptor",
	"plugin", "consumer", "admin", "eos", "mock", "assignor", "conf", "telemetry", "all",
}
