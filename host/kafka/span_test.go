package kafka

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// taker is an intake whose lanes end what they are fed at once.
type taker struct {
	mu   sync.Mutex
	seen []string
}

func (*taker) Ready() {}

func (in *taker) Open(_ context.Context, p *event.Partition, offsets event.Offsets) event.Lane {
	return &takingLane{in, p, offsets}
}

func (*taker) Drain(context.Context, []event.Lane) error { return nil }

type takingLane struct {
	in      *taker
	from    *event.Partition
	offsets event.Offsets
}

func (l *takingLane) Feed(r event.Records) {
	events := make([]event.Event, r.Len())
	size := r.Fill(events, 0, 0)
	l.in.mu.Lock()
	for i := range events {
		l.in.seen = append(l.in.seen, fmt.Sprintf("%d@%d", l.from.Number, events[i].Offset))
	}
	l.in.mu.Unlock()
	next, epoch := r.After(r.Len())
	l.offsets.End(l.offsets.Begin(next, epoch, len(events), size))
}

// spanTime is later than the mark of a transaction's end, which has the time of
// its writing.
var spanTime = time.Now().Add(10 * time.Minute).Truncate(time.Second)

// spanCluster has a topic of two partitions. Partition 0 holds records at 0 to 2
// and 6 to 9, a second after each other: at 3 and 4 a transaction was aborted.
// Partition 1 holds two records, of the time of 8 and 9.
func spanCluster(t *testing.T) (*kfake.Cluster, *kgo.Client) {
	t.Helper()
	c := fakeCluster(t, kfake.SeedTopics(2, "in"))
	open := func(opts ...kgo.Opt) *kgo.Client {
		client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		return client
	}
	client := open()
	write := func(client *kgo.Client, partition int32, second int) {
		t.Helper()
		r := &kgo.Record{Topic: "in", Partition: partition, Value: []byte("v"), Timestamp: spanTime.Add(time.Duration(second) * time.Second)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		write(client, 0, i)
	}
	aborter := open(kgo.TransactionalID("aborter"))
	if err := aborter.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	write(aborter, 0, 3)
	write(aborter, 0, 4)
	if err := aborter.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		write(client, 0, 6+i)
	}
	write(client, 1, 8)
	write(client, 1, 9)
	return c, client
}

// TestSpans plans ranges and then reads them: what is read, and what the group
// has then, are what was planned.
func TestSpans(t *testing.T) {
	second := func(n int) string { return spanTime.Add(time.Duration(n) * time.Second).UTC().Format(time.RFC3339) }
	for _, test := range []struct {
		name, from, to string
		committed      int64 // of partition 0; negative is nothing
		spans          string
		read           string
		after          string
	}{
		{"all", "earliest", "latest", -1, "0:0-10 1:0-2", "0@0 0@1 0@2 0@6 0@7 0@8 0@9 1@0 1@1", "0@10 1@2"},
		{"no end said", "earliest", "", -1, "0:0-10 1:0-2", "0@0 0@1 0@2 0@6 0@7 0@8 0@9 1@0 1@1", "0@10 1@2"},
		{"offsets", "1", "7", -1, "0:1-7 1:1-2", "0@1 0@2 0@6 1@1", "0@7 1@2"},
		{"an end that is no record", "2", "4", -1, "0:2-4 1:2-2", "0@2", "0@4"},
		{"no record at all", "3", "5", -1, "0:3-5 1:2-2", "", "0@5"},
		{"times", second(1), second(9), -1, "0:1-9 1:0-1", "0@1 0@2 0@6 0@7 0@8 1@0", "0@9 1@1"},
		{"ends before it begins", "8", "2", -1, "0:8-2 1:2-2", "", ""},
		{"nothing", "latest", "latest", -1, "0:10-10 1:2-2", "", ""},
		{"goes on", "earliest", "8", 2, "0:2-8+ 1:0-2", "0@2 0@6 0@7 1@0 1@1", "0@8 1@2"},
		{"never back", "earliest", "1", 8, "0:8-1+ 1:0-1", "1@0", "0@8 1@1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, client := spanCluster(t)
			admin := kadm.NewClient(client)
			if test.committed >= 0 {
				offsets := kadm.Offsets{}
				offsets.AddOffset("in", 0, test.committed, -1)
				if err := admin.CommitAllOffsets(t.Context(), "g", offsets); err != nil {
					t.Fatal(err)
				}
			}
			s := boundedSource(t, c, test.from, test.to)
			spans, err := s.Spans(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var planned []string
			for _, span := range spans {
				text := fmt.Sprintf("%d:%d-%d", span.Number, span.From, span.To)
				if span.Resumed {
					text += "+"
				}
				planned = append(planned, text)
			}
			if diff := cmp.Diff(test.spans, strings.Join(planned, " ")); diff != "" {
				t.Errorf("spans (-want +got)\n%s", diff)
			}
			in := &taker{}
			if err := s.Run(t.Context(), nil, in); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.read, inOrder(in.seen)); diff != "" {
				t.Errorf("read (-want +got)\n%s", diff)
			}
			committed, err := admin.FetchOffsets(t.Context(), "g")
			if err != nil {
				t.Fatal(err)
			}
			var after []string
			for _, o := range committed.Sorted() {
				after = append(after, fmt.Sprintf("%d@%d", o.Partition, o.At))
			}
			if diff := cmp.Diff(test.after, strings.Join(after, " ")); diff != "" {
				t.Errorf("committed (-want +got)\n%s", diff)
			}
		})
	}
}

func boundedSource(t *testing.T, c *kfake.Cluster, from, to string) *Source {
	t.Helper()
	o, faults := resolve(t, Consumer, "bootstrap_servers: '"+c.ListenAddrs()[0]+"'", "group_id: g")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	begin, err := ParseStart(from)
	if err != nil {
		t.Fatal(err)
	}
	end, err := ParseStart(to)
	if err != nil {
		t.Fatal(err)
	}
	return NewSource(SourceConfig{Options: o, Topics: []string{"in"}, From: begin, To: end, ExitAtEnd: true})
}

// inOrder sorts what came of several partitions by them, and leaves the order
// of each.
func inOrder(seen []string) string {
	var all []string
	for _, partition := range []string{"0@", "1@"} {
		for _, s := range seen {
			if strings.HasPrefix(s, partition) {
				all = append(all, s)
			}
		}
	}
	return strings.Join(all, " ")
}

// TestSpansOfMissingTopic says so at once: nothing is waited for.
func TestSpansOfMissingTopic(t *testing.T) {
	c := fakeCluster(t)
	_, err := boundedSource(t, c, "earliest", "").Spans(t.Context())
	if err == nil || !strings.Contains(err.Error(), "topic in does not exist") {
		t.Errorf("a topic that is not there gives %v", err)
	}
}

// TestAtEnd moves the position of a partition over what is no record before its
// end, and never back.
func TestAtEnd(t *testing.T) {
	client, err := kgo.NewClient(kgo.SeedBrokers("localhost:1")) // which nobody asks
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, test := range []struct {
		name             string
		from, begin, end int64
		last, want       tracker.Position
	}{
		{"holes behind records", 2, 0, 9, tracker.Position{Next: 4, Epoch: 3}, tracker.Position{Next: 9, Epoch: 3}},
		{"holes only", 2, 0, 9, tracker.Position{}, tracker.Position{Next: 9, Epoch: -1}},
		{"holes only, the group has nothing", -1, 2, 9, tracker.Position{}, tracker.Position{Next: 9, Epoch: -1}},
		{"the last record", 2, 0, 9, tracker.Position{Next: 9, Epoch: 3}, tracker.Position{Next: 9, Epoch: 3}},
		{"the group is behind the end", 12, 0, 9, tracker.Position{}, tracker.Position{}},
		{"it begins behind the end", -1, 12, 9, tracker.Position{}, tracker.Position{}},
	} {
		r := &session{client: client}
		p := &partition{name: &event.Partition{Topic: "in"}, begin: test.begin, end: test.end}
		polled := &polled{last: test.last}
		r.atEnd(p, test.from, polled)
		if diff := cmp.Diff(test.want, polled.last); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
		paused := client.PauseFetchPartitions(nil)
		if !p.ended || len(paused["in"]) != 1 {
			t.Errorf("%s: ended %v, paused %v", test.name, p.ended, paused)
		}
		client.ResumeFetchPartitions(paused)
	}
}
