package host

import (
	"encoding/json"
	"maps"
	"math"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/schema"
)

// JSONSchema describes the YAML form of a configuration, for editors. It is
// draft 7 of JSON Schema.
func JSONSchema() ([]byte, error) {
	definitions := config.SchemaDefinitions()
	maps.Copy(definitions, kafka.SchemaDefinitions())
	definitions["source"] = componentSchema(kafka.Consumer)
	definitions["topic-options"] = topicOptionsSchema()
	definitions["rule"] = ruleSchema()
	definitions["on-error"] = onErrorSchema()
	definitions["limits"] = limitsSchema()
	definitions["pipeline"] = pipelineSchema()
	definitions["schema-registry"] = registrySchema()
	root := config.MapSchema(map[string]any{
		"kafka":       config.MapSchema(kafka.SchemaProperties(0)).Doc("Kafka options of all connections."),
		"connections": config.NamedSchema(plainName.String(), connectionSchema()).Doc("Clusters and how to reach them."),
		"pipelines":   config.NamedSchema(plainName.String(), config.Ref("pipeline")).Doc("What to read, what to do with it, where to write."),
		"tenants": config.AnySchema(config.Ref("text"), config.NamedSchema(plainName.String(), tenantSchema())).
			Doc("Who shares the host: a folder with a file for each, or a map."),
		"modules": modulesSchema().Doc("How modules are found, and which may be used."),
		"admin":   adminSchema().Doc("The admin API: where it is served, and to whom."),
		"topics":  topicsSchema().Doc("What the topic initializer does."),
	})
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "weir"
	root["definitions"] = definitions
	root["patternProperties"] = map[string]any{"^x-": true}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

func connectionSchema() config.Schema {
	properties := kafka.SchemaProperties(0)
	properties["schema_registry"] = config.AnySchema(config.Ref("list"), config.Ref("schema-registry")).Doc("Where the schemas of the connection's topics are: URLs, or a map.")
	return config.MapSchema(properties)
}

func pipelineSchema() config.Schema {
	sources := func() config.Schema { return config.ItemsSchema(config.Ref("source")) }
	return config.MapSchema(map[string]any{
		"source":               sources().Doc("Where to read: one source, or a list of them."),
		"sources":              sources().Doc("The same."),
		"sink":                 componentSchema(kafka.Producer).Doc("Where to write."),
		"processors":           config.ItemsSchema(processorSchema()).Doc("The chain, in order."),
		"limits":               config.Ref("limits"),
		"grant":                grantSchema(),
		"on_error":             config.Ref("on-error"),
		"circuit_breaker":      breakerSchema(),
		"provenance_header":    config.TextSchema().Doc("The header by which outputs say which modules made them: the names of the processors with the digests."),
		"ordering":             config.WordSchema(orderings()...).Doc("Whose events go through processors one after the other: those of a partition, those of a key, or of nobody.").With("default", string(pipeline.ByPartition)),
		"lanes":                config.IntSchema(1, mostLanes).Doc("How many lanes the events of a partition share, where ordering is not partition.").With("default", defaultLanes),
		"delivery":             config.WordSchema(string(AtLeastOnce), string(ExactlyOnce)).Doc("Whether outputs and offsets are committed together, in transactions.").With("default", string(AtLeastOnce)),
		"transaction_interval": config.DurationSchema(leastInterval.Milliseconds(), mostInterval.Milliseconds(), time.Millisecond).Doc("How long a transaction stays open.").With("default", defaultInterval.String()),
		"dead_letter":          config.AnySchema(config.Ref("text"), deadLetterSchema()).Doc("Where failed events go."),
	})
}

// componentSchema is a source or a sink: its options, its connection, and what
// its topics shall be like.
func componentSchema(role kafka.Role) config.Schema {
	properties := topicSettingsSchema()
	maps.Copy(properties, kafka.SchemaProperties(role))
	properties["connection"] = connectionNameSchema()
	return config.MapSchema(properties)
}

func connectionNameSchema() config.Schema {
	return config.TextSchema().Doc("The connection to use; not needed where there is one.")
}

func deadLetterSchema() config.Schema {
	properties := topicSettingsSchema()
	properties["topic"] = config.TextSchema().Doc("The topic of failed events.")
	return config.MapSchema(properties)
}

// topicSettingsSchema is what may be said of topics wherever one is named.
func topicSettingsSchema() map[string]any {
	properties := map[string]any{
		"num_partitions":     config.IntSchema(1, math.MaxInt32).Doc("Partitions of the topic when it is made."),
		"replication_factor": config.IntSchema(1, math.MaxInt16).Doc("Replicas of the topic when it is made."),
		"replica_assignment": config.AnySchema(
			config.Ref("text"),
			config.Schema{"type": "array", "items": config.Schema{"type": "array", "items": config.Schema{"type": "integer", "minimum": 0}}},
		).Doc("The brokers of each partition when the topic is made: [[1, 2], [2, 3]] or 1:2,2:3."),
		"config":        config.Ref("topic-options"),
		"topic_configs": config.Ref("topic-options"),
	}
	for name, option := range topicOptionProperties() {
		if name != "compression.type" && name != "compression_type" { // the producer's
			properties[name] = option
		}
	}
	return properties
}

func topicOptionProperties() map[string]any {
	out := map[string]any{}
	for _, name := range kafka.TopicOptionNames() {
		for _, spelling := range config.Spellings(name) {
			out[spelling] = config.Ref("list")
		}
	}
	return out
}

// topicOptionsSchema leaves room for the options of other makers of brokers.
func topicOptionsSchema() config.Schema {
	return config.MapSchema(topicOptionProperties()).With("additionalProperties", config.Ref("list")).Doc("Options of the topic.")
}

func topicsSchema() config.Schema {
	list := config.AnySchema(config.Ref("text"), listedTopicSchema())
	return config.MapSchema(map[string]any{
		"on_start":                   config.WordSchema(string(CreateTopics), string(CheckTopics), string(LeaveTopics)).Doc("Whether to make missing topics before pipelines start, only to check, or to leave them."),
		"num_partitions_default":     config.IntSchema(1, math.MaxInt32).Doc("Partitions of topics that do not say.").With("default", 1),
		"replication_factor_default": config.IntSchema(1, math.MaxInt16).Doc("Replicas of topics that do not say.").With("default", 1),
		"list":                       config.ItemsSchema(list).Doc("Topics: NAME, NAME:PARTITIONS:REPLICATION, or a map."),
		"topics":                     config.ListSchema().Doc("Topics in the historic form, NAME or NAME:PARTITIONS:REPLICATION."),
		"num_partitions":             config.IntSchema(1, math.MaxInt32).Doc("Partitions of those under topics."),
		"replication_factor":         config.IntSchema(1, math.MaxInt16).Doc("Replicas of those under topics."),
		"file":                       config.TextSchema().Doc("A file with a list of topics."),
		"topics_file":                config.TextSchema().Doc("The same."),
		"connection":                 connectionNameSchema(),
		"client_id":                  config.TextSchema().Doc("How the initializer presents itself.").With("default", "weir-topic-initializer"),
	})
}

func listedTopicSchema() config.Schema {
	properties := topicSettingsSchema()
	maps.Copy(properties, map[string]any{
		"topic":      config.TextSchema().Doc("The name."),
		"name":       config.TextSchema().Doc("The same."),
		"connection": connectionNameSchema(),
	})
	return config.MapSchema(properties)
}

func processorSchema() config.Schema {
	common := func(of map[string]any) config.Schema {
		of["name"] = config.TextSchema().Doc("How metrics, logs and dead letters call the processor.")
		of["on_error"] = config.Ref("on-error")
		return config.MapSchema(of)
	}
	return config.AnySchema(
		common(map[string]any{
			"module":      config.Schema{"type": "string"}.Doc("A WebAssembly file, builtin:NAME, oci://HOST/NAME:TAG or https://HOST/PATH."),
			"digest":      config.TextSchema().Doc("The sha256 that the module must have, as weir inspect prints it."),
			"config":      config.Schema{}.Doc("What the module is configured with."),
			"config_file": config.TextSchema().Doc("A YAML or JSON file with more of it; config beats its keys."),
			"capture": config.MapSchema(map[string]any{
				"dir":    config.TextSchema().Doc("A folder for batches in which the module failed. It is made for its owner alone."),
				"max":    config.Schema{"type": "integer", "minimum": 1, "maximum": maxCapture}.Doc("How many are kept; the oldest go first.").With("default", defaultCapture),
				"redact": config.BoolSchema().Doc("Takes what the events hold out of what is kept.").With("default", false),
			}).With("required", []string{"dir"}),
			"limits": config.Ref("limits"),
			"grant":  grantSchema(),
			"shadow": shadowSchema(),
		}).With("required", []string{"module"}),
		common(map[string]any{"key_filter": config.AnySchema(config.Ref("list"), keyFilterSchema())}).With("required", []string{"key_filter"}),
		common(map[string]any{"schema": config.AnySchema(config.WordSchema(string(schema.Decode), string(schema.Encode)), schemaStepSchema())}).With("required", []string{"schema"}),
	)
}

func keyFilterSchema() config.Schema {
	return config.MapSchema(map[string]any{
		"keys":       config.ListSchema().Doc("Keys that pass: text, hex:00ff or base64:AP8=."),
		"keys_file":  config.TextSchema().Doc("A file with a key in each line. It is read again when it changes."),
		"prefix":     config.ListSchema().Doc("Keys that begin so pass."),
		"glob":       config.ListSchema().Doc("Keys that match pass: * is any text, ? any letter."),
		"regex":      config.ListSchema().Doc("Keys in which the regular expression (RE2) is found pass."),
		"sample":     config.TextSchema().Doc("The share of keys that pass, such as 10%."),
		"exclude":    config.BoolSchema().Doc("Whether the keys are those that do not pass.").With("default", false),
		"on_missing": config.WordSchema(string(kafka.DropMissing), string(kafka.PassMissing), string(kafka.FailMissing)).Doc("What to do with an event without a key.").With("default", string(kafka.DropMissing)),
	})
}

func schemaStepSchema() config.Schema {
	common := func(of map[string]any) config.Schema {
		of["of"] = config.WordSchema(string(schema.Value), string(schema.Key)).Doc("The part of the record.").With("default", string(schema.Value))
		of["on_missing"] = config.WordSchema(string(schema.FailMissing), string(schema.PassMissing), string(schema.DropMissing)).
			Doc("What to do with an event without a schema id.").With("default", string(schema.FailMissing))
		of["schema_registry"] = config.AnySchema(config.Ref("list"), config.Ref("schema-registry")).Doc("The step's own registry.")
		return config.MapSchema(of)
	}
	return config.MapSchema(map[string]any{
		"decode": common(map[string]any{
			"mode":        config.WordSchema(string(schema.JSON), string(schema.Strip), string(schema.Keep)).Doc("Make JSON, only take the id off, or only note it.").With("default", string(schema.JSON)),
			"avro_unions": config.WordSchema(string(schema.AutoUnions), string(schema.PlainUnions), string(schema.TaggedUnions)).Doc("How values of Avro's unions look in JSON.").With("default", string(schema.AutoUnions)),
		}).Doc("Take the schema's id off the payload."),
		"encode": common(map[string]any{
			"mode":    config.WordSchema(string(schema.JSON), string(schema.Apply)).Doc("Encode JSON, or only put the id on.").With("default", string(schema.JSON)),
			"id":      config.IntSchema(1, math.MaxInt32).Doc("The schema, by its id."),
			"subject": config.TextSchema().Doc("The schema, by its subject."),
			"version": config.AnySchema(config.WordSchema("latest"), config.IntSchema(1, math.MaxInt32)).Doc("The version of the subject.").With("default", "latest"),
			"message": config.TextSchema().Doc("The full name of the Protobuf message."),
		}).Doc("Put a schema's id on the payload."),
	})
}

func registrySchema() config.Schema {
	within := func() config.Schema { return config.DurationSchema(0, 0, time.Second) }
	properties := map[string]any{
		"url":             config.ListSchema().Doc("URLs, asked in turn when one does not answer."),
		"urls":            config.ListSchema().Doc("The same."),
		"username":        config.TextSchema().Doc("The user."),
		"password":        config.TextSchema().Doc("The password.").With("x-secret", true),
		"request_timeout": within().Doc("Time for one request."),
		"give_up_after":   within().Doc("How long a registry that does not answer is waited for."),
		"latest_for":      within().Doc("How long the newest version of a subject is taken for that."),
		"cache_size":      config.IntSchema(1, 1_000_000).Doc("How many schemas are kept."),
	}
	for doc, names := range map[string][]string{
		"PEM file of the authorities to trust.":   {"ssl_cafile", "ssl_ca_location"},
		"PEM file of the client's certificate.":   {"ssl_certfile", "ssl_certificate_location"},
		"PEM file of the key of the certificate.": {"ssl_keyfile", "ssl_key_location"},
	} {
		for _, name := range names {
			for _, spelling := range config.Spellings(name) {
				properties[spelling] = config.TextSchema().Doc(doc)
			}
		}
	}
	return config.MapSchema(properties)
}
