package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// createTimeout bounds the talk with a broker in the same process.
const createTimeout = 10 * time.Second

// createTopics makes the topics over the wire, like any client: only topics
// made by a request are kept in the data directory.
func (b *Broker) createTopics(topics []Topic) error {
	if len(topics) == 0 {
		return nil
	}
	client, err := b.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
	defer cancel()
	for _, t := range topics {
		if err := client.CreateTopic(ctx, t); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return err
		}
	}
	return nil
}

// CreateTopic makes a topic that does not exist, with as many copies as the
// brokers give by themselves.
func (c *Client) CreateTopic(ctx context.Context, t Topic) error {
	if t.Partitions < 1 {
		return fmt.Errorf("broker: create topic %s: %d partitions: want 1 or more", t.Name, t.Partitions)
	}
	resp, err := c.admin.CreateTopic(ctx, t.Partitions, -1, nil, t.Name)
	if err == nil {
		err = resp.Err
	}
	if err != nil {
		return fmt.Errorf("broker: create topic %s with %d partitions: %w", t.Name, t.Partitions, err)
	}
	return nil
}

// Remove deletes topics, and a group of which at most one static member is left. What is
// not there is no error.
func (c *Client) Remove(ctx context.Context, group, member string, topics ...string) error {
	var failed []error
	// Whether it was a member still shows in what comes next.
	_, _ = c.admin.LeaveGroup(ctx, kadm.LeaveGroup(group).InstanceIDs(member))
	groups, err := c.admin.DeleteGroups(ctx, group)
	if err == nil {
		err = groups.Error()
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		failed = append(failed, fmt.Errorf("broker: delete group %s: %w", group, err))
	}
	if len(topics) == 0 {
		return errors.Join(failed...)
	}
	deleted, err := c.admin.DeleteTopics(ctx, topics...)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
		failed = append(failed, fmt.Errorf("broker: delete topics %v: %w", topics, err))
	}
	return errors.Join(failed...)
}

// Committed is what a group has committed for each partition of a topic; those
// without a commit are absent.
func (c *Client) Committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	responses, err := c.admin.FetchOffsets(ctx, group)
	if err == nil {
		err = responses.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil // nobody has joined it yet
	}
	if err != nil {
		return nil, fmt.Errorf("broker: offsets of group %s: %w", group, err)
	}
	committed := make(map[int32]int64)
	responses.Each(func(o kadm.OffsetResponse) {
		if o.Topic == topic && o.At >= 0 {
			committed[o.Partition] = o.At
		}
	})
	return committed, nil
}
