package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLeadersMoveUnderAReader wants a reader to see each record once.
func TestLeadersMoveUnderAReader(t *testing.T) {
	b := start(t, Options{Brokers: 3})
	c, err := Dial([]string{b.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if n, err := c.Brokers(ctx); err != nil || n != 3 {
		t.Fatalf("%d brokers, %v", n, err)
	}
	if err := c.CreateTopic(ctx, Topic{Name: "a", Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	leaders := func() [2]int32 { return [2]int32{b.cluster.LeaderFor("a", 0), b.cluster.LeaderFor("a", 1)} }
	seen, followed := make(chan string, 1000), make(chan error, 1)
	following, stop := context.WithCancel(ctx)
	go func() { followed <- c.Follow(following, []string{"a"}, func(r *Record) { seen <- string(r.Value) }) }()
	for i := range 20 {
		if i%5 == 4 {
			was := leaders()
			if err := c.MoveLeaders(ctx, "a"); err != nil {
				t.Fatal(err)
			}
			if is := leaders(); is == was {
				t.Errorf("the leaders stay at %v", is)
			}
		}
		if err := c.Produce(ctx, Record{Topic: "a", Partition: int32(i % 2), Value: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-seen:
			if got != fmt.Sprint(i) {
				t.Errorf("saw %s, want %d", got, i)
			}
		case err := <-followed:
			t.Fatal(err)
		case <-ctx.Done():
			t.Fatalf("record %d did not come", i)
		}
	}
	stop()
	if err := <-followed; err != nil {
		t.Error(err)
	}
}

// TestTopicsGrowAndAreReplaced wants what changes to be written to at once.
func TestTopicsGrowAndAreReplaced(t *testing.T) {
	b := start(t, Options{Topics: []Topic{{"a", 1}}})
	c, err := Dial([]string{b.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	write := func(partition int32) {
		t.Helper()
		if err := c.Produce(ctx, Record{Topic: "a", Partition: partition, Value: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	if err := c.AddPartition(ctx, Topic{"a", 1}); err != nil {
		t.Fatal(err)
	}
	write(1)
	if err := c.Replace(ctx, Topic{"a", 2}); err != nil {
		t.Fatal(err)
	}
	write(0)
	ends, err := c.Ends(ctx, []string{"a"})
	if diff := cmp.Diff(map[Partition]int64{{"a", 0}: 1}, ends); err != nil || diff != "" {
		t.Errorf("%v, ends (-want +got):\n%s", err, diff)
	}
	if err := c.MoveLeaders(ctx, "a"); !errors.Is(err, ErrOneBroker) {
		t.Errorf("moving leaders on one broker: %v, want %v", err, ErrOneBroker)
	}
	if n, err := c.Members(ctx, "nobody"); err != nil || n != 0 {
		t.Errorf("%d members, %v", n, err)
	}
}
