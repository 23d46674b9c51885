package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// partitions is how many the input and each output topic have.
const partitions = 4

// fill writes count keyed JSON orders of exactly size bytes to a topic, the
// same ones at each call. Their weights run from 0 to 20, so that the topic
// selector sends about half each way.
func fill(ctx context.Context, brokers, topic string, count int64, size int) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers),
		kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(50_000),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	random := rand.New(rand.NewPCG(1, 1))
	var failed atomic.Pointer[error]
	for i := range count {
		customer := fmt.Appendf(nil, "customer-%05d", random.IntN(50_000))
		record := &kgo.Record{Key: customer, Value: order(i, customer, random, size)}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}
	if err := failed.Load(); err != nil {
		return fmt.Errorf("fill %s: %w", topic, *err)
	}
	return nil
}

func order(number int64, customer []byte, random *rand.Rand, size int) []byte {
	value := make([]byte, 0, size)
	value = fmt.Appendf(value, `{"order":%d,"customer":"%s","weight":%d,"currency":"EUR","note":"`,
		number, customer, random.IntN(21))
	for len(value) < size-2 {
		value = append(value, byte('a'+random.IntN(26)))
	}
	return append(value, `"}`...)
}
