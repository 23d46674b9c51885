package metamorphic

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// way is one way to run the input.
type way struct {
	Seed uint64
	// Events are the input, half of it there before anything changes.
	Events int
	// Hosts run in the end. Of these, the first runs from the start, and with
	// Leave it goes in the middle.
	Hosts int
	Leave bool
	// Reload says that the module is replaced in the middle.
	Reload      bool
	ExactlyOnce bool
	Interval    time.Duration
	Interpreter bool
	// Poll and InFlight bound what is read at once, and so the batches.
	Poll, InFlight int
	Linger         time.Duration
	Buffer         int
	Assignor       string
	Compression    string
	Ordering       string
	Lanes          int
}

// draw makes the way of a seed.
func draw(seed uint64) way {
	r := rand.New(rand.NewPCG(seed, 7))
	return way{
		Seed:        seed,
		Events:      200 + r.IntN(400),
		Hosts:       1 + r.IntN(3),
		Leave:       r.IntN(2) == 0,
		Reload:      r.IntN(3) > 0,
		ExactlyOnce: r.IntN(2) == 0,
		Interval:    []time.Duration{10, 50, 200}[r.IntN(3)] * time.Millisecond,
		Interpreter: r.IntN(3) == 0,
		Poll:        []int{1, 7, 64, 10_000}[r.IntN(4)],
		InFlight:    []int{16, 300, 50_000}[r.IntN(3)],
		Linger:      []time.Duration{0, 1, 20}[r.IntN(3)] * time.Millisecond,
		Buffer:      []int{8, 500, 50_000}[r.IntN(3)],
		Assignor:    []string{"cooperative-sticky", "range,roundrobin"}[r.IntN(2)],
		Compression: []string{"none", "lz4", "zstd"}[r.IntN(3)],
		Ordering:    []string{"partition", "key", "none"}[r.IntN(3)],
		Lanes:       1 + r.IntN(6),
	}
}

func (w way) String() string {
	type plain way
	return fmt.Sprintf("%+v", plain(w))
}

const partitions = 4

// configuration is that of one host.
func (w way) configuration(broker, module string, host int) string {
	delivery, id, commits := "at_least_once", "", "\n      auto.commit.interval.ms: 50"
	ordering := w.Ordering
	if ordering != "partition" {
		ordering += fmt.Sprintf("\n    lanes: %d", w.Lanes)
	}
	if w.ExactlyOnce {
		delivery = fmt.Sprintf("exactly_once\n    transaction_interval: %v", w.Interval)
		id, commits = fmt.Sprintf("transactional_id: host-%d, ", host), ""
	}
	return fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  p:
    delivery: %s
    ordering: %s
    source:
      topic: in
      group_id: group
      max_poll_records: %d
      max_in_flight_records: %d
      partition.assignment.strategy: %q
      heartbeat.interval.ms: 50
      fetch.wait.max.ms: 20%s
    on_error: dead_letter
    processors:
      - {module: %q, name: guard}
      - {module: %q, name: version}
      - {module: %q, name: double}
    sink: {topic: out, %slinger.ms: %d, compression.type: %s, queue.buffering.max.messages: %d}
    dead_letter: {topic: dead}
`, broker, delivery, ordering, w.Poll, w.InFlight, w.Assignor, commits, module+"/guard.wasm", module+"/version.wasm", module+"/double.wasm",
		id, w.Linger.Milliseconds(), w.Compression, w.Buffer)
}
