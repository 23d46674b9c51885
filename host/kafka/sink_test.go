package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// fakeSink opens a sink on a broker in memory with the topic out of 3
// partitions.
func fakeSink(t *testing.T, options string) (*Sink, string) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "out", "other"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	seed := c.ListenAddrs()[0]
	o, faults := resolve(t, Producer, "bootstrap_servers: '"+seed+"'", options)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	s := NewSink(SinkConfig{Options: o, Topic: "out"})
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, seed
}

// put waits for the end of a write.
func put(t *testing.T, s *Sink, events ...event.Event) error {
	t.Helper()
	done := make(chan error, 1)
	s.Write(t.Context(), events, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the write does not end")
		return nil
	}
}

// TestSinkWritesWhatTheContextSays reads back what processors may choose: topic,
// key, headers, partition, timestamp, and a null in each place where it differs
// from what is empty.
func TestSinkWritesWhatTheContextSays(t *testing.T) {
	s, seed := fakeSink(t, "linger_ms: 0, partitioner: consistent")
	at := time.UnixMilli(1700000000123)
	err := put(t, s,
		event.Event{Value: []byte("v"), Key: []byte("k"), Partition: 2, Timestamp: at.UnixMilli(), Stamped: true,
			Headers: []event.Header{{Name: "h", Value: []byte("1")}, {Name: "h", Value: nil}, {Name: "", Value: []byte{}}}},
		event.Event{Value: nil, Key: []byte("k"), Partition: 2, Timestamp: 5},
		event.Event{Value: []byte{}, Key: nil, Partition: 2, Topic: "other"},
		event.Event{Value: []byte{}, Key: []byte{}, Partition: 2},
	)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(seed), kgo.ConsumeTopics("out", "other"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	type written struct {
		Key, Value []byte
		Headers    []kgo.RecordHeader
		Timestamp  time.Time
	}
	got := map[string][]*written{}
	for n := 0; n < 4; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Partition != 2 {
				t.Errorf("%s@%d is in partition %d, want 2", r.Topic, r.Offset, r.Partition)
			}
			got[r.Topic] = append(got[r.Topic], &written{r.Key, r.Value, r.Headers, r.Timestamp})
			n++
		})
	}
	if since := time.Since(got["out"][1].Timestamp); since > time.Minute {
		t.Errorf("a record that nobody stamped is from %v", got["out"][1].Timestamp)
	}
	want := map[string][]*written{
		"out": {
			{Key: []byte("k"), Value: []byte("v"), Timestamp: at, Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}, {Key: "h"}, {Value: []byte{}}}},
			{Key: []byte("k")},
			{Key: []byte{}, Value: []byte{}},
		},
		"other": {{Value: []byte{}}},
	}
	for _, r := range got["out"][1:] {
		r.Timestamp = time.Time{}
	}
	got["other"][0].Timestamp = time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records by topic (-want +got)\n%s", diff)
	}
}

// TestSinkRefuses has writes that no wait can help. Each fails soon and says why,
// and so does what is written afterwards.
func TestSinkRefuses(t *testing.T) {
	for _, test := range []struct {
		name, options string
		event         event.Event
		words         []string
	}{
		{"a partition that is not there", "", event.Event{Partition: 3}, []string{"topic out", "partition", "fewer partitions than a processor"}},
		{"a record that is too large", "", event.Event{Partition: -1, Value: make([]byte, 1_100_000)}, []string{"topic out", "message.max.bytes"}},
		{"a topic that is not there", "allow_auto_create_topics: false", event.Event{Partition: -1, Topic: "absent"}, []string{"topic absent", "does not exist"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := fakeSink(t, test.options)
			begin := time.Now()
			err := put(t, s, test.event)
			for _, word := range test.words {
				if err == nil || !strings.Contains(err.Error(), word) {
					t.Errorf("error %v, want %q in it", err, word)
				}
			}
			if err := put(t, s, event.Event{Partition: -1}); err == nil {
				t.Error("more is written after a write that failed")
			}
			if spent := time.Since(begin); spent > 10*time.Second {
				t.Errorf("the failure took %v", spent)
			}
		})
	}
}

// TestLargeRecords holds that a small batch.size keeps no record from being
// written that message.max.bytes allows.
func TestLargeRecords(t *testing.T) {
	s, _ := fakeSink(t, "batch_size: 1024, message_max_bytes: 100000, linger_ms: 0")
	if err := put(t, s, event.Event{Partition: -1, Value: []byte(strings.Repeat("x", 90_000))}); err != nil {
		t.Error(err)
	}
}

// TestWatermarks writes more than may wait, in every codec.
func TestWatermarks(t *testing.T) {
	for _, codec := range []string{"none", "gzip, compression_level: 9", "snappy", "lz4", "zstd, compression_level: 3"} {
		t.Run(codec, func(t *testing.T) {
			s, _ := fakeSink(t, fmt.Sprintf("watermark_high: 50, watermark_low: 10, linger_ms: 1, compression_type: %s", codec))
			const writes = 40
			done := make(chan error, writes)
			events := make([]event.Event, 30)
			for i := range events {
				events[i] = event.Event{Value: []byte(strings.Repeat("value ", 20)), Partition: -1}
			}
			for range writes {
				s.Write(t.Context(), events, func(err error) { done <- err })
			}
			for range writes {
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			}
			if got := s.Produced()["out"]; got != writes*30 {
				t.Errorf("%d records, want %d", got, writes*30)
			}
		})
	}
}
