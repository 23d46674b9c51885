package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/internal/wasmtest"
)

// The bars of a thousand tenants.
const (
	startBar    = 30 * time.Second
	residentBar = 2.5 * (1 << 30)
)

// settle is how long tenants have a trickle of events before they are measured, so
// that each has instances.
const settle = 20 * time.Second

// dense starts n tenants with a pipeline each, twice: the first time fills the cache
// of compiled modules.
func dense(ctx context.Context, n int, profile string) (err error) {
	dir, err := os.MkdirTemp("", "weir-bench-density-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	j := job{Config: filepath.Join(dir, "weir.yaml"), Profile: profile}
	if err := tenantsOf(ctx, dir, b, n); err != nil {
		return err
	}
	warm, err := startChild(ctx, job{Config: warmConfig(dir)})
	if err != nil {
		return err
	}
	if _, err := warm.stop(); err != nil {
		return err
	}
	c, err := startChild(ctx, j)
	if err != nil {
		return err
	}
	starting, err := c.spent()
	if err != nil {
		return err
	}
	fmt.Printf("%d tenants run after %v (bar %v), of which %v of CPU, with %d goroutines\n", n, c.started.Round(100*time.Millisecond), startBar, starting.Round(100*time.Millisecond), c.goroutines)
	sent, err := trickle(ctx, b.Addr(), n)
	if err != nil {
		return err
	}
	before, err := c.spent()
	if err != nil {
		return err
	}
	time.Sleep(settle / 2)
	after, err := c.spent()
	if err != nil {
		return err
	}
	rss, err := c.resident()
	if err != nil {
		return err
	}
	fmt.Printf("resident %.2f GiB (bar %.1f): %.0f KiB a tenant; idle: %.0f %% of a core\n", float64(rss)/(1<<30), residentBar/(1<<30), float64(rss)/1024/float64(n), 100*(after-before).Seconds()/(settle/2).Seconds())
	used, err := c.stop()
	events, instances := uint64(0), 0
	for _, u := range used {
		events += u.Events
		if u.Fuel > 0 {
			instances++
		}
	}
	fmt.Printf("%d of %d events were read, by modules of %d tenants\n", events, sent, instances)
	return err
}

func tenantsOf(ctx context.Context, dir string, b *broker.Broker, n int) error {
	client, err := b.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	folder := filepath.Join(dir, "tenants.d")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "m.wasm"), wasmtest.Upper(64).Bytes(), 0o600); err != nil {
		return err
	}
	main := fmt.Sprintf("connections: {main: {bootstrap_servers: %q}}\n", b.Addr())
	if err := os.WriteFile(filepath.Join(dir, "weir.yaml"), []byte(main+"tenants: tenants.d\n"), 0o600); err != nil {
		return err
	}
	one := main + "pipelines: {p: {source: {topic: t0.in, group_id: warm}, processors: [{module: m.wasm}], sink: {topic: t0.out}}}\n"
	if err := os.WriteFile(warmConfig(dir), []byte(one), 0o600); err != nil {
		return err
	}
	for i := range n {
		name := fmt.Sprintf("t%d", i)
		text := fmt.Sprintf("pipelines:\n  p:\n    source: {topic: %s.in, auto_offset_reset: earliest}\n    processors: [{module: ../m.wasm}]\n    sink: {topic: %s.out}\n", name, name)
		if err := os.WriteFile(filepath.Join(folder, name+".yaml"), []byte(text), 0o600); err != nil {
			return err
		}
		for _, topic := range []string{name + ".in", name + ".out"} {
			if err := client.CreateTopic(ctx, broker.Topic{Name: topic, Partitions: 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

func warmConfig(dir string) string { return filepath.Join(dir, "warm.yaml") }

// trickle sends each tenant an event every few seconds for a while.
func trickle(ctx context.Context, addr string, n int) (sent int, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	for end := time.Now().Add(settle); time.Now().Before(end); {
		for i := range n {
			client.Produce(ctx, &kgo.Record{Topic: fmt.Sprintf("t%d.in", i), Value: []byte("hello")}, nil)
		}
		if err := client.Flush(ctx); err != nil {
			return sent, err
		}
		sent += n
		time.Sleep(settle / 4)
	}
	return sent, nil
}
