package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/internal/wasmtest"
)

// The misbehaviours, each a pipeline of the tenant bad.
var misbehaviours = map[string]*wasmtest.Module{
	"loop": wasmtest.Guest(func(wasmtest.Imports) []byte { return wasmtest.PerEvent(wasmtest.Forever()) }),
	"bomb": wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.PerEvent(wasmtest.Forever(wasmtest.I32(16), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.Eq, wasmtest.If(wasmtest.Unreachable)))
	}),
	"flood": wasmtest.Guest(func(f wasmtest.Imports) []byte {
		return wasmtest.PerEvent(wasmtest.Forever(wasmtest.I32(int32(abi.LevelError)), wasmtest.I32(64), wasmtest.I32(64), wasmtest.Call(f.Log)))
	}),
	"stray":    wasmtest.Route("good.out"),
	"replaced": wasmtest.Passthrough(),
}

// only is the one misbehaviour that has work; empty is all.
var only string

// partitions of every topic.
const partitions = 2

// warm is how long the good tenant is fed before it is measured: what starts at once
// at the beginning is no daily business.
const warm = 2 * time.Second

// stock is how many events each misbehaving pipeline has to go at, more than it gets
// through.
const stock = 200_000

// figures are those of one round of the well-behaved tenant.
type figures struct {
	rate float64       // events a second that came
	p99  time.Duration // from before an event was sent until it was read
	used []host.TenantUsage
}

func fair(ctx context.Context, rounds, rate int, lasting time.Duration) error {
	dir, err := os.MkdirTemp("", "weir-bench-tenants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var rates, latencies []float64
	for n := range rounds {
		var of [2]figures
		for i, bad := range []bool{false, true} {
			if of[i], err = round(ctx, filepath.Join(dir, fmt.Sprint(n, i)), bad, rate, lasting); err != nil {
				return err
			}
			fmt.Printf("round %d, %s: %.0f events/s, p99 %v\n", n+1, []string{"alone     ", "with other"}[i], of[i].rate, of[i].p99.Round(10*time.Microsecond))
		}
		for _, u := range of[1].used {
			fmt.Printf("  %s: CPU %v, waited %v for it, %d of fuel, %d log lines suppressed\n", u.Name, u.CPU.Round(time.Millisecond), u.WaitedCPU.Round(time.Millisecond), u.Fuel, u.Suppressed)
		}
		rates = append(rates, of[1].rate/of[0].rate)
		latencies = append(latencies, float64(of[1].p99)/float64(of[0].p99))
	}
	fmt.Printf("\nwith the other tenant, to alone (median of %d): events/s %.2f (bar 0.90), p99 %.2f (bar 2.00); outputs unchanged\n", rounds, median(rates), median(latencies))
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// round runs both tenants, the bad one with work or without, and measures the good
// one, whose outputs have to be its inputs.
func round(ctx context.Context, dir string, bad bool, rate int, lasting time.Duration) (_ figures, err error) {
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	client, err := b.Client()
	if err != nil {
		return figures{}, err
	}
	defer client.Close()
	j, err := prepare(ctx, dir, b.Addr(), client, bad)
	if err != nil {
		return figures{}, err
	}
	c, err := startChild(ctx, j)
	if err != nil {
		return figures{}, err
	}
	f, err := feed(ctx, b.Addr(), rate, lasting)
	used, e := c.stop()
	f.used = used
	return f, errors.Join(err, e)
}

// prepare writes modules and configuration, and makes the topics.
func prepare(ctx context.Context, dir, addr string, client *broker.Client, bad bool) (job, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return job{}, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "connections: {main: {bootstrap_servers: %q}}\ntenants:\n  good:\n    pipelines:\n      p: {source: {topic: good.in, auto_offset_reset: earliest}, processors: [{module: good.wasm}], sink: {topic: good.out, linger_ms: 0}}\n", addr)
	text.WriteString("  bad:\n    quota: {memory: 256MiB, log_lines_per_second: 100, events_per_second: 20000}\n    pipelines:\n")
	modules := map[string][]byte{"good": wasmtest.Upper(math.MaxInt32).Bytes()}
	topics := []string{"good.in", "good.out", "bad.out", "bad.dead"}
	for name, m := range misbehaviours {
		modules[name] = m.Bytes()
		topics = append(topics, "bad."+name)
		fmt.Fprintf(&text, "      %s: {source: {topic: bad.%s, auto_offset_reset: earliest}, processors: [{module: %s.wasm}], sink: {topic: bad.out}, on_error: drop}\n", name, name, name)
	}
	for n := range 2 { // two versions of one module
		m := wasmtest.Passthrough()
		m.Custom("version", fmt.Sprint(n))
		modules[fmt.Sprintf("replaced.wasm.%d", n)] = m.Bytes()
	}
	for name, m := range modules {
		if !strings.Contains(name, ".") {
			name += ".wasm"
		}
		if err := os.WriteFile(filepath.Join(dir, name), m, 0o600); err != nil {
			return job{}, err
		}
	}
	for _, topic := range topics {
		if err := client.CreateTopic(ctx, broker.Topic{Name: topic, Partitions: partitions}); err != nil {
			return job{}, err
		}
	}
	j := job{Config: filepath.Join(dir, "weir.yaml")}
	if err := os.WriteFile(j.Config, []byte(text.String()), 0o600); err != nil || !bad {
		return j, err
	}
	if only == "" || only == "replaced" {
		j.Replace = []string{filepath.Join(dir, "replaced.wasm")}
	}
	return j, fill(ctx, addr)
}

// fill gives the misbehaving pipelines their stock.
func fill(ctx context.Context, addr string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		return err
	}
	defer client.Close()
	value := []byte(strings.Repeat("x", 100))
	for name := range misbehaviours {
		if only != "" && name != only {
			continue
		}
		for range stock {
			client.Produce(ctx, &kgo.Record{Topic: "bad." + name, Value: value}, nil)
		}
	}
	return client.Flush(ctx)
}

// feed sends events of the good tenant at a rate and reads what comes of them. An
// event's value is its number and when it was sent; the module leaves bytes that are no
// letters.
func feed(ctx context.Context, addr string, rate int, lasting time.Duration) (figures, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("good.out"), kgo.ProducerLinger(0),
		kgo.FetchMaxWait(100*time.Millisecond), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		return figures{}, err
	}
	defer client.Close()
	began := time.Now()
	total := int((warm + lasting).Seconds() * float64(rate))
	go func() {
		for n := range total {
			if wait := time.Until(began.Add(time.Duration(n) * time.Second / time.Duration(rate))); wait > 0 {
				time.Sleep(wait)
			}
			// Numbers in nibbles, so that no byte is a letter.
			client.Produce(ctx, &kgo.Record{Topic: "good.in", Value: append(nibbles(uint64(n)), nibbles(uint64(time.Since(began)))...)}, nil)
		}
	}()
	return collect(ctx, client, began, total, int(warm.Seconds()*float64(rate)))
}

// collect reads the outputs until all have come, each once and unchanged. Those of the
// first events are not measured.
func collect(ctx context.Context, client *kgo.Client, began time.Time, total, first int) (figures, error) {
	seen := make([]bool, total)
	latencies := make([]time.Duration, 0, total)
	var last time.Time
	for came := 0; came < total; {
		within, cancel := context.WithTimeout(ctx, 30*time.Second)
		fetches := client.PollFetches(within)
		cancel()
		if err := fetches.Err(); err != nil {
			return figures{}, fmt.Errorf("%d of %d outputs came: %w", came, total, err)
		}
		last = time.Now()
		for r := range fetches.RecordsAll() {
			if len(r.Value) != 32 {
				return figures{}, fmt.Errorf("an output of %q", r.Value)
			}
			n := number(r.Value[:16])
			if n >= uint64(total) || seen[n] {
				return figures{}, fmt.Errorf("output %d came twice, or from nowhere", n)
			}
			seen[n] = true
			if came++; n < uint64(first) {
				continue
			}
			latencies = append(latencies, last.Sub(began)-time.Duration(number(r.Value[16:])))
		}
	}
	slices.Sort(latencies)
	return figures{rate: float64(total) / last.Sub(began).Seconds(), p99: latencies[len(latencies)*99/100]}, nil
}

func nibbles(n uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	out := make([]byte, 0, 16)
	for _, c := range b {
		out = append(out, c>>4, c&15)
	}
	return out
}

func number(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<4 | uint64(c)
	}
	return n
}
