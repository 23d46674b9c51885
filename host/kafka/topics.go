package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/config"
)

// Topic is a topic as the configuration wants it.
type Topic struct {
	Name string
	// Partitions and Replication are what the topic has to have. 0 leaves them
	// open: a topic that is there keeps its own, a new one gets Default's.
	Partitions  int32
	Replication int16
	// Default is for making the topic where it leaves numbers open; 0 is the
	// broker's choice.
	Default TopicNumbers
	// Assignment lists the brokers of each partition, the preferred leader
	// first. It is empty where the cluster chooses.
	Assignment [][]int32
	// Config holds topic options under Kafka's names. Folded spellings, such as
	// retention_ms, are understood.
	Config map[string]string
	// Reset names the options that the topic must not set itself.
	Reset []string
	// Implied says that a source or a sink names the topic and no list does:
	// options that nobody mentions are none of our business then.
	Implied bool
	Pos     config.Pos
}

// TopicNumbers are the sizes of a new topic.
type TopicNumbers struct {
	Partitions  int32
	Replication int16
}

// TopicRules say how far the initializer may go.
type TopicRules struct {
	// AllowDestructive lets changes through that can lose records, or the place
	// of a key.
	AllowDestructive bool
	// ResetUnlisted takes back the options of listed topics that the
	// configuration does not mention.
	ResetUnlisted bool
	// KeepExisting holds every change to an existing topic back.
	KeepExisting bool
	// Progress, when set, is told before each topic which step is taken and
	// how many of its topics are through.
	Progress func(step string, done, total int)
}

var (
	// ErrTopics says that topics are missing, wrong or could not be made; the
	// Report has the details.
	ErrTopics = errors.New("topics are not as configured")
	// ErrDrift says that the cluster's topics were looked at, and are not as
	// the configuration says.
	ErrDrift = errors.New("topics differ from the configuration")
)

const (
	// connectTimeout bounds the first answer of the cluster.
	connectTimeout = 15 * time.Second
	// topicTimeout bounds the requests about one topic.
	topicTimeout = 30 * time.Second
	// readyTimeout bounds the wait for what was done to be seen.
	readyTimeout = 30 * time.Second
	// readyPoll is the first pause between two looks at the metadata, which no
	// broker announces; it doubles up to readyPollMax.
	readyPoll    = 20 * time.Millisecond
	readyPollMax = time.Second
)

// clientOptions is what the initializer needs of Options.
type clientOptions interface {
	ClientOpts() ([]kgo.Opt, error)
	principal() string
}

var _ clientOptions = (*Options)(nil)

// Initializer brings the topics of a cluster to what the configuration says.
// It deletes none and takes no partition away.
type Initializer struct {
	opts   clientOptions
	topics []Topic
	rules  TopicRules
	log    *zap.Logger
}

// NewInitializer makes an initializer that connects with opts, which have the
// role Admin. Nothing connects yet.
func NewInitializer(opts *Options, topics []Topic, rules TopicRules, log *zap.Logger) *Initializer {
	return newInitializer(opts, topics, rules, log)
}

func newInitializer(opts clientOptions, topics []Topic, rules TopicRules, log *zap.Logger) *Initializer {
	if rules.Progress == nil {
		rules.Progress = func(string, int, int) {}
	}
	return &Initializer{opts: opts, topics: unique(topics), rules: rules, log: log}
}

// Check compares the cluster with the configuration. It only reads, and needs
// no right but those to read. The error is about the connection; what is wrong
// with a topic is in the report.
func (i *Initializer) Check(ctx context.Context) (Report, error) {
	return i.connected(ctx, func(s *topicSession) Report { return s.compareAll(ctx, i.topics) })
}

// Plan is Check, and asks the brokers whether they would do what Apply will
// ask for. Nothing changes.
func (i *Initializer) Plan(ctx context.Context) (Report, error) {
	return i.connected(ctx, func(s *topicSession) Report {
		plan := s.compareAll(ctx, i.topics)
		s.each("asking the brokers", plan, func(n int) { s.request(ctx, &i.topics[n], &plan.Topics[n], true) })
		return plan
	})
}

// Apply does what the report of a Check or a Plan of this initializer has
// planned, that and no more, and waits until it is seen. A topic that fails
// does not keep the others from being brought on.
func (i *Initializer) Apply(ctx context.Context, plan Report) (Report, error) {
	if len(plan.Topics) != len(i.topics) {
		return Report{}, fmt.Errorf("topics: the plan is for %d topics, the configuration has %d", len(plan.Topics), len(i.topics))
	}
	return i.connected(ctx, func(s *topicSession) Report {
		done := plan.clone()
		s.each("changing topics", done, func(n int) { s.request(ctx, &i.topics[n], &done.Topics[n], false) })
		s.awaitReady(ctx, i.topics, done)
		return done
	})
}

func (i *Initializer) connected(ctx context.Context, do func(*topicSession) Report) (Report, error) {
	if len(i.topics) == 0 {
		return Report{Topics: []TopicReport{}}, nil
	}
	client, err := i.connect(ctx)
	if err != nil {
		return Report{}, err
	}
	defer client.Close()
	return do(&topicSession{client: client, admin: kadm.NewClient(client), rules: i.rules, log: i.log, principal: i.opts.principal()}), nil
}

// connect makes a client and asks the cluster for a first answer, so that one
// error about the connection comes instead of one for each topic.
func (i *Initializer) connect(ctx context.Context) (*kgo.Client, error) {
	opts, err := i.opts.ClientOpts()
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("topics: client options: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := firstAnswer(ctx, client); err != nil {
		client.Close()
		return nil, fmt.Errorf("topics: %w", unreachable(client, err))
	}
	return client, nil
}

// firstAnswer waits for any answer of the cluster until ctx ends. The client's
// own wait for one who takes the connection and says nothing ends only with
// socket.timeout.ms.
func firstAnswer(ctx context.Context, client *kgo.Client) error {
	answer := make(chan error, 1)
	go func() { answer <- client.Ping(ctx) }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// unique merges topics named twice: with equal settings into one, and an
// implied one into the one that says more. Two that contradict each other
// stay, and the second fails.
func unique(topics []Topic) []Topic {
	var out []Topic
	index := make(map[string]int)
	for _, t := range topics {
		t.Config = foldConfig(t.Config)
		at, seen := index[t.Name]
		switch {
		case !seen:
			index[t.Name] = len(out)
			out = append(out, t)
		case t.Implied:
		case out[at].Implied:
			out[at] = t
		case !sameTopic(&out[at], &t):
			out = append(out, t)
		}
	}
	return out
}

func sameTopic(a, b *Topic) bool {
	return a.Partitions == b.Partitions && a.Replication == b.Replication && a.Default == b.Default &&
		maps.Equal(a.Config, b.Config) && slices.Equal(a.Reset, b.Reset) &&
		slices.EqualFunc(a.Assignment, b.Assignment, slices.Equal[[]int32])
}

// topicSession is one connection's work on the topics.
type topicSession struct {
	client *kgo.Client
	admin  *kadm.Client
	rules  TopicRules
	log    *zap.Logger
	// principal is whom the brokers let do what is asked for.
	principal string
}

// each visits the topics of a report and tells of the progress. That ctx has
// ended is for the visits to see.
func (s *topicSession) each(step string, report Report, visit func(n int)) {
	for n := range report.Topics {
		s.rules.Progress(step, n, len(report.Topics))
		visit(n)
	}
	s.rules.Progress(step, len(report.Topics), len(report.Topics))
}

func (s *topicSession) compareAll(ctx context.Context, topics []Topic) Report {
	report := Report{Topics: make([]TopicReport, len(topics))}
	met := make(map[string]*Topic)
	s.each("looking at topics", report, func(n int) {
		report.Topics[n] = s.compareOne(ctx, &topics[n], met)
	})
	return report
}

// compareOne looks at a topic unless the configuration alone is wrong. met
// holds the topics before it, by a name in which '.' and '_' are one.
func (s *topicSession) compareOne(ctx context.Context, t *Topic, met map[string]*Topic) TopicReport {
	folded := strings.ReplaceAll(t.Name, ".", "_")
	other := met[folded]
	if other == nil {
		met[folded] = t
	} else if other.Name == t.Name {
		return t.failed(fmt.Sprintf("declared twice with different settings; the other is at %s", other.Pos))
	}
	if err := t.Check(); err != nil {
		return t.failed(err.Error())
	}
	if ctx.Err() != nil {
		return t.failed("not looked at: " + ctx.Err().Error())
	}
	r := s.look(ctx, t)
	if other != nil && r.Status == TopicMissing {
		return t.failed(fmt.Sprintf("collides with %q: Kafka allows no names that differ only in '.' and '_'", other.Name))
	}
	return r
}
