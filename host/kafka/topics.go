package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/config"
)

// Topic is a topic as the configuration wants it.
type Topic struct {
	Name string
	// Partitions and Replication of 0 or below leave the number to the broker.
	Partitions  int32
	Replication int16
	// Implied says that a source or a sink only names the topic: the numbers
	// are for making it, and it is no difference when it has others.
	Implied bool
	// Config holds topic options under Kafka's names. Folded spellings, such as
	// retention_ms, are understood.
	Config map[string]string
	Pos    config.Pos
}

// ErrTopics says that topics are missing, wrong or could not be made; the
// Report has the details.
var ErrTopics = errors.New("topics are not as configured")

const (
	// connectTimeout bounds the first answer of the cluster.
	connectTimeout = 15 * time.Second
	// topicTimeout bounds the requests about one topic.
	topicTimeout = 30 * time.Second
	// readyTimeout bounds the wait for the leaders of new topics.
	readyTimeout = 30 * time.Second
	// readyPoll is the first pause between two looks at the metadata, which no
	// broker announces; it doubles up to readyPollMax.
	readyPoll    = 20 * time.Millisecond
	readyPollMax = time.Second
)

// clientOptions is what the initializer needs of Options.
type clientOptions interface {
	ClientOpts() ([]kgo.Opt, error)
}

var _ clientOptions = (*Options)(nil)

// Initializer makes topics that are missing and reports those that are not as
// configured. It never changes or deletes an existing topic.
type Initializer struct {
	opts   clientOptions
	topics []Topic
	log    *zap.Logger
}

// NewInitializer makes an initializer that connects with opts, which have the
// role Admin. Nothing connects yet.
func NewInitializer(opts *Options, topics []Topic, log *zap.Logger) *Initializer {
	return newInitializer(opts, topics, log)
}

func newInitializer(opts clientOptions, topics []Topic, log *zap.Logger) *Initializer {
	return &Initializer{opts: opts, topics: topics, log: log}
}

// Plan compares the cluster with the configuration and touches nothing. The
// error is about the connection; what is wrong with a topic is in the report.
func (i *Initializer) Plan(ctx context.Context) (Report, error) {
	return i.run(ctx, false)
}

// Apply makes the missing topics and waits until they have leaders. A topic
// that fails does not keep the others from being made.
func (i *Initializer) Apply(ctx context.Context) (Report, error) {
	return i.run(ctx, true)
}

func (i *Initializer) run(ctx context.Context, apply bool) (Report, error) {
	report := Report{Topics: make([]TopicReport, 0, len(i.topics))}
	if len(i.topics) == 0 {
		return report, nil
	}
	client, err := i.connect(ctx)
	if err != nil {
		return Report{}, err
	}
	defer client.Close()

	s := &topicSession{admin: kadm.NewClient(client), log: i.log, first: make(map[string]config.Pos)}
	for _, t := range unique(i.topics) {
		r := s.plan(ctx, t)
		if apply && r.Status == TopicMissing {
			r = s.create(ctx, t)
		}
		report.Topics = append(report.Topics, r)
	}
	if apply {
		s.awaitReady(ctx, report.Topics)
	}
	return report, nil
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
// stay, and fail in plan.
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
		case !sameTopic(out[at], t):
			out = append(out, t)
		}
	}
	return out
}

func sameTopic(a, b Topic) bool {
	return a.Partitions == b.Partitions && a.Replication == b.Replication && maps.Equal(a.Config, b.Config)
}

// topicSession is one run over the topics.
type topicSession struct {
	admin *kadm.Client
	log   *zap.Logger
	first map[string]config.Pos // where a name was met first
}

// plan tells how the topic of the cluster differs from t.
func (s *topicSession) plan(ctx context.Context, t Topic) TopicReport {
	if pos, ok := s.first[t.Name]; ok {
		return t.failed(fmt.Sprintf("declared twice with different settings; the other is at %s", pos))
	}
	s.first[t.Name] = t.Pos
	if err := t.Check(); err != nil {
		return t.failed(err.Error())
	}
	return s.look(ctx, t)
}

// look asks the cluster about one topic.
func (s *topicSession) look(ctx context.Context, t Topic) TopicReport {
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	detail, err := s.describe(ctx, t.Name)
	if err != nil {
		return t.failed(explainTopicError(err, "").Error())
	}
	switch {
	case errors.Is(detail.Err, kerr.UnknownTopicOrPartition):
		return t.report(TopicMissing)
	case detail.Err != nil:
		return t.failed(explainTopicError(detail.Err, "").Error())
	}
	return s.compare(ctx, t, detail)
}

// describe reads the metadata of one topic, of one so that a topic without
// permission does not hide the others, and past the client's cache, which the
// wish for authorized operations does.
func (s *topicSession) describe(ctx context.Context, topic string) (kadm.TopicDetail, error) {
	details, err := s.admin.ListTopicsWithInternal(kadm.WithAuthorizedOps(ctx), topic)
	return details[topic], err
}

// compare reports an existing topic, with the numbers that it has.
func (s *topicSession) compare(ctx context.Context, t Topic, have kadm.TopicDetail) TopicReport {
	r := t.report(TopicExists)
	r.Partitions = int32(len(have.Partitions))
	r.Replication = int16(have.Partitions.NumReplicas())
	if !t.Implied && t.Partitions > 0 && t.Partitions != r.Partitions {
		r.differ("partitions", strconv.Itoa(int(r.Partitions)), strconv.Itoa(int(t.Partitions)))
	}
	if !t.Implied && t.Replication > 0 && t.Replication != r.Replication {
		r.differ("replication_factor", strconv.Itoa(int(r.Replication)), strconv.Itoa(int(t.Replication)))
	}
	if len(t.Config) == 0 {
		return r
	}
	configs, err := s.admin.DescribeTopicConfigs(ctx, t.Name)
	if err == nil && len(configs) != 1 {
		err = fmt.Errorf("the broker answered for %d topics", len(configs))
	}
	if err == nil {
		err = configs[0].Err
	}
	if err != nil {
		return t.failed("its options cannot be read: " + explainTopicError(err, "").Error())
	}
	current := make(map[string]string)
	for _, c := range configs[0].Configs {
		current[c.Key] = c.MaybeValue()
	}
	for _, name := range slices.Sorted(maps.Keys(t.Config)) {
		value, known := current[name]
		if !known {
			value = "not known to the broker"
		}
		if want := t.Config[name]; !known || !sameConfigValue(name, value, want) {
			r.differ(name, value, want)
		}
	}
	return r
}

// create makes one topic.
func (s *topicSession) create(ctx context.Context, t Topic) TopicReport {
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	configs := make(map[string]*string, len(t.Config))
	for name, value := range t.Config {
		configs[name] = &value
	}
	partitions, replication := t.Partitions, t.Replication
	if partitions <= 0 {
		partitions = -1
	}
	if replication <= 0 {
		replication = -1
	}
	resp, err := s.admin.CreateTopic(ctx, partitions, replication, configs, t.Name)
	switch {
	case errors.Is(err, kerr.TopicAlreadyExists):
		// Somebody else made it since the plan.
		return s.look(ctx, t)
	case err != nil:
		return t.failed(explainTopicError(err, resp.ErrMessage).Error())
	}
	r := t.report(TopicCreated)
	if resp.NumPartitions > 0 {
		r.Partitions, r.Replication = resp.NumPartitions, resp.ReplicationFactor
	}
	s.log.Info("topic created", zap.String("topic", t.Name),
		zap.Int32("partitions", r.Partitions), zap.Int16("replication_factor", r.Replication))
	return r
}

// awaitReady waits until every created topic has all of its leaders: before
// that a producer's first records fail. Those that get none in time fail.
func (s *topicSession) awaitReady(ctx context.Context, topics []TopicReport) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for n := range topics {
		t := &topics[n]
		if t.Status != TopicCreated {
			continue
		}
		if err := s.ready(ctx, t.Topic, t.Partitions); err != nil {
			t.Status, t.Reason = TopicFailed, "created, but not ready: "+err.Error()
		}
	}
}

// ready polls the metadata, which nothing announces, until ctx ends.
func (s *topicSession) ready(ctx context.Context, topic string, partitions int32) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	reason := errors.New("no answer in time")
	for pause := readyPoll; ; pause = min(2*pause, readyPollMax) {
		select {
		case <-ctx.Done():
			return reason
		case <-timer.C:
		}
		detail, err := s.describe(ctx, topic)
		if err == nil {
			err = leaderless(detail, partitions)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			reason = err
		}
		timer.Reset(pause)
	}
}

func leaderless(d kadm.TopicDetail, partitions int32) error {
	if d.Err != nil {
		return d.Err
	}
	if n := int32(len(d.Partitions)); n < partitions {
		return fmt.Errorf("%d of %d partitions are there", n, partitions)
	}
	for _, p := range d.Partitions.Sorted() {
		if p.Leader < 0 {
			return fmt.Errorf("partition %d has no leader", p.Partition)
		}
	}
	return nil
}
