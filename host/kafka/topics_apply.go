package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
)

// request makes a missing topic or the planned changes of one; dry only asks
// the brokers whether they would. Some, such as the development broker, take
// anything.
func (s *topicSession) request(ctx context.Context, t *Topic, r *TopicReport, dry bool) {
	if r.Status != TopicMissing && r.Status != TopicChange {
		return
	}
	if err := ctx.Err(); err != nil {
		r.fail("not reached: " + err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, topicTimeout)
	defer cancel()
	if r.Status == TopicMissing {
		s.create(ctx, t, r, dry)
		return
	}
	planned := r.changes(ChangePlanned)
	var options []*Change
	for _, c := range planned {
		if c.Setting == settingPartitions {
			s.end(r, []*Change{c}, s.grow(ctx, t, r, c, dry), dry)
		} else {
			options = append(options, c)
		}
	}
	if len(options) > 0 {
		s.end(r, options, s.alter(ctx, t.Name, options, dry), dry)
	}
	r.settle()
}

// end writes down what became of changes that one request made.
func (s *topicSession) end(r *TopicReport, changes []*Change, err error, dry bool) {
	for _, c := range changes {
		switch {
		case err != nil:
			c.State, c.Reason = ChangeFailed, err.Error()
		case !dry:
			c.State = ChangeDone
			s.log.Info("topic changed", zap.String("topic", r.Topic), zap.String("setting", c.Setting),
				zap.String("had", c.Have), zap.String("has", c.Want))
		}
	}
}

// create makes one topic. One that somebody else made since the plan is
// compared again.
func (s *topicSession) create(ctx context.Context, t *Topic, r *TopicReport, dry bool) {
	resp, err := s.createRequest(ctx, t, dry)
	if errors.Is(err, kerr.TopicAlreadyExists) && !dry {
		connection := r.Connection
		*r = s.look(ctx, t)
		r.Connection = connection
		for _, c := range r.changes(ChangePlanned) {
			c.State, c.Reason = ChangeHeld, "the topic was made by another since the plan; plan again"
		}
		r.settle()
		return
	}
	if err != nil {
		r.fail(s.explain(err, t.Name, "CREATE").Error())
		return
	}
	if resp.NumPartitions > 0 && resp.ReplicationFactor > 0 {
		r.Partitions, r.Replication = resp.NumPartitions, resp.ReplicationFactor
	}
	if dry {
		return
	}
	r.Status = TopicCreated
	for _, c := range r.changes(ChangePlanned) {
		c.State = ChangeDone
	}
	s.log.Info("topic created", zap.String("topic", t.Name),
		zap.Int32("partitions", r.Partitions), zap.Int16("replication_factor", r.Replication))
}

// createRequest has an assignment, which the admin client's own call has not.
func (s *topicSession) createRequest(ctx context.Context, t *Topic, dry bool) (resp kmsg.CreateTopicsResponseTopic, err error) {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = t.Name, -1, -1
	if n := t.report(TopicMissing); len(t.Assignment) == 0 {
		topic.NumPartitions, topic.ReplicationFactor = orBroker(n.Partitions), orBroker(n.Replication)
	}
	for partition, brokers := range t.Assignment {
		a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		a.Partition, a.Replicas = int32(partition), brokers
		topic.ReplicaAssignment = append(topic.ReplicaAssignment, a)
	}
	for name, value := range t.Config {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = name, &value
		topic.Configs = append(topic.Configs, c)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics, req.ValidateOnly, req.TimeoutMillis = []kmsg.CreateTopicsRequestTopic{topic}, dry, milliseconds(ctx)
	answer, err := req.RequestWith(ctx, s.client)
	if err != nil {
		return resp, err
	}
	if len(answer.Topics) != 1 {
		return resp, fmt.Errorf("the broker answered for %d topics", len(answer.Topics))
	}
	resp = answer.Topics[0]
	return resp, refusal(resp.ErrorCode, resp.ErrorMessage)
}

// orBroker is the protocol's word for the broker's choice where n is 0.
func orBroker[T int16 | int32](n T) T {
	if n <= 0 {
		return -1
	}
	return n
}

// grow adds partitions, on the brokers that the configuration names.
func (s *topicSession) grow(ctx context.Context, t *Topic, r *TopicReport, c *Change, dry bool) error {
	count, err := strconv.ParseInt(c.Want, 10, 32)
	if err != nil {
		return fmt.Errorf("partitions: %w", err)
	}
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = t.Name, int32(count)
	for i := int(r.Partitions); i < len(t.Assignment); i++ {
		a := kmsg.NewCreatePartitionsRequestTopicAssignment()
		a.Replicas = t.Assignment[i]
		topic.Assignment = append(topic.Assignment, a)
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics, req.ValidateOnly, req.TimeoutMillis = []kmsg.CreatePartitionsRequestTopic{topic}, dry, milliseconds(ctx)
	answer, err := req.RequestWith(ctx, s.client)
	if err == nil && len(answer.Topics) != 1 {
		err = fmt.Errorf("the broker answered for %d topics", len(answer.Topics))
	}
	if err == nil {
		err = refusal(answer.Topics[0].ErrorCode, answer.Topics[0].ErrorMessage)
	}
	if err != nil {
		return s.explain(err, topic.Topic, "ALTER")
	}
	if !dry {
		r.Partitions = topic.Count
	}
	return nil
}

// alter sets and resets options, those and no others.
func (s *topicSession) alter(ctx context.Context, topic string, changes []*Change, dry bool) error {
	configs := make([]kadm.AlterConfig, len(changes))
	for i, c := range changes {
		configs[i] = kadm.AlterConfig{Op: kadm.SetConfig, Name: c.Setting, Value: &c.Want}
		if c.Reset {
			configs[i] = kadm.AlterConfig{Op: kadm.DeleteConfig, Name: c.Setting}
		}
	}
	do := s.admin.AlterTopicConfigs
	if dry {
		do = s.admin.ValidateAlterTopicConfigs
	}
	answers, err := do(ctx, configs, topic)
	switch {
	case err != nil:
		return s.explain(err, topic, "ALTER_CONFIGS")
	case len(answers) != 1:
		return fmt.Errorf("the broker answered for %d topics", len(answers))
	case answers[0].Err != nil:
		return s.explain(brokerError{answers[0].Err, answers[0].ErrMessage}, topic, "ALTER_CONFIGS")
	}
	return nil
}

// brokerError is a refusal with what the broker says about it.
type brokerError struct {
	error
	message string
}

func (e brokerError) Unwrap() error { return e.error }

func refusal(code int16, message *string) error {
	err := kerr.ErrorForCode(code)
	if err == nil || message == nil {
		return err
	}
	return brokerError{err, *message}
}

// milliseconds is how long the brokers may take.
func milliseconds(ctx context.Context) int32 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return int32(topicTimeout.Milliseconds())
	}
	return int32(max(time.Until(deadline), time.Second).Milliseconds())
}

// awaitReady waits until what was done is seen: all partitions of made and
// grown topics have their leaders, before which a producer's first records
// fail, and altered options are told. What is not seen in time fails.
func (s *topicSession) awaitReady(ctx context.Context, topics []Topic, report Report) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	s.each("waiting for topics", report, func(n int) {
		r := &report.Topics[n]
		if len(r.changes(ChangeDone)) == 0 && r.Status != TopicCreated {
			return
		}
		if err := s.ready(ctx, &topics[n], r); err != nil {
			r.fail("done, but not ready: " + err.Error())
		}
	})
}

// ready polls the metadata, which nothing announces, until ctx ends.
func (s *topicSession) ready(ctx context.Context, t *Topic, r *TopicReport) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	reason := errors.New("no answer in time")
	for pause := readyPoll; ; pause = min(2*pause, readyPollMax) {
		select {
		case <-ctx.Done():
			return reason
		case <-timer.C:
		}
		err := s.seen(ctx, t, r)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			reason = err
		}
		timer.Reset(pause)
	}
}

// seen says what of the done work a broker does not tell of yet.
func (s *topicSession) seen(ctx context.Context, t *Topic, r *TopicReport) error {
	detail, err := s.describe(ctx, t.Name)
	if err == nil {
		err = leaderless(detail, r.Partitions)
	}
	if err != nil || r.Status == TopicCreated {
		return err
	}
	var current map[string]kadm.Config
	for _, c := range r.changes(ChangeDone) {
		if c.Setting == settingPartitions {
			continue
		}
		if current == nil {
			if current, err = s.options(ctx, t.Name); err != nil {
				return err
			}
		}
		now := current[c.Setting]
		if c.Reset && own(now) || !c.Reset && !sameConfigValue(c.Setting, now.MaybeValue(), c.Want) {
			return fmt.Errorf("%s is still %q", c.Setting, now.MaybeValue())
		}
	}
	return nil
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
