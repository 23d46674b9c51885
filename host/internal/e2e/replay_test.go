package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestReplay replays a topic in which transactions were aborted, up to one of
// them and then to the end: each order comes once, in the order of its key, with
// the topic that it was meant for; the pipeline's own group is where it was.
func TestReplay(t *testing.T) {
	const orders, keys, aborted = 3_000, 7, 5
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 1, "replay-in")
	broker.CreateTopics(t, 3, "replay-heavy", "replay-light", "replay-again")
	client := broker.Client(t, kgo.DefaultProduceTopic("replay-in"))
	aborter := broker.Client(t, kgo.DefaultProduceTopic("replay-in"), kgo.TransactionalID("replay-aborter"))
	write := func(client *kgo.Client, from, to int) {
		var records []*kgo.Record
		for i := from; i < to; i++ {
			records = append(records, &kgo.Record{Key: fmt.Append(nil, "key", i%keys), Value: fmt.Appendf(nil, `{"weight":%d,"number":%d}`, i%20, i)})
		}
		kafkatest.Produce(t, client, records...)
	}
	write(client, 0, orders/2)
	if err := aborter.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	write(aborter, orders, orders+aborted) // at orders/2 and on, and nobody is to see them
	if err := aborter.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	write(client, orders/2, orders)
	config := writeFile(t, "weir.yaml", fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  replay:
    source: {topic: replay-in, group_id: replay}
    processors: [{module: "builtin:topic-selector", config: {above: replay-heavy, below: replay-light}}]
    sink: {}
`, broker.Addresses))
	replay := func(to string) []string {
		return []string{"replay", "-c", config, "--from", "earliest", "--to", to, "--to-topic", "replay-again", "--name", "e2e", "--yes"}
	}
	live := []string{"run", "-c", config, "--exit-at-end", "--listen", "off"}
	for _, step := range []struct {
		says string
		args []string
	}{
		{`"consumed":3000,"delivered":3000`, live},
		{"1500 records replayed: 1500 delivered", replay(fmt.Sprint(orders/2 + 2))}, // among what was aborted
		{"1500 records replayed: 1500 delivered", replay("latest")},
		{"at most 0 records to replay", replay("latest")},
		{`"consumed":0,`, live},
	} {
		code, output := runWeir(t, step.args...)
		if code != 0 || !strings.Contains(output, step.says) {
			t.Fatalf("weir %s ended with %d and does not say %q:\n%s", strings.Join(step.args, " "), code, step.says, output)
		}
	}

	seen, last := map[int]bool{}, map[string]int{}
	broker.ReadAll(t, func(r *kgo.Record) {
		var weight, number int
		if _, err := fmt.Sscanf(string(r.Value), `{"weight":%d,"number":%d}`, &weight, &number); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		meant := "replay-light"
		if weight > 10 {
			meant = "replay-heavy"
		}
		if len(r.Headers) != 1 || r.Headers[0].Key != "weir.replay.topic" || string(r.Headers[0].Value) != meant {
			t.Errorf("%s has headers %v, want weir.replay.topic %s", r.Value, r.Headers, meant)
		}
		if before, ok := last[string(r.Key)]; ok && number <= before {
			t.Errorf("%s: %d after %d", r.Key, number, before)
		}
		last[string(r.Key)] = number
		if seen[number] {
			t.Errorf("%s is there twice", r.Value)
		}
		seen[number] = true
	}, "replay-again")
	if len(seen) != orders {
		t.Errorf("%d orders arrived, want %d", len(seen), orders)
	}
}
