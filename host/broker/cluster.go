package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// ErrOneBroker says that there is nowhere to move a leader to.
var ErrOneBroker = errors.New("there is one broker only")

// ErrRights says that a right is missing.
var ErrRights = errors.New("not allowed")

// Brokers is how many brokers the cluster has.
func (c *Client) Brokers(ctx context.Context) (int, error) {
	brokers, err := c.admin.ListBrokers(ctx)
	if err != nil {
		return 0, fmt.Errorf("broker: list brokers: %w", err)
	}
	return len(brokers), nil
}

// MoveLeaders makes the next replica of each partition of the topics its leader. Partitions
// with one replica stay, and those whose other replicas are away.
func (c *Client) MoveLeaders(ctx context.Context, topics ...string) error {
	listed, err := c.admin.ListTopics(ctx, topics...)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return fmt.Errorf("broker: describe topics %v: %w", topics, err)
	}
	var turn kadm.AlterPartitionAssignmentsReq
	set := make(kadm.TopicsSet)
	listed.EachPartition(func(p kadm.PartitionDetail) {
		if n := len(p.Replicas); n > 1 {
			turn.Assign(p.Topic, p.Partition, append(append([]int32(nil), p.Replicas[1:]...), p.Replicas[0]))
			set.Add(p.Topic, p.Partition)
		}
	})
	if len(set) == 0 {
		return ErrOneBroker
	}
	var refused *kadm.AuthError
	if _, err := c.admin.AlterPartitionAssignments(ctx, turn); errors.As(err, &refused) {
		return fmt.Errorf("broker: turn the replicas of %v: %w: %w", topics, ErrRights, err)
	} else if err != nil {
		return fmt.Errorf("broker: turn the replicas of %v: %w", topics, err)
	}
	// Which of them had to stay is told for each; it is no error.
	if _, err := c.admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, set); err != nil {
		return fmt.Errorf("broker: elect leaders of %v: %w", topics, err)
	}
	return nil
}

// AddPartition gives a topic that has t.Partitions one more, which can be written to at once.
func (c *Client) AddPartition(ctx context.Context, t Topic) error {
	topic := t.Name
	added, err := c.admin.CreatePartitions(ctx, 1, topic)
	if err == nil {
		err = added.Error()
	}
	if err != nil {
		return fmt.Errorf("broker: add a partition to %s: %w", topic, err)
	}
	for {
		if leader, _, err := c.kgo.PartitionLeader(topic, t.Partitions); err == nil && leader >= 0 {
			return nil
		}
		c.kgo.ForceMetadataRefresh()
		select {
		case <-ctx.Done():
			return fmt.Errorf("broker: wait for partition %d of %s: %w", t.Partitions, topic, ctx.Err())
		case <-time.After(again):
		}
	}
}

// again is how often the brokers are asked for what takes them a moment.
const again = 100 * time.Millisecond

// Replace deletes a topic and makes another one of its name, which can be written
// to.
func (c *Client) Replace(ctx context.Context, t Topic) error {
	deleted, err := c.admin.DeleteTopics(ctx, t.Name)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		return fmt.Errorf("broker: delete topic %s: %w", t.Name, err)
	}
	c.kgo.PurgeTopicsFromProducing(t.Name) // whose id it keeps
	for {
		err := c.CreateTopic(ctx, t)
		if !errors.Is(err, kerr.TopicAlreadyExists) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(again):
		}
	}
}

// Members is how many members a group has, 0 while it is not in order: they
// come, go, or share anew.
func (c *Client) Members(ctx context.Context, group string) (int, error) {
	groups, err := c.admin.DescribeGroups(ctx, group)
	if err == nil {
		err = groups.Error()
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("broker: describe group %s: %w", group, err)
	}
	if groups[group].State != "Stable" {
		return 0, nil
	}
	return len(groups[group].Members), nil
}
