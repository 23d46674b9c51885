package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// createTimeout bounds the talk with a broker in the same process.
const createTimeout = 10 * time.Second

// createTopics makes the topics over the wire, like any client: only topics
// made by a request are kept in the data directory.
func (b *Broker) createTopics(topics []Topic) error {
	if len(topics) == 0 {
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.ClientID("weir-broker"))
	if err != nil {
		return fmt.Errorf("broker: create topics: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
	defer cancel()

	admin := kadm.NewClient(client)
	for _, t := range topics {
		if t.Partitions < 1 {
			return fmt.Errorf("broker: create topic %s: %d partitions: want 1 or more", t.Name, t.Partitions)
		}
		resp, err := admin.CreateTopic(ctx, t.Partitions, 1, nil, t.Name)
		if err == nil {
			err = resp.Err
		}
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("broker: create topic %s with %d partitions: %w", t.Name, t.Partitions, err)
		}
	}
	return nil
}
