package kafka

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestBoundsLeaveOut has a bounded run wait for what its regular expressions
// match, but for what is left out.
func TestBoundsLeaveOut(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "in-a", "in-b", "in-log", "out"))
	o, faults := resolve(t, Consumer, "bootstrap_servers: seed", "topic: ^in-, topic_blacklist: -log$")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := newBounds(SourceConfig{Options: o, Topics: []string{"^in-"}, Regex: true}, Start{})
	got, err := b.topics(t.Context(), kadm.NewClient(client))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"in-a", "in-b"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
