package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

// TestRedrive lets orders fail under a wrong config, finds out why, and gives
// them again under the right one: each arrives once, in the order of its key.
func TestRedrive(t *testing.T) {
	const orders, keys = 3_000, 7
	broker := kafkatest.Real(t)
	broker.CreateTopics(t, 3, "redrive-in", "redrive-heavy", "redrive-light", "redrive-dead")
	client := broker.Client(t, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	var records []*kgo.Record
	for i := range orders {
		records = append(records, &kgo.Record{
			Topic: "redrive-in", Key: fmt.Append(nil, "key", i%keys), Value: fmt.Appendf(nil, `{"size":%d,"number":%d}`, i%20, i),
		})
	}
	kafkatest.Produce(t, client, records...)
	config := func(field string) string {
		return writeFile(t, field+".yaml", fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  redrive:
    source: {topic: redrive-in, group_id: redrive}
    on_error: dead_letter
    processors:
      - {module: "builtin:topic-selector", config: {field: %s, above: redrive-heavy, below: redrive-light}}
    sink: {}
    dead_letter: redrive-dead
`, broker.Addresses, field))
	}
	wrong, right := config("weight"), config("size")
	for _, step := range []struct {
		says string
		args []string
	}{
		{`"dead_lettered":3000`, []string{"run", "-c", wrong, "--exit-at-end", "--listen", "off"}},
		{`3000   reject  topic-selector`, []string{"deadletter", "group", "-c", wrong}},
		{`3000 letters given again: 3000 delivered, 0 dropped, 0 dead letters again`, []string{"deadletter", "redrive", "-c", right, "--yes"}},
		{`0 letters to redrive, 3000 redriven before`, []string{"deadletter", "redrive", "-c", right, "--yes"}},
	} {
		code, output := runWeir(t, step.args...)
		if code != 0 || !strings.Contains(output, step.says) {
			t.Fatalf("weir %s ended with %d and does not say %q:\n%s", strings.Join(step.args, " "), code, step.says, output)
		}
	}

	seen := map[string]bool{}
	last := map[string]int{}
	broker.ReadAll(t, func(r *kgo.Record) {
		var size, number int
		if _, err := fmt.Sscanf(string(r.Value), `{"size":%d,"number":%d}`, &size, &number); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		lane := r.Topic + " " + string(r.Key)
		if before, ok := last[lane]; ok && number <= before {
			t.Errorf("%s: %d after %d", lane, number, before)
		}
		last[lane] = number
		if seen[string(r.Value)] {
			t.Errorf("%s is there twice", r.Value)
		}
		seen[string(r.Value)] = true
	}, "redrive-heavy", "redrive-light")
	if len(seen) != orders {
		t.Errorf("%d orders arrived, want %d", len(seen), orders)
	}
}
