package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestResetOfGroup(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(2, "in-1"), kfake.SeedTopics(1, "in-2", "other"))
	seed := c.ListenAddrs()[0]
	client, err := kgo.NewClient(kgo.SeedBrokers(seed), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	at := time.UnixMilli(1700000000000)
	for i := range 10 {
		r := &kgo.Record{Topic: "in-1", Partition: 1, Value: []byte("v"), Timestamp: at.Add(time.Duration(i) * time.Second)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	o, faults := resolve(t, Consumer, "bootstrap_servers: '"+seed+"'", "group_id: g")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	s := NewSource(SourceConfig{Options: o, Topics: []string{"^in-"}, Regex: true})
	for _, test := range []struct{ to, want string }{
		{"latest", "in-1/0@0 in-1/1@10 in-2/0@0"},
		{"earliest", "in-1/0@0 in-1/1@0 in-2/0@0"},
		{"7", "in-1/0@0 in-1/1@7 in-2/0@0"},
		{at.Add(4 * time.Second).UTC().Format(time.RFC3339), "in-1/0@0 in-1/1@4 in-2/0@0"},
	} {
		to, err := ParseStart(test.to)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Reset(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		committed, err := kadm.NewClient(client).FetchOffsets(t.Context(), "g")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range committed.Sorted() {
			got = append(got, fmt.Sprintf("%s/%d@%d", c.Topic, c.Partition, c.At))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: committed (-want +got)\n%s", test.to, diff)
		}
	}

	member, err := kgo.NewClient(kgo.SeedBrokers(seed), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("in-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer member.Close()
	if r := member.PollFetches(t.Context()); r.Err() != nil { // it has joined
		t.Fatal(r.Err())
	}
	if err := s.Reset(t.Context(), Start{word: "latest"}); err == nil || !strings.Contains(err.Error(), "group g: it has 1 members") {
		t.Errorf("the reset of a group with a member gives %v", err)
	}
}

// TestResetOfChosenPartitions leaves the offsets of other partitions alone.
func TestResetOfChosenPartitions(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(3, "in"))
	o, faults := resolve(t, Consumer, "bootstrap_servers: '"+c.ListenAddrs()[0]+"'", "group_id: g, topic: in, partitions: 1-2")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	if err := NewSource(SourceConfig{Options: o, Topics: []string{"in"}}).Reset(t.Context(), Start{word: "latest"}); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	committed, err := kadm.NewClient(client).FetchOffsets(t.Context(), "g")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range committed.Sorted() {
		got = append(got, fmt.Sprintf("%s/%d@%d", c.Topic, c.Partition, c.At))
	}
	if diff := cmp.Diff("in/1@0 in/2@0", strings.Join(got, " ")); diff != "" {
		t.Errorf("committed (-want +got)\n%s", diff)
	}
}
