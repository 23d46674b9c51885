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
func (s seeds) principal() string              { return "User:tester" }

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
	return ruled(c, TopicRules{}, topics...)
}

func ruled(c *kfake.Cluster, rules TopicRules, topics ...Topic) *Initializer {
	return newInitializer(seeds(c.ListenAddrs()), topics, rules, zap.NewNop())
}

// bring plans and applies.
func bring(t *testing.T, i *Initializer) Report {
	t.Helper()
	plan := run(t, i.Plan)
	return run(t, func(ctx context.Context) (Report, error) { return i.Apply(ctx, plan) })
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
	c := fakeCluster(t, kfake.SeedTopics(1, "there", "small"))
	i := ruled(c, TopicRules{AllowDestructive: true},
		Topic{Name: "there", Partitions: 1, Replication: 1},
		Topic{Name: "missing", Partitions: 4, Replication: 1, Pos: at(3)},
		Topic{Name: "small", Partitions: 2, Config: map[string]string{"retention.ms": "5"}},
	)
	want := Report{Topics: []TopicReport{
		{Topic: "there", Status: TopicExists, Partitions: 1, Replication: 1},
		{Topic: "missing", Status: TopicMissing, Partitions: 4, Replication: 1, Pos: "weir.yaml:3:7"},
		{Topic: "small", Status: TopicChange, Partitions: 1, Replication: 1, Changes: []Change{
			{Setting: "partitions", Have: "1", Want: "2", State: ChangePlanned},
			{Setting: "retention.ms", Have: "604800000", Want: "5", State: ChangePlanned, Risk: "records that are older are deleted"},
		}},
	}}
	for name, look := range map[string]func(context.Context) (Report, error){"plan": i.Plan, "check": i.Check, "plan again": i.Plan} {
		if diff := cmp.Diff(want, run(t, look)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff([]string{"small", "there"}, names(t, c)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if want.Pending() != 2 || want.Risks() != 1 {
		t.Errorf("%d pending with %d risks, want 2 with 1", want.Pending(), want.Risks())
	}
}

// Every outcome in one run: the topics that fail hide none of the others.
func TestApply(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(2, "grown", "named", "shrunk", "set"))
	topics := []Topic{
		{Name: "bad name", Partitions: 1, Replication: 1, Pos: at(1)},
		{Name: "replicated", Partitions: 1, Replication: 3},
		{Name: "grown", Partitions: 4, Replication: 1},
		{Name: "named", Default: TopicNumbers{9, 9}},
		{Name: "shrunk", Partitions: 1, Replication: 2},
		{Name: "set", Config: map[string]string{"segment.ms": "7000", "max.message.bytes": "2000"}},
		{Name: "made", Default: TopicNumbers{3, 1}, Config: map[string]string{"retention_ms": "1000"}},
		{Name: "defaults"},
	}
	got := bring(t, initializer(c, topics...))
	want := Report{Topics: []TopicReport{
		{Topic: "bad name", Status: TopicFailed, Partitions: 1, Replication: 1, Pos: "weir.yaml:1:7",
			Reason: `topic name "bad name": ' ' is not allowed; use letters a-z A-Z, digits, '.', '_' and '-'`},
		{Topic: "replicated", Status: TopicFailed, Partitions: 1, Replication: 3,
			Reason: "the cluster has too few brokers for this replication_factor"},
		{Topic: "grown", Status: TopicChanged, Partitions: 4, Replication: 1,
			Changes: []Change{{Setting: "partitions", Have: "2", Want: "4", State: ChangeDone}}},
		{Topic: "named", Status: TopicExists, Partitions: 2, Replication: 1},
		{Topic: "shrunk", Status: TopicDiffers, Partitions: 2, Replication: 1, Changes: []Change{
			{Setting: "partitions", Have: "2", Want: "1", State: ChangeImpossible,
				Reason: "Kafka takes no partition away; move the records to a new topic"},
			{Setting: "replication_factor", Have: "1", Want: "2", State: ChangeImpossible,
				Reason: "weir moves no replicas; kafka-reassign-partitions does"},
		}},
		{Topic: "set", Status: TopicChanged, Partitions: 2, Replication: 1, Changes: []Change{
			{Setting: "max.message.bytes", Have: "1048588", Want: "2000", State: ChangeDone},
			{Setting: "segment.ms", Have: "604800000", Want: "7000", State: ChangeDone},
		}},
		{Topic: "made", Status: TopicCreated, Partitions: 3, Replication: 1,
			Changes: []Change{{Setting: "retention.ms", Want: "1000", State: ChangeDone}}},
		{Topic: "defaults", Status: TopicCreated, Partitions: 10, Replication: 1},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}

	// Again: what was made and changed is as configured now.
	again := bring(t, initializer(c, topics...))
	for _, n := range []int{2, 5, 6, 7} {
		want.Topics[n].Status, want.Topics[n].Changes = TopicExists, nil
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("second report (-want +got):\n%s", diff)
	}
}

// Options are compared by what they mean, and only those that are named.
func TestCheckComparesOptions(t *testing.T) {
	c := fakeCluster(t)
	made := Topic{Name: "t", Partitions: 1, Replication: 1, Config: map[string]string{
		"cleanup.policy": "compact,delete", "retention.ms": "1000", "max.message.bytes": "2000", "segment.ms": "9",
	}}
	bring(t, initializer(c, made))

	made.Config = map[string]string{"CLEANUP_POLICY": "delete, compact", "retention.ms": "01000", "max.message.bytes": "3000", "flush.ms": "5"}
	got := run(t, initializer(c, made).Check)
	want := []Change{
		{Setting: "flush.ms", Want: "5", State: ChangePlanned},
		{Setting: "max.message.bytes", Have: "2000", Want: "3000", State: ChangePlanned},
	}
	if diff := cmp.Diff(want, got.Topics[0].Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if err := got.Drift(); !errors.Is(err, ErrDrift) {
		t.Errorf("error %v, want ErrDrift", err)
	}
}

// An option that is to be reset is, others that nobody mentions only when the
// rules say so, and never those of a topic that no list has.
func TestReset(t *testing.T) {
	c := fakeCluster(t)
	options := map[string]string{"segment.ms": "7", "segment.bytes": "5000", "leader.replication.throttled.replicas": "*"}
	for _, name := range []string{"listed", "implied"} {
		bring(t, initializer(c, Topic{Name: name, Config: options}))
	}
	listed := Topic{Name: "listed", Reset: []string{"segment.ms", "max.message.bytes"}}
	implied := Topic{Name: "implied", Implied: true}
	segmentMS := Change{Setting: "segment.ms", Have: "7", Want: "604800000", Reset: true, State: ChangeDone}
	segmentBytes := Change{Setting: "segment.bytes", Have: "5000", Want: "104857600", Reset: true, State: ChangeDone}
	for _, tt := range []struct {
		rules TopicRules
		want  []Change
	}{
		{TopicRules{}, []Change{segmentMS}},
		{TopicRules{}, nil},
		{TopicRules{ResetUnlisted: true}, []Change{segmentBytes}},
		{TopicRules{ResetUnlisted: true}, nil},
	} {
		got := bring(t, ruled(c, tt.rules, listed, implied))
		if diff := cmp.Diff(tt.want, got.Topics[0].Changes); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.rules, diff)
		}
		if got.Topics[1].Status != TopicExists {
			t.Errorf("implied: %+v, want it left alone", got.Topics[1])
		}
	}
}

// What the brokers would refuse is known before anything is done.
func TestPlanAsksTheBrokers(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "grown", "set"))
	for _, f := range []struct {
		key   kmsg.Key
		topic string
		err   *kerr.Error
	}{
		{kmsg.CreateTopics, "new", kerr.PolicyViolation},
		{kmsg.CreatePartitions, "grown", kerr.TopicAuthorizationFailed},
	} {
		c.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Topic: f.topic, Err: f.err, Count: -1})
	}
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.IncrementalAlterConfigs}, Resource: "set", Err: kerr.InvalidConfig, Count: -1})
	i := initializer(c, Topic{Name: "new"}, Topic{Name: "grown", Partitions: 2},
		Topic{Name: "set", Config: map[string]string{"segment.ms": "6"}}, Topic{Name: "fine"})
	plan := run(t, i.Plan)
	for n, want := range []string{"policy for topics refuses it", "not permitted: grant ALTER on topic grown to User:tester", "the brokers refuse an option", "is missing"} {
		if got := plan.Topics[n].Why(); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", plan.Topics[n].Topic, got, want)
		}
	}
	if plan.Count(TopicFailed) != 3 {
		t.Errorf("report %s, want 3 failed", plan.Summary())
	}
	if err := plan.Drift(); !errors.Is(err, ErrTopics) {
		t.Errorf("error %v, want ErrTopics: that topics failed is more than a drift", err)
	}
	done := run(t, func(ctx context.Context) (Report, error) { return i.Apply(ctx, plan) })
	if done.Count(TopicFailed) != 3 || done.Count(TopicCreated) != 1 {
		t.Errorf("report %s, want 3 failed and 1 created", done.Summary())
	}
	check := run(t, i.Check) // which asks nobody
	if check.Count(TopicFailed) != 0 {
		t.Errorf("check: %s, want none failed", check.Summary())
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
		Topic{Name: "a.b"},
		Topic{Name: "a_b"},
	).Plan)
	want := Report{Topics: []TopicReport{
		{Topic: "same", Status: TopicMissing, Partitions: 2, Replication: 1},
		{Topic: "implied", Status: TopicMissing, Partitions: 5, Replication: 1},
		{Topic: "torn", Status: TopicMissing, Partitions: 1, Replication: 1, Pos: "weir.yaml:7:7"},
		{Topic: "torn", Status: TopicFailed, Partitions: 2, Replication: 1, Pos: "weir.yaml:8:7",
			Reason: "declared twice with different settings; the other is at weir.yaml:7:7"},
		{Topic: "a.b", Status: TopicMissing, Partitions: 10, Replication: 1},
		{Topic: "a_b", Status: TopicFailed,
			Reason: `collides with "a.b": Kafka allows no names that differ only in '.' and '_'`},
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
	if got.Topics[0].Status != TopicFailed || !strings.Contains(got.Topics[0].Reason, "grant DESCRIBE on topic secret to User:tester") {
		t.Errorf("secret: %+v, want it failed for want of DESCRIBE", got.Topics[0])
	}
	if got.Topics[1].Status != TopicExists {
		t.Errorf("open: %+v, want exists", got.Topics[1])
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
	_, err = newInitializer(seeds{addr}, []Topic{{Name: "t"}}, TopicRules{}, zap.NewNop()).Plan(context.Background())
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
	_, err = newInitializer(seeds{l.Addr().String()}, []Topic{{Name: "t"}}, TopicRules{}, zap.NewNop()).Plan(ctx)
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want ErrUnreachable by the deadline", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("gave up after %v", took)
	}
}

func TestReport(t *testing.T) {
	r := Report{Topics: []TopicReport{
		{Topic: "orders", Status: TopicCreated, Partitions: 4, Replication: 1},
		{Topic: "light", Status: TopicDiffers, Partitions: 1, Replication: 1, Changes: []Change{
			{Setting: "partitions", Have: "1", Want: "4", State: ChangeHeld, Risk: "risk", Reason: "held"},
			{Setting: "retention.ms", Have: "1", Want: "2", Reset: true, State: ChangeDone}}},
		{Topic: "b c", Status: TopicFailed, Reason: "one\ntwo"},
		{Topic: "fine", Status: TopicExists},
	}}
	if got, want := r.Summary(), "1 created, 1 as configured, 1 left different, 1 failed"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	if err := r.Err(TopicFailed); !errors.Is(err, ErrTopics) {
		t.Errorf("error %v, want ErrTopics", err)
	}
	if err := r.Err(TopicMissing); err != nil {
		t.Errorf("error %v, want nil", err)
	}
	if got, want := r.Topics[2].Why(), "one; two"; got != want {
		t.Errorf("why %q, want %q", got, want)
	}
	got, err := json.Marshal(r.Topics[1])
	if err != nil {
		t.Fatal(err)
	}
	wantJSON := `{"topic":"light","status":"differs","partitions":1,"replication_factor":1,"changes":[` +
		`{"setting":"partitions","have":"1","want":"4","state":"held","risk":"risk","reason":"held"},` +
		`{"setting":"retention.ms","have":"1","want":"2","reset":true,"state":"done"}]}`
	if diff := cmp.Diff(wantJSON, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
