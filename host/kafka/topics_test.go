package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host/config"
)

// seeds are client options with nothing but addresses.
type seeds []string

func (s seeds) ClientOpts() ([]kgo.Opt, error) { return []kgo.Opt{kgo.SeedBrokers(s...)}, nil }

func fakeCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func initializer(c *kfake.Cluster, topics ...Topic) *Initializer {
	return newInitializer(seeds(c.ListenAddrs()), topics, zap.NewNop())
}

func at(line int) config.Pos { return config.Pos{File: "weir.yaml", Line: line, Col: 7} }

// names lists the topics of the cluster.
func names(t *testing.T, c *kfake.Cluster) []string {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return details.Names()
}

func run(t *testing.T, do func(context.Context) (Report, error)) Report {
	t.Helper()
	r, err := do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlanTouchesNothing(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "there"))
	got := run(t, initializer(c,
		Topic{Name: "there", Partitions: 1, Replication: 1},
		Topic{Name: "missing", Partitions: 4, Replication: 1, Pos: at(3)},
	).Plan)
	want := Report{Topics: []TopicReport{
		{Topic: "there", Status: TopicExists, Partitions: 1, Replication: 1},
		{Topic: "missing", Status: TopicMissing, Partitions: 4, Replication: 1, Pos: "weir.yaml:3:7"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"there"}, names(t, c)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

// Every outcome in one run: the topics that fail hide none of the others.
func TestApply(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(2, "grown", "named"))
	topics := []Topic{
		{Name: "bad name", Partitions: 1, Replication: 1, Pos: at(1)},
		{Name: "replicated", Partitions: 1, Replication: 3},
		{Name: "grown", Partitions: 4, Replication: 1},
		{Name: "named", Partitions: 9, Replication: 9, Implied: true},
		{Name: "made", Partitions: 3, Replication: 1, Config: map[string]string{"retention_ms": "1000"}},
		{Name: "defaults"},
	}
	got := run(t, initializer(c, topics...).Apply)
	want := Report{Topics: []TopicReport{
		{Topic: "bad name", Status: TopicFailed, Partitions: 1, Replication: 1, Pos: "weir.yaml:1:7",
			Reason: `topic name "bad name": ' ' is not allowed; use letters a-z A-Z, digits, '.', '_' and '-'`},
		{Topic: "replicated", Status: TopicFailed, Partitions: 1, Replication: 3,
			Reason: "the cluster has too few brokers for this replication_factor"},
		{Topic: "grown", Status: TopicDiffers, Partitions: 2, Replication: 1,
			Differences: []Difference{{Setting: "partitions", Have: "2", Want: "4"}}},
		{Topic: "named", Status: TopicExists, Partitions: 2, Replication: 1},
		{Topic: "made", Status: TopicCreated, Partitions: 3, Replication: 1},
		{Topic: "defaults", Status: TopicCreated, Partitions: 10, Replication: 1},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}

	// Again: what was created now exists, as configured.
	again := run(t, initializer(c, topics...).Apply)
	want.Topics[4].Status = TopicExists
	want.Topics[5].Status = TopicExists
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("second report (-want +got):\n%s", diff)
	}
}

// Options are compared by what they mean.
func TestPlanComparesOptions(t *testing.T) {
	c := fakeCluster(t)
	made := Topic{Name: "t", Partitions: 1, Replication: 1, Config: map[string]string{
		"cleanup.policy": "compact,delete", "retention.ms": "1000", "max.message.bytes": "2000",
	}}
	run(t, initializer(c, made).Apply)

	made.Config = map[string]string{"CLEANUP_POLICY": "delete, compact", "retention.ms": "01000", "max.message.bytes": "3000", "flush.ms": "5"}
	got := run(t, initializer(c, made).Plan)
	want := []Difference{
		{Setting: "flush.ms", Have: "not known to the broker", Want: "5"},
		{Setting: "max.message.bytes", Have: "2000", Want: "3000"},
	}
	if diff := cmp.Diff(want, got.Topics[0].Differences); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got.Topics[0].Status != TopicDiffers {
		t.Errorf("status %s, want differs", got.Topics[0].Status)
	}
}

func TestTopicsNamedTwice(t *testing.T) {
	c := fakeCluster(t)
	got := run(t, initializer(c,
		Topic{Name: "same", Partitions: 2, Replication: 1},
		Topic{Name: "same", Partitions: 2, Replication: 1},
		Topic{Name: "implied", Partitions: 1, Replication: 1, Implied: true},
		Topic{Name: "implied", Partitions: 5, Replication: 1},
		Topic{Name: "implied", Partitions: 1, Replication: 1, Implied: true},
		Topic{Name: "torn", Partitions: 1, Replication: 1, Pos: at(7)},
		Topic{Name: "torn", Partitions: 2, Replication: 1, Pos: at(8)},
	).Plan)
	want := Report{Topics: []TopicReport{
		{Topic: "same", Status: TopicMissing, Partitions: 2, Replication: 1},
		{Topic: "implied", Status: TopicMissing, Partitions: 5, Replication: 1},
		{Topic: "torn", Status: TopicMissing, Partitions: 1, Replication: 1, Pos: "weir.yaml:7:7"},
		{Topic: "torn", Status: TopicFailed, Partitions: 2, Replication: 1, Pos: "weir.yaml:8:7",
			Reason: "declared twice with different settings; the other is at weir.yaml:7:7"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// A topic without permission fails alone.
func TestForbiddenTopicHidesNone(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "secret", "open"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "secret", Err: kerr.TopicAuthorizationFailed, Count: -1})
	got := run(t, initializer(c, Topic{Name: "secret"}, Topic{Name: "open"}).Plan)
	if got.Topics[0].Status != TopicFailed || !strings.Contains(got.Topics[0].Reason, "needs DESCRIBE") {
		t.Errorf("secret: %+v, want it failed for want of DESCRIBE", got.Topics[0])
	}
	if got.Topics[1].Status != TopicExists {
		t.Errorf("open: %+v, want exists", got.Topics[1])
	}
}

// Another process makes the topic between the plan and the creation.
func TestApplyLosesTheRace(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(2, "t"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "t", Err: kerr.UnknownTopicOrPartition, Count: 1})
	got := run(t, initializer(c, Topic{Name: "t", Partitions: 4, Replication: 1}).Apply)
	if got.Topics[0].Status != TopicDiffers {
		t.Errorf("topic %+v, want differs", got.Topics[0])
	}
}

func TestApplyWaitsForLeaders(t *testing.T) {
	c := fakeCluster(t)
	i := initializer(c, Topic{Name: "t", Partitions: 1, Replication: 1})
	created := false
	waits := c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata, kmsg.CreateTopics}, Topic: "t", Err: kerr.LeaderNotAvailable, Count: 3,
		When: func(r kmsg.Request) bool {
			if _, ok := r.(*kmsg.CreateTopicsRequest); ok {
				created = true
				return false
			}
			return created
		},
	})
	got := run(t, i.Apply)
	if got.Topics[0].Status != TopicCreated {
		t.Errorf("topic %+v, want created", got.Topics[0])
	}
	if waits.Hits() != 3 {
		t.Errorf("%d faults met, want 3: the wait ended early", waits.Hits())
	}
}

// A topic whose leaders never come is not reported as created.
func TestApplyGivesUpWaiting(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "t"))
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: "t", Err: kerr.LeaderNotAvailable, Count: -1})
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s := &topicSession{admin: kadm.NewClient(client), log: zap.NewNop()}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	topics := []TopicReport{{Topic: "t", Status: TopicCreated, Partitions: 1}}
	s.awaitReady(ctx, topics)
	if topics[0].Status != TopicFailed || !strings.Contains(topics[0].Reason, "created, but not ready: LEADER_NOT_AVAILABLE") {
		t.Errorf("topic %+v, want it failed, without a leader", topics[0])
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = newInitializer(seeds{addr}, []Topic{{Name: "t"}}, zap.NewNop()).Plan(context.Background())
	if !errors.Is(err, ErrUnreachable) {
		t.Fatalf("error %v, want ErrUnreachable", err)
	}
	for _, part := range []string{addr, "connection refused", "is it running"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

// A listener that never accepts: the system connects, and nobody answers.
func TestMuteBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err = newInitializer(seeds{l.Addr().String()}, []Topic{{Name: "t"}}, zap.NewNop()).Plan(ctx)
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want ErrUnreachable by the deadline", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("gave up after %v", took)
	}
}

func TestReportIsPrinted(t *testing.T) {
	r := Report{Topics: []TopicReport{
		{Topic: "orders", Status: TopicCreated, Partitions: 4, Replication: 1},
		{Topic: "light", Status: TopicDiffers, Partitions: 1, Replication: 1, Differences: []Difference{
			{Setting: "partitions", Have: "1", Want: "4"}, {Setting: "retention.ms", Have: "1", Want: "2"}}},
		{Topic: "b c", Status: TopicFailed, Reason: "one\ntwo"},
	}}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"TOPIC   STATUS   PARTITIONS  REPLICATION  REMARK",
		"orders  created  4           1",
		"light   differs  1           1            partitions: 1, configured 4",
		"                                          retention.ms: 1, configured 2",
		"b c     failed   default     default      one",
		"                                          two",
		"",
	}, "\n")
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if got, want := r.Summary(), "1 created, 1 differs, 1 failed"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	if err := r.Err(TopicFailed); !errors.Is(err, ErrTopics) {
		t.Errorf("error %v, want ErrTopics", err)
	}
	if err := r.Err(TopicMissing); err != nil {
		t.Errorf("error %v, want nil", err)
	}
	got, err := json.Marshal(r.Topics[1])
	if err != nil {
		t.Fatal(err)
	}
	wantJSON := `{"topic":"light","status":"differs","partitions":1,"replication_factor":1,"differences":[` +
		`{"setting":"partitions","have":"1","want":"4"},{"setting":"retention.ms","have":"1","want":"2"}]}`
	if diff := cmp.Diff(wantJSON, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestCheckTopicName(t *testing.T) {
	for name, want := range map[string]string{
		"orders":                  "",
		"a.B-c_9":                 "",
		strings.Repeat("x", 249):  "",
		"":                        "needs a name",
		".":                       "cannot be",
		"..":                      "cannot be",
		"a b":                     "' ' is not allowed",
		"caf\u00e9":               "'\u00e9' is not allowed",
		"a/b":                     "'/' is not allowed",
		strings.Repeat("x", 250):  "at most 249",
		"${TOPIC}":                "'$' is not allowed",
		strings.Repeat("./", 200): "at most 249",
	} {
		checkError(t, name, CheckTopicName(name), want)
	}
}

func TestCheckTopicConfig(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"retention.ms", "604800000", ""},
		{"retention_ms", "-1", ""},
		{"retention.ms", "7d", `retention.ms: "7d" is not a whole number`},
		{"retention.ms", "-2", "out of range, from -1 to"},
		{"local.retention.ms", "-2", ""},
		{"max.message.bytes", "3000000000", "out of range"},
		{"cleanup.policy", "compact, delete", ""},
		{"cleanup.policy", "compct", `"compct" is none of compact, delete`},
		{"compression.type", "brotli", "none of uncompressed, zstd"},
		{"preallocate", "TRUE", ""},
		{"preallocate", "1", "neither true nor false"},
		{"min.cleanable.dirty.ratio", "0.5", ""},
		{"min.cleanable.dirty.ratio", "NaN", "not a number from 0 to 1"},
		{"message.timestamp.type", "LogAppendTime", ""},
		{"redpanda.remote.read", "true", ""},
		{"retention.mss", "1", "retention.mss: no such topic option"},
	} {
		checkError(t, tt.name+"="+tt.value, CheckTopicConfig(tt.name, tt.value), tt.want)
	}
}

func checkError(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%.40s: error %v, want none", what, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%.40s: error %v, want one with %q", what, err, want)
	}
}
