package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// exactlyOnceConfig is copyConfig that delivers exactly once, for one process.
func exactlyOnceConfig(broker *kafkatest.Broker, group, input, output, id, strategy string) string {
	text := copyConfig(broker, group, input, output) + fmt.Sprintf(`      transactional_id: %s
    delivery: exactly_once
    transaction_interval: 100ms
`, id)
	text = strings.Replace(text, "      auto.commit.interval.ms: 100\n", "", 1)
	if strategy == "brokers" { // who have settings of their own for the rest
		text = strings.Replace(text, "      session.timeout.ms: 6000\n      heartbeat.interval.ms: 500\n", "", 1)
		return strings.Replace(text, "max_poll_records: 500", "group_protocol: consumer", 1)
	}
	return strings.Replace(text, "max_poll_records: 500", "partition.assignment.strategy: "+strategy, 1)
}

// TestExactlyOnceKilled runs two processes of one group, kills one again and
// again while it delivers, and starts it anew, however partitions are shared. Every input must come out once, in
// order, and a reader of committed records must never see one that is gone later.
func TestExactlyOnceKilled(t *testing.T) {
	kill := func(t *testing.T, w *weir) { w.Kill(t) }
	t.Run("cooperative-sticky", func(t *testing.T) { restartExactlyOnce(t, "cooperative-sticky", 3, false, kill) })
	// A static member has its partitions back at once.
	t.Run("range", func(t *testing.T) { restartExactlyOnce(t, "range", 10, true, kill) })
	// Brokers that share the partitions miss a member only after 45 s, so it leaves.
	t.Run("brokers", func(t *testing.T) {
		restartExactlyOnce(t, "brokers", 3, false, func(t *testing.T, w *weir) { w.stop(t) })
	})
}

// restartExactlyOnce ends a process and starts it anew so many times.
func restartExactlyOnce(t *testing.T, strategy string, kills int, static bool, end func(*testing.T, *weir)) {
	const (
		share      = 10_000 // before each end
		partitions = 4
	)
	events := (kills + 1) * share
	input, output, group := "once-in-"+strategy, "once-out-"+strategy, "once-"+strategy
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, input, output)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	config := func(id string) string {
		text := exactlyOnceConfig(broker, group, input, output, id, strategy)
		if static {
			text = strings.Replace(text, "group_id:", "group_instance_id: "+id+"\n      group_id:", 1)
		}
		return writeFile(t, "weir.yaml", text)
	}
	ofVictim := config(group + "-victim")

	survivor, victim := startWeir(t, config(group+"-survivor")), startWeir(t, ofVictim)
	live := followCommitted(t, broker, output)
	load := newLoad(t, broker, t.Name(), input, partitions)
	for kill := range kills {
		load.send(t, share/2)
		if kill%2 == 1 {
			awaitCommitted(t, broker, group, input)
		}
		load.send(t, share/2)
		want := victim.delivered() + random.Int64N(share/8)
		eventually(t, "the process to deliver", func() bool { // or the other one to have left it nothing
			return victim.delivered() >= want || atEnd(t, broker, group, input)
		})
		time.Sleep(time.Duration(random.Int64N(int64(100 * time.Millisecond)))) // anywhere in a transaction
		end(t, victim)
		victim = startWeir(t, ofVictim)
	}
	load.send(t, share)
	checker := load.finish(t)
	awaitCommitted(t, broker, group, input)
	victim.stop(t)
	survivor.stop(t)

	if report := check(t, broker, checker, output); report.Inputs != int64(events) || report.Duplicates > 0 {
		t.Errorf("%d inputs, %d duplicates, want %d and none", report.Inputs, report.Duplicates, events)
	}
	live.compare(t, broker, output)
}

// follower reads committed records of a topic as they come.
type follower struct {
	stop context.CancelFunc
	done chan struct{}
	seen map[int32]map[int64]string // by partition and offset
}

func followCommitted(t *testing.T, broker *kafkatest.Broker, topic string) *follower {
	ctx, cancel := context.WithCancel(t.Context())
	f := &follower{stop: cancel, done: make(chan struct{}), seen: map[int32]map[int64]string{}}
	client := broker.Client(t, kgo.ConsumeTopics(topic))
	go func() {
		defer close(f.done)
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				if f.seen[r.Partition] == nil {
					f.seen[r.Partition] = map[int64]string{}
				}
				f.seen[r.Partition][r.Offset] = string(r.Value)
			})
		}
	}()
	t.Cleanup(func() { f.stop(); <-f.done })
	return f
}

// compare reads the topic again: what was seen must still be there.
func (f *follower) compare(t *testing.T, broker *kafkatest.Broker, topic string) {
	t.Helper()
	f.stop()
	<-f.done
	count := 0
	for _, offsets := range f.seen {
		count += len(offsets)
	}
	broker.ReadAll(t, func(r *kgo.Record) {
		if value, ok := f.seen[r.Partition][r.Offset]; ok && value == string(r.Value) {
			delete(f.seen[r.Partition], r.Offset)
		}
	}, topic)
	for partition, offsets := range f.seen {
		for offset := range offsets {
			t.Errorf("aborted read: %s/%d@%d was read and is not committed", topic, partition, offset)
		}
	}
	if count == 0 {
		t.Error("the reader saw nothing")
	}
}

// TestExactlyOnceKilledBroker kills one of three brokers under load, then weir,
// and starts both again.
func TestExactlyOnceKilledBroker(t *testing.T) {
	const partitions, share, victim = 6, 20_000, 2
	cluster := kafkatest.StartCluster(t, "--brokers", "3")
	config := writeFile(t, "weir.yaml", exactlyOnceConfig(cluster.Broker, "once", "once-in", "once-out", "once", "cooperative-sticky")+`
topics:
  list:
    - {topic: once-in, num_partitions: 6, replication_factor: 3}
    - {topic: once-out, num_partitions: 6, replication_factor: 3}
`)
	if code, output := runWeir(t, "topics", "apply", "-c", config); code != 0 {
		t.Fatalf("weir topics apply ended with %d:\n%s", code, output)
	}
	w := startWeir(t, config)
	load := newLoad(t, cluster.Broker, t.Name(), "once-in", partitions)
	load.send(t, share)
	w.awaitDelivered(t, share/2)
	cluster.KillBroker(t, victim)
	load.send(t, share)
	w.awaitDelivered(t, share)
	w.Kill(t)
	w = startWeir(t, config)
	cluster.RestartBroker(t, victim)
	load.send(t, share)
	checker := load.finish(t)
	awaitCommitted(t, cluster.Broker, "once", "once-in")
	w.stop(t)
	if report := check(t, cluster.Broker, checker, "once-out"); report.Duplicates > 0 {
		t.Errorf("%d duplicates", report.Duplicates)
	}
}

// TestExactlyOnceInTheFirstVersion is the same with transactions as brokers had
// them before Kafka 4.0.
func TestExactlyOnceInTheFirstVersion(t *testing.T) {
	broker := kafkatest.Real(t)
	set := func(version int16, how int8) {
		t.Helper()
		req := kmsg.NewPtrUpdateFeaturesRequest()
		update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
		update.Feature, update.MaxVersionLevel, update.UpgradeType = "transaction.version", version, how
		req.FeatureUpdates = append(req.FeatureUpdates, update)
		resp, err := req.RequestWith(context.WithoutCancel(t.Context()), broker.Client(t))
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const upgrade, downgrade = 1, 2
	set(1, downgrade)
	defer set(2, upgrade)
	restartExactlyOnce(t, "roundrobin", 5, true, func(t *testing.T, w *weir) { w.Kill(t) })
}

// TestExactlyOnceTwice starts a second process with the transactional id of the
// first.
func TestExactlyOnceTwice(t *testing.T) {
	const partitions = 2
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, partitions, "twice-in", "twice-out")
	config := writeFile(t, "weir.yaml", exactlyOnceConfig(broker, "twice", "twice-in", "twice-out", "twice", "cooperative-sticky"))
	load := newLoad(t, broker, t.Name(), "twice-in", partitions)
	older := startWeir(t, config)
	load.send(t, 2000)
	older.awaitDelivered(t, 2000)
	newer := startWeir(t, config)
	eventually(t, "the newer process to begin", func() bool { return strings.Contains(newer.Output(), "transactions begin") })
	load.send(t, 4000)
	if code := older.Wait(t, patience); code == 0 || !strings.Contains(older.Output(), "transactional id twice") || !strings.Contains(older.Output(), "another process has begun to use") {
		t.Errorf("exit code %d, want one that fails and the cause in\n%s", code, older.Output())
	}
	checker := load.finish(t)
	awaitCommitted(t, broker, "twice", "twice-in")
	newer.stop(t)
	if report := check(t, broker, checker, "twice-out"); report.Duplicates > 0 {
		t.Errorf("%d duplicates", report.Duplicates)
	}
}

// testTransactionRights runs a pipeline in transactions of a user who may do all
// else, without the right to do that, and with a timeout that brokers refuse.
func testTransactionRights(t *testing.T, broker *kafkatest.SecureBroker) {
	admin := kadm.NewClient(broker.Client(t))
	broker.CreateTopics(t, 1, "once-in", "once-out")
	allow(t, admin, "alice", "once-in", "once", kadm.OpRead)
	allow(t, admin, "alice", "once-out", "", kadm.OpWrite)
	kafkatest.Produce(t, broker.Client(t), &kgo.Record{Topic: "once-in", Value: []byte("event")})
	text := secureConfig(broker.SASL,
		"security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-256, sasl_username: alice, sasl_password: "+kafkatest.AlicePassword, "once-in", "once", "once-out") +
		"    delivery: exactly_once\n"
	config := writeFile(t, "weir.yaml", text)
	fails := func(says string, args ...string) {
		t.Helper()
		args = append([]string{"run", "--config", config, "--exit-on-stop", "--listen", "off", "--set", "pipelines.copy.sink.transactional_id=once"}, args...)
		if code, output := runWeir(t, args...); code == 0 || !strings.Contains(output, says) {
			t.Errorf("weir ends with %d and does not say %q:\n%s", code, says, output)
		}
	}
	fails("grant WRITE and DESCRIBE on transactional id once to User:alice")
	acl := kadm.NewACLs().Allow("User:alice").AllowHosts("*").TransactionalIDs("once").Operations(kadm.OpWrite, kadm.OpDescribe).ResourcePatternType(kadm.ACLPatternLiteral)
	if _, err := admin.CreateACLs(t.Context(), acl); err != nil {
		t.Fatal(err)
	}
	fails("above the brokers' transaction.max.timeout.ms", "--set", "pipelines.copy.sink.transaction_timeout_ms=1000000")
	w := startWeir(t, config, "--set", "pipelines.copy.sink.transactional_id=once")
	w.awaitDelivered(t, 1)
	w.stop(t)
}
