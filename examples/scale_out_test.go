package examples_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
)

const (
	scaleOut   = "06-scale-out"
	users      = 40
	partitions = 12
)

// TestScaleOut does what the example's README says: three processes share the
// work, one of them is killed, another takes its place, and all are stopped. No
// visit is lost, and those of each user stay in order.
func TestScaleOut(t *testing.T) {
	t.Parallel()
	b, client := brokertest.Start(t)
	weir(t, b, "topics", "apply", "-c", scaleOut+"/weir.yaml")
	binary := filepath.Join(t.TempDir(), "weir")
	if out, err := exec.Command("go", "build", "-o", binary, "../host/cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	group := newGroup(t, b, "scale-out")

	first, second, third := start(t, b, binary), start(t, b, binary), start(t, b, binary)
	group.shared(t, 3)
	visits := make(map[string]int)
	visit(t, client, visits, 1000)
	first.end(t, syscall.SIGKILL)
	visit(t, client, visits, 1000)
	group.shared(t, 2)
	fourth := start(t, b, binary)
	group.shared(t, 3)
	visit(t, client, visits, 1000)
	group.caughtUp(t)
	for _, p := range []*process{second, third, fourth} {
		p.end(t, syscall.SIGTERM)
	}

	next := make(map[string]int)
	if err := client.Read(t.Context(), []string{"visits.masked"}, func(r *broker.Record) {
		user := string(r.Key)
		var n int
		if _, err := fmt.Sscanf(string(r.Value), `{"visit":%d,"email":"**********.com"}`, &n); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		switch {
		case n > next[user]:
			t.Fatalf("%s: visit %d comes before %d", user, n, next[user])
		case n == next[user]:
			next[user]++
		}
	}); err != nil {
		t.Fatal(err)
	}
	for user, n := range visits {
		if next[user] != n {
			t.Errorf("%s: %d of %d visits came out", user, next[user], n)
		}
	}
}

// visit sends n more visits of all users, and counts them.
func visit(t *testing.T, client *broker.Client, visits map[string]int, n int) {
	t.Helper()
	records := make([]broker.Record, n)
	for i := range records {
		user := fmt.Sprintf("user-%02d", i%users)
		records[i] = broker.Record{Topic: "visits", Key: []byte(user),
			Value: fmt.Appendf(nil, `{"visit":%d,"email":"me@example.com"}`, visits[user])}
		visits[user]++
	}
	if err := client.Produce(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
}

// process is a weir of its own.
type process struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

func start(t *testing.T, b *broker.Broker, binary string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, "run", "-c", scaleOut+"/weir.yaml", "--listen", "off", "--cache-dir", "off")}
	p.cmd.Env = append(os.Environ(), "WEIR_BROKERS="+b.Addr())
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill() // the test has failed by now
			_ = p.cmd.Wait()
		}
	})
	return p
}

// end sends a signal and waits; asked to stop, the process has to end with 0.
func (p *process) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil && signal != syscall.SIGKILL {
		t.Errorf("weir ended with %v:\n%s", err, p.log.String())
	}
}

// group is what the brokers say of a consumer group.
type group struct {
	name  string
	admin *kadm.Client
}

func newGroup(t *testing.T, b *broker.Broker, name string) *group {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &group{name, kadm.NewClient(client)}
}

// shared waits until so many members have the same number of partitions each.
func (g *group) shared(t *testing.T, members int) {
	t.Helper()
	g.await(t, fmt.Sprintf("%d members with %d partitions each", members, partitions/members), func(ctx context.Context) (string, bool, error) {
		described, err := g.admin.DescribeGroups(ctx, g.name)
		if err != nil {
			return "", false, err
		}
		var all []string
		even := true
		for _, m := range described[g.name].Members {
			assigned, _ := m.Assigned.AsConsumer()
			n := 0
			if assigned != nil {
				for _, topic := range assigned.Topics {
					n += len(topic.Partitions)
				}
			}
			all = append(all, fmt.Sprint(n))
			even = even && n == partitions/members
		}
		return "members with " + strings.Join(all, ", "), even && len(all) == members && described[g.name].State == "Stable", nil
	})
}

// caughtUp waits until everything is read and committed.
func (g *group) caughtUp(t *testing.T) {
	t.Helper()
	g.await(t, "no lag", func(ctx context.Context) (string, bool, error) {
		lags, err := g.admin.Lag(ctx, g.name)
		if err != nil {
			return "", false, err
		}
		lag := lags[g.name].Lag.Total()
		return fmt.Sprintf("%d records of lag", lag), lag == 0, nil
	})
}

// await asks until what it asks for is so: brokers tell nobody of changes.
func (g *group) await(t *testing.T, want string, look func(context.Context) (got string, ok bool, err error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		got, ok, err := look(ctx)
		if ok {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("the group has %s, want %s (%v)", got, want, err)
		}
	}
}
