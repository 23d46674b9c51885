package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
)

// fatalFetch tells whether a partition or group will never be read again by
// this client. What the client retries by itself never gets here, except
// between two group sessions.
func fatalFetch(err error) bool {
	var loss *kgo.ErrDataLoss
	if errors.As(err, &loss) {
		return false // told once; reading goes on at the reset point
	}
	var session *kgo.ErrGroupSession
	if errors.As(err, &session) {
		return fatalGroup(session.Err)
	}
	return !kerr.IsRetriable(err)
}

// recreatedTopic tells whether a topic is another one of the same name by now.
func recreatedTopic(err error) bool {
	return errors.Is(err, kerr.UnknownTopicID) || errors.Is(err, kerr.InconsistentTopicID)
}

// fatalGroup tells whether joining again can never help.
func fatalGroup(err error) bool {
	for _, permanent := range []error{
		kerr.InconsistentGroupProtocol,
		kerr.GroupAuthorizationFailed,
		kerr.TopicAuthorizationFailed,
		kerr.ClusterAuthorizationFailed,
		kerr.InvalidSessionTimeout,
		kerr.InvalidGroupID,
		kerr.FencedInstanceID,
		kerr.UnsupportedVersion,
		kerr.UnsupportedAssignor,
	} {
		if errors.Is(err, permanent) {
			return true
		}
	}
	return false
}

// describeFetch says what a reading error means for the user and how to mend
// it.
func describeFetch(o *Options, topic string, number int32, err error) error {
	group := o.String("group.id")
	remedy := setupRemedy(err)
	switch {
	case errors.Is(err, kerr.InconsistentGroupProtocol):
		remedy = "other members of the group use another assignment protocol: set partition.assignment.strategy to range,roundrobin until the last of them is gone, or choose another group_id"
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ on group %s to %s", group, o.principal())
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		remedy = fmt.Sprintf("grant READ and DESCRIBE on topic %s to %s", topic, o.principal())
	case errors.Is(err, kerr.FencedInstanceID):
		remedy = "another member uses the same group.instance.id: give each its own"
	case recreatedTopic(err):
		remedy = "the topic was deleted and created again: set on_topic_recreated to earliest or latest to go on by itself, or restart the pipeline: the offsets start over"
	case errors.Is(err, kerr.OffsetOutOfRange):
		remedy = "the committed offset is gone from the log: set auto_offset_reset to earliest or latest, or reset the group's offset"
	case unreadable(err):
		remedy = unreadableRemedy
	}
	var session *kgo.ErrGroupSession
	if errors.As(err, &session) {
		return withRemedy(fmt.Errorf("consumer group %s: %w", group, session.Err), remedy)
	}
	return withRemedy(fmt.Errorf("topic %s partition %d: %w", topic, number, err), remedy)
}

// describeProduce says what a failed write means and how to mend it.
func describeProduce(o *Options, topic string, err error) error {
	remedy := setupRemedy(err)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		remedy = "the topic does not exist and the brokers do not create it: create it (weir topics apply), or mend the name"
	case errors.Is(err, kerr.InvalidTopicException):
		remedy = "a topic name has at most 249 of the characters a-z A-Z 0-9 . _ -"
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		remedy = fmt.Sprintf("grant WRITE and DESCRIBE on topic %s to %s", topic, o.principal())
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		remedy = fmt.Sprintf("grant WRITE on topic %s to %s, and for brokers before 2.8 IDEMPOTENT_WRITE on the cluster too, or set enable.idempotence to false", topic, o.principal())
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		remedy = "raise message.max.bytes of the sink and max.message.bytes of the topic, or let a processor drop or shorten the event"
	case strings.Contains(err.Error(), "invalid record partitioning choice"): // the client has no name for it
		remedy = "the topic has fewer partitions than a processor that sets kafka_partition believes"
	}
	return withRemedy(fmt.Errorf("sink: topic %s: %w", topic, err), remedy)
}

func withRemedy(err error, remedy string) error {
	if remedy == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, remedy)
}

// committed reports what the client's own commits met.
func (r *session) committed(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			r.cfg.Log.Warn("commit failed; it is tried again", zap.Error(err))
		}
		return
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				r.cfg.Log.Warn("commit refused; what it covered may be read again",
					zap.String("topic", t.Topic), zap.Int32("partition", p.Partition), zap.Error(err))
			}
		}
	}
}
