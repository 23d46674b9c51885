package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/event"
)

// TestReader reads up to the end: over the marks of transactions, without what
// was aborted, and one record alone.
func TestReader(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "t", "empty"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	seed := c.ListenAddrs()[0]
	produce(t, seed, "first", "")
	transact(t, seed, kgo.TryAbort, "aborted")
	transact(t, seed, kgo.TryCommit, "second")

	o, faults := resolve(t, Admin, "bootstrap_servers: '"+seed+"'", "")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(o, zap.NewNop())
	read := func(topic string, from Start) []string {
		t.Helper()
		var got []string
		err := r.Read(t.Context(), topic, from, func(e *event.Event) error {
			got = append(got, fmt.Sprintf("%s/%d@%d %s", e.From.Topic, e.From.Number, e.Offset, e.Value))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		return got
	}
	// Offsets 2 and 4 are marks.
	if diff := cmp.Diff([]string{"t/0@0 first", "t/0@3 second"}, read("t", Start{word: "earliest"})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"t/0@3 second"}, read("t", Start{word: "offset", offset: 1})); diff != "" {
		t.Errorf("from offset 1 (-want +got)\n%s", diff)
	}
	if got := read("empty", Start{word: "earliest"}); got != nil {
		t.Errorf("empty topic: %v", got)
	}

	for offset, want := range map[int64]string{0: "first", 1: "", 2: "", 3: "second", 4: "", 9: ""} {
		e, err := r.ReadOne(t.Context(), "t", 0, offset)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if e != nil {
			got = string(e.Value)
		}
		if got != want {
			t.Errorf("offset %d: %q, want %q", offset, got, want)
		}
	}

	stop := errors.New("enough")
	if err := r.Read(t.Context(), "t", Start{word: "earliest"}, func(*event.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a visit that ends the reading: %v", err)
	}
	if err := r.Read(t.Context(), "missing", Start{word: "earliest"}, nil); err == nil || !strings.Contains(err.Error(), "topic missing does not exist") {
		t.Errorf("missing topic: %v", err)
	}
	if got, err := r.Committed(t.Context(), "nobody", "t"); err != nil || len(got) != 0 {
		t.Errorf("offsets of a group that is not there: %v, %v", got, err)
	}
}

// produce writes values to partition 0 of the topic t; with an id in a
// transaction, that the caller ends.
func produce(t *testing.T, seed, value, transaction string, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	opts := append([]kgo.Opt{kgo.SeedBrokers(seed), kgo.RecordPartitioner(kgo.ManualPartitioner())}, more...)
	if transaction != "" {
		opts = append(opts, kgo.TransactionalID(transaction))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if transaction != "" {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte(value)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return client
}

func transact(t *testing.T, seed string, end kgo.TransactionEndTry, value string) {
	t.Helper()
	if err := produce(t, seed, value, "reader").EndTransaction(context.Background(), end); err != nil {
		t.Fatal(err)
	}
}
