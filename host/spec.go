package host

import (
	"encoding/json"
	"time"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/capture"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/deadletter"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/schema"
	"github.com/weirhq/weir/host/tap"
	"github.com/weirhq/weir/plugins"
)

// Spec is a configuration that was checked: everything in it can be built.
type Spec struct {
	// Admin is where the admin API is served and to whom; nil is nowhere.
	Admin *api.Config
	// Redact is what nobody sees of events by the admin API; nil is nothing.
	Redact      *tap.Redaction
	Topics      TopicsSpec
	Connections map[string]*ConnectionSpec
	Modules     ModulesSpec
	// Pipelines stand in the order of the files.
	Pipelines []*PipelineSpec
	// Tenants are those of the configuration, also in that order.
	Tenants []*TenantSpec
}

// ConnectionSpec is a cluster and how to reach it.
type ConnectionSpec struct {
	Name string
	// Options are those of an administrative client, such as the topic
	// initializer's.
	Options *kafka.Options
	// Registry has the schemas of its topics; nil where there is none.
	Registry *schema.RegistryConfig
	Pos      config.Pos
}

// TopicsSpec is what the topic initializer has to do.
type TopicsSpec struct {
	OnStart OnStart
	// ByConnection lists the topics of each connection in the order of the
	// files: those of topics.list, of the topics file, and those that sources,
	// sinks and dead letters name.
	ByConnection map[string][]kafka.Topic
}

// OnStart says what happens to topics before pipelines start.
type OnStart string

// The ways to start.
const (
	// CreateTopics makes what is missing.
	CreateTopics OnStart = "create"
	// CheckTopics stops when topics are missing or differ.
	CheckTopics OnStart = "check"
	// LeaveTopics does not look.
	LeaveTopics OnStart = "off"
)

// PipelineSpec is one pipeline.
type PipelineSpec struct {
	Name string
	// Sources are at least one.
	Sources []SourceSpec
	Steps   []StepSpec
	Sink    SinkSpec
	// OnError is the policy for failures outside of steps and the default of
	// the steps' own.
	OnError pipeline.Rules
	// Breaker bounds the share of events that may fail.
	Breaker pipeline.Breaker
	// DeadLetterTopic is set wherever a policy needs it.
	DeadLetterTopic string
	Delivery        Delivery
	// Provenance is the header by which outputs say which modules made them; ""
	// is none.
	Provenance string
	// Ordering says how the events of a partition share its Lanes.
	Ordering pipeline.Ordering
	Lanes    int
	// TransactionInterval is how long a transaction stays open when delivery is
	// exactly once.
	TransactionInterval time.Duration
	// Redrive, when set, makes the pipeline one that reads its dead letters.
	Redrive *deadletter.Redrive
	// Replay, when set, makes it one that reads a past range beside the pipeline.
	Replay *Replay
	Pos    config.Pos

	// letters resolves the options to read the dead letters with as a group.
	letters func(group string) (SourceSpec, config.Faults)
}

// SourceSpec is where a pipeline reads.
type SourceSpec struct {
	Connection string
	// Topics are names or, with Regex, regular expressions, all of them.
	Topics  []string
	Regex   bool
	Options *kafka.Options
	// Path is the source's place in the configuration, Pos the one in its file.
	Path string
	Pos  config.Pos
}

// SinkSpec is where a pipeline writes.
type SinkSpec struct {
	Connection string
	// Topic is empty when a processor has to choose one for every event.
	Topic   string
	Options *kafka.Options
	Pos     config.Pos
}

// StepSpec is one processor; exactly one of Module, KeyFilter and Schema is set.
type StepSpec struct {
	Name string
	// Module is a reference as package store takes it; a path in it is absolute.
	Module string
	Config json.RawMessage
	// Limits are those of the module\'s instances, all set.
	Limits plugin.Limits
	// ConfigNode is Config with its places, nil when there is none.
	ConfigNode *config.Node
	OnError    pipeline.Rules
	KeyFilter  *kafka.KeyFilterConfig
	// Capture is where batches go in which the module failed; Dir is "" without.
	Capture capture.Config
	// Shadow is the candidate that runs beside the module; nil without one.
	Shadow *ShadowSpec
	// Schema has its registry set.
	Schema *schema.Config
	// Path is the step's place in the configuration, Pos the one in its file.
	Path string
	Pos  config.Pos
}

// LoadSpec reads a configuration and checks all of it, which connects nowhere.
// The Spec is nil when the faults have errors.
func LoadSpec(load config.Load) (*Spec, config.Faults) {
	return loadSpec(load, plugins.Names())
}
