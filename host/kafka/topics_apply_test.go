package kafka

import (
	"context"
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
)

// Growing a topic that has records moves keys, and is held back until it is
// allowed; so is every other change that can cost something.
func TestDestructiveIsHeldBack(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "t"))
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Key: []byte("k")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	topic := Topic{Name: "t", Partitions: 2, Config: map[string]string{"retention.ms": "9", "max.message.bytes": "2000"}}
	state := func(r Report) map[string]ChangeState {
		out := make(map[string]ChangeState)
		for _, c := range r.Topics[0].Changes {
			out[c.Setting] = c.State
		}
		return out
	}
	got := bring(t, initializer(c, topic))
	want := map[string]ChangeState{"partitions": ChangeHeld, "retention.ms": ChangeHeld, "max.message.bytes": ChangeDone}
	if diff := cmp.Diff(want, state(got)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if got.Topics[0].Status != TopicDiffers {
		t.Errorf("status %s, want differs", got.Topics[0].Status)
	}
	for _, part := range []string{"keys move", "records that are older are deleted"} {
		if got := got.Topics[0].Changes; !strings.Contains(got[0].Risk+got[2].Risk, part) {
			t.Errorf("risks %+v lack %q", got, part)
		}
	}

	got = bring(t, ruled(c, TopicRules{AllowDestructive: true}, topic))
	want = map[string]ChangeState{"partitions": ChangeDone, "retention.ms": ChangeDone}
	if diff := cmp.Diff(want, state(got)); diff != "" {
		t.Errorf("states when allowed (-want +got):\n%s", diff)
	}
}

func TestKeepExisting(t *testing.T) {
	c := fakeCluster(t, kfake.SeedTopics(1, "t"))
	got := bring(t, ruled(c, TopicRules{KeepExisting: true}, Topic{Name: "t", Partitions: 2}, Topic{Name: "new"}))
	if got.Topics[0].Status != TopicDiffers || got.Topics[0].Partitions != 1 || got.Topics[1].Status != TopicCreated {
		t.Errorf("report %+v, want t left different and new created", got)
	}
	if got, want := got.Topics[0].Why(), "partitions is 1, configured 2"; got != want {
		t.Errorf("why %q, want %q", got, want)
	}
}

// The development broker places replicas as it likes: what it is asked for is
// looked at, the brokers' answer in the tests on a real Kafka.
func TestReplicaAssignment(t *testing.T) {
	c := fakeCluster(t, kfake.NumBrokers(3))
	var asked []string
	c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.CreateTopics, kmsg.CreatePartitions}, Topic: "t", Err: kerr.UnknownServerError, Count: -1,
		When: func(r kmsg.Request) bool {
			var assignment [][]int32
			switch r := r.(type) {
			case *kmsg.CreateTopicsRequest:
				for _, a := range r.Topics[0].ReplicaAssignment {
					assignment = append(assignment, a.Replicas)
				}
			case *kmsg.CreatePartitionsRequest:
				for _, a := range r.Topics[0].Assignment {
					assignment = append(assignment, a.Replicas)
				}
			}
			asked = append(asked, FormatAssignment(assignment))
			return false
		},
	})
	topic := Topic{Name: "t", Assignment: [][]int32{{1, 0}, {2, 1}}}
	got := bring(t, initializer(c, topic))
	if diff := cmp.Diff([]Change{{Setting: "replica_assignment", Want: "1:0,2:1", State: ChangeDone}}, got.Topics[0].Changes); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	topic.Assignment = append(topic.Assignment, []int32{0, 2})
	got = bring(t, initializer(c, topic))
	if diff := cmp.Diff(Change{Setting: "partitions", Have: "2", Want: "3", State: ChangeDone}, got.Topics[0].Changes[0]); diff != "" {
		t.Errorf("grown (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1:0,2:1", "1:0,2:1", "0:2", "0:2"}, asked); diff != "" {
		t.Errorf("assignments asked for (-want +got):\n%s", diff)
	}
}

func TestCompareReplicas(t *testing.T) {
	have := kadm.PartitionDetails{
		0: {Partition: 0, Replicas: []int32{1, 0}},
		1: {Partition: 1, Replicas: []int32{2, 1}},
	}
	for _, tt := range []struct {
		topic Topic
		want  []string
	}{
		{Topic{}, nil},
		{Topic{Replication: 2, Assignment: [][]int32{{1, 0}, {2, 1}, {0, 2}}}, nil},
		{Topic{Replication: 3}, []string{"replication_factor: 2 -> 3"}},
		{Topic{Assignment: [][]int32{{0, 1}, {2, 1}}}, []string{"replica_assignment: 1:0,2:1 -> 0:1,2:1"}},
	} {
		r := TopicReport{Replication: 2}
		compareReplicas(&tt.topic, have, &r)
		var got []string
		for _, c := range r.changes(ChangeImpossible) {
			got = append(got, c.Setting+": "+c.Have+" -> "+c.Want)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || len(r.Changes) != len(got) {
			t.Errorf("%+v (-want +got):\n%s", tt.topic, diff)
		}
	}
}

// Another process makes the topic between the plan and the creation: what it
// made is reported, and not changed without a new plan.
func TestApplyLosesTheRace(t *testing.T) {
	c := fakeCluster(t)
	i := initializer(c, Topic{Name: "t", Partitions: 4, Replication: 1})
	plan := run(t, i.Plan)
	bring(t, initializer(c, Topic{Name: "t", Partitions: 2, Replication: 1}))
	got := run(t, func(ctx context.Context) (Report, error) { return i.Apply(ctx, plan) })
	if got.Topics[0].Status != TopicDiffers || got.Topics[0].Partitions != 2 || !strings.Contains(got.Topics[0].Changes[0].Reason, "plan again") {
		t.Errorf("topic %+v, want differs", got.Topics[0])
	}
	if plan.Topics[0].Status != TopicMissing {
		t.Errorf("the plan became %+v", plan.Topics[0])
	}
}

func TestApplyWaitsForLeaders(t *testing.T) {
	c := fakeCluster(t)
	i := initializer(c, Topic{Name: "t", Partitions: 1, Replication: 1})
	created := false
	waits := c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata, kmsg.CreateTopics}, Topic: "t", Err: kerr.LeaderNotAvailable, Count: 3,
		When: func(r kmsg.Request) bool {
			if r, ok := r.(*kmsg.CreateTopicsRequest); ok {
				created = created || !r.ValidateOnly
				return false
			}
			return created
		},
	})
	got := bring(t, i)
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
	s := &topicSession{client: client, admin: kadm.NewClient(client), rules: TopicRules{Progress: func(string, int, int) {}}, log: zap.NewNop()}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	report := Report{Topics: []TopicReport{{Topic: "t", Status: TopicCreated, Partitions: 1}}}
	s.awaitReady(ctx, []Topic{{Name: "t"}}, report)
	if got := report.Topics[0]; got.Status != TopicFailed || !strings.Contains(got.Reason, "done, but not ready: LEADER_NOT_AVAILABLE") {
		t.Errorf("topic %+v, want it failed, without a leader", got)
	}
}

// An apply that is cut says which topics it did not reach.
func TestApplyIsCut(t *testing.T) {
	c := fakeCluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i := ruled(c, TopicRules{Progress: func(step string, done, _ int) {
		if step == "changing topics" && done == 1 {
			cancel()
		}
	}}, Topic{Name: "first"}, Topic{Name: "second"})
	plan := run(t, i.Plan)
	got, err := i.Apply(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	if got.Topics[1].Status != TopicFailed || got.Topics[1].Reason != "not reached: context canceled" {
		t.Errorf("second: %+v, want it not reached", got.Topics[1])
	}
	if diff := cmp.Diff([]string{"first"}, names(t, c)); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestApplyRefusesAnotherPlan(t *testing.T) {
	c := fakeCluster(t)
	if _, err := initializer(c, Topic{Name: "t"}).Apply(t.Context(), Report{}); err == nil {
		t.Error("no error for the plan of other topics")
	}
}

func TestOptionRisk(t *testing.T) {
	for _, tt := range []struct {
		name, have, want string
		risky            bool
	}{
		{"retention.ms", "10", "9", true},
		{"retention.ms", "9", "10", false},
		{"retention.ms", "-1", "10", true},
		{"retention.ms", "10", "-1", false},
		{"retention.bytes", "-1", "1000000", true},
		{"retention.ms", "", "10", true}, // nobody knows what it was
		{"retention.ms", "10", "", true}, // nobody knows what it will be
		{"min.insync.replicas", "2", "1", true},
		{"max.message.bytes", "2", "1", false},
		{"cleanup.policy", "compact", "compact, delete", true},
		{"cleanup.policy", "delete", "compact,delete", true},
		{"cleanup.policy", "compact,delete", "compact", false},
		{"cleanup.policy", "compact", "", true},
		{"cleanup.policy", "compact,delete", "", false},
		{"unclean.leader.election.enable", "false", "TRUE", true},
		{"unclean.leader.election.enable", "true", "false", false},
		{"remote.storage.enable", "true", "false", true},
	} {
		if risk := optionRisk(tt.name, Change{Have: tt.have, Want: tt.want}); (risk != "") != tt.risky {
			t.Errorf("%s %q -> %q: risk %q, want one: %t", tt.name, tt.have, tt.want, risk, tt.risky)
		}
	}
}
