package kafka

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// TestSinkCheckAgreesWithTheClient writes events around the bound: whatever the
// client would refuse is failed before, and nothing that is smaller than the bound
// by more than what the versions of the protocol differ in.
func TestSinkCheckAgreesWithTheClient(t *testing.T) {
	for _, options := range []string{
		"message_max_bytes: 1000, batch_size: 1000, linger_ms: 0",
		"message_max_bytes: 1000, batch_size: 3000, linger_ms: 0",
		"message_max_bytes: 3000, batch_size: 3000, queue_buffering_max_kbytes: 1, linger_ms: 0",
	} {
		t.Run(options, func(t *testing.T) {
			s, _ := fakeSink(t, options)
			refused := 0
			for _, e := range around(min(s.sizes.batch, s.sizes.buffer+120)) {
				failure := s.Check("out", &e)
				err := put(t, s, e)
				s.broken.Store(nil) // the next one is another try
				near := batchOverhead+wireSize(&e) <= s.sizes.batch+versions
				if failure == nil && err != nil || failure != nil && err == nil && !near {
					t.Errorf("key %d, value %d, %d headers: check says %v, the client %v", len(e.Key), len(e.Value), len(e.Headers), failure, err)
				}
				if err != nil && !errors.Is(err, kerr.MessageTooLarge) {
					t.Fatal(err)
				}
				if failure != nil {
					refused++
				}
			}
			if refused == 0 {
				t.Error("nothing was refused")
			}
		})
	}
}

// versions is how much smaller a batch is to new brokers than to old ones.
const versions = 3

// around gives events whose records are about as large as the bound.
func around(bound int) []event.Event {
	var events []event.Event
	for _, key := range []int{0, 1, 63, 64, 200} {
		for _, headers := range []int{0, 1, 5} {
			for value := bound - 330; value < bound+20; value += 7 {
				e := event.Event{Partition: event.AnyPartition, Value: make([]byte, value-key-20*headers)}
				if key > 0 {
					e.Key = make([]byte, key)
				}
				for i := range headers {
					e.Headers = append(e.Headers, event.Header{Name: fmt.Sprint("name", i), Value: make([]byte, 12)})
				}
				events = append(events, e)
			}
		}
	}
	return events
}

func TestSinkCheckPartition(t *testing.T) {
	s, seed := fakeSink(t, "linger_ms: 0")
	check := func(topic string, number int32) string {
		f := s.Check(topic, &event.Event{Partition: number})
		if f == nil {
			return ""
		}
		if f.Class != event.BadPartition {
			t.Errorf("class %s", f.Class)
		}
		return f.Message
	}
	for _, good := range []int32{0, 2, 1, event.AnyPartition} {
		if got := check("out", good); got != "" {
			t.Errorf("partition %d: %s", good, got)
		}
	}
	if got := check("out", 3); !strings.Contains(got, "kafka_partition is 3, and topic out has the partitions 0 to 2") {
		t.Errorf("partition 3: %q", got)
	}
	if got := check("missing", 3); got != "" {
		t.Errorf("a topic that is not there is the writer's to tell, not %q", got)
	}

	client, err := kgo.NewClient(kgo.SeedBrokers(seed))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreatePartitions(t.Context(), 2, "out"); err != nil {
		t.Fatal(err)
	}
	s.partitions.asked["out"] = s.partitions.asked["out"].Add(-2 * lookAgain)
	if got := check("out", 4); got != "" {
		t.Errorf("partition 4, once it is there: %s", got)
	}
}
