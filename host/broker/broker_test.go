package broker

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func start(t *testing.T, opts Options) *Broker {
	t.Helper()
	if opts.Listen == "" {
		opts.Listen = "127.0.0.1:0"
	}
	b, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func client(t *testing.T, b *Broker) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumeTopics("in"), kgo.UnknownTopicRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// partitions lists the topics with their number of partitions.
func partitions(t *testing.T, b *Broker) map[string]int {
	t.Helper()
	details, err := kadm.NewClient(client(t, b)).ListTopics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	for name, d := range details {
		got[name] = len(d.Partitions)
	}
	return got
}

func TestTopics(t *testing.T) {
	b := start(t, Options{Topics: []Topic{{Name: "in", Partitions: 4}, {Name: "out", Partitions: 1}}})
	if diff := cmp.Diff(map[string]int{"in": 4, "out": 1}, partitions(t, b)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

// An unknown topic stays unknown, even for a producer.
func TestNoAutoCreation(t *testing.T) {
	b := start(t, Options{})
	err := client(t, b).ProduceSync(context.Background(), &kgo.Record{Topic: "misspelt", Value: []byte("x")}).FirstErr()
	if err == nil {
		t.Error("produced to a topic that nobody made")
	}
	if got := partitions(t, b); len(got) != 0 {
		t.Errorf("topics %v, want none", got)
	}
}

func TestDataDirSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	b, err := Start(Options{Listen: "127.0.0.1:0", DataDir: dir, Topics: []Topic{{Name: "in", Partitions: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client(t, b).ProduceSync(context.Background(), &kgo.Record{Topic: "in", Value: []byte("kept")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	// The same topics again: they exist, which is no error.
	b = start(t, Options{DataDir: dir, Topics: []Topic{{Name: "in", Partitions: 2}}})
	fetches := client(t, b).PollFetches(context.Background())
	if err := fetches.Err(); err != nil {
		t.Fatal(err)
	}
	for r := range fetches.RecordsAll() {
		if string(r.Value) != "kept" {
			t.Errorf("value %q, want kept", r.Value)
		}
	}
	if n := fetches.NumRecords(); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestCloseRemovesScratch(t *testing.T) {
	b, err := Start(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.scratch); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.scratch); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("scratch directory: %v, want it gone", err)
	}
}

func TestPortTaken(t *testing.T) {
	b := start(t, Options{})
	_, err := Start(Options{Listen: b.Addr()})
	if !errors.Is(err, ErrPortTaken) {
		t.Fatalf("error %v, want ErrPortTaken", err)
	}
	if !strings.Contains(err.Error(), b.Addr()) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("error %q names no address or no remedy", err)
	}
}

func TestListenIsChecked(t *testing.T) {
	for listen, want := range map[string]string{
		"9092":            "want host:port",
		"127.0.0.1:kafka": "is not a number",
		"127.0.0.1:70000": "is not a number",
		"0.0.0.0:9092":    "name one address, such as 127.0.0.1:9092",
		"[::]:9092":       "name one address",
		":9092":           "name one address",
	} {
		if _, err := Start(Options{Listen: listen}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("listen %q: error %v, want one with %q", listen, err, want)
		}
	}
}

func TestPartitionsAreChecked(t *testing.T) {
	_, err := Start(Options{Listen: "127.0.0.1:0", Topics: []Topic{{Name: "in"}}})
	if err == nil || !strings.Contains(err.Error(), "create topic in: 0 partitions") {
		t.Errorf("error %v, want one about 0 partitions of in", err)
	}
}
