package broker

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testClient(t *testing.T, b *Broker) *Client {
	t.Helper()
	c, err := b.Client()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// values is what the topics hold, a list a topic.
func values(t *testing.T, c *Client, topics ...string) map[string][]string {
	t.Helper()
	got := make(map[string][]string)
	err := c.Read(context.Background(), topics, func(r *Record) {
		got[r.Topic] = append(got[r.Topic], string(r.Value))
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReadReturnsWhatWasProduced(t *testing.T) {
	b := start(t, Options{Topics: []Topic{{"a", 1}, {"b", 3}, {"empty", 2}}})
	c := testClient(t, b)
	if got := values(t, c, "a", "b", "empty"); len(got) != 0 {
		t.Errorf("empty topics hold %v", got)
	}
	var records []Record
	want := map[string][]string{}
	for i := range 100 {
		value := fmt.Sprint(i)
		want["a"] = append(want["a"], value)
		records = append(records, Record{Topic: "a", Value: []byte(value)})
	}
	records = append(records, Record{Topic: "b", Value: []byte("x"), Key: []byte("k"), Headers: []Header{{"h", []byte("1")}, {"h", []byte("2")}}})
	want["b"] = []string{"x"}
	if err := c.Produce(context.Background(), records...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, values(t, c, "a", "b", "empty")); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	err := c.Read(context.Background(), []string{"b"}, func(r *Record) {
		if string(r.Key) != "k" || string(r.Header("h")) != "1" || r.Header("none") != nil {
			t.Errorf("record %+v, want key k and the first header h", r)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFollowSeesWhatComes(t *testing.T) {
	b := start(t, Options{Topics: []Topic{{"a", 1}}})
	c := testClient(t, b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan string)
	followed := make(chan error, 1)
	go func() {
		followed <- c.Follow(ctx, []string{"a"}, func(r *Record) { seen <- string(r.Value) })
	}()
	for _, value := range []string{"first", "second"} {
		if err := c.Produce(ctx, Record{Topic: "a", Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
		if got := <-seen; got != value {
			t.Errorf("followed %q, want %q", got, value)
		}
	}
	cancel()
	if err := <-followed; err != nil {
		t.Errorf("follow ended with %v, want nil", err)
	}
}

func TestClientErrors(t *testing.T) {
	c := testClient(t, start(t, Options{}))
	if err := c.Produce(context.Background(), Record{Topic: "none"}); err == nil {
		t.Error("produced to a topic that nobody made")
	}
	if err := c.Read(context.Background(), []string{"none"}, func(*Record) {}); err == nil {
		t.Error("read a topic that nobody made")
	}
}
