package host_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/section"
)

// reloaded is a host with a pipeline from in to out through the module in a file.
type reloaded struct {
	t      *testing.T
	file   string
	host   *host.Host
	client *broker.Client
	drain  chan struct{}
	ended  chan error
}

func startReloaded(t *testing.T, module []byte) *reloaded {
	t.Helper()
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 3}, broker.Topic{Name: "out", Partitions: 3})
	r := &reloaded{t: t, file: filepath.Join(t.TempDir(), "m.wasm"), client: client, drain: make(chan struct{}), ended: make(chan error, 1)}
	r.write(module)
	spec := specOf(t, fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
pipelines:
  p:
    source: {topic: in, group_id: reload, max_poll_records: 50}
    processors: [{module: %q}]
    sink: {topic: out}
`, b.Addr(), r.file))
	var err error
	if r.host, err = host.New(t.Context(), spec, host.Options{CacheDir: filepath.Join(t.TempDir(), "cache")}); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.host.Run(context.WithoutCancel(t.Context()), r.drain) }()
	return r
}

func (r *reloaded) write(module []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.file+".new", module, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		r.t.Fatal(err)
	}
}

// stop drains, and returns how the pipeline ended.
func (r *reloaded) stop() error {
	close(r.drain)
	err := <-r.ended
	if err := r.host.Close(context.WithoutCancel(r.t.Context())); err != nil {
		r.t.Error(err)
	}
	return err
}

// TestReloadUnderLoad replaces a module again and again while events flow: each
// event is processed once, by one version, in order.
func TestReloadUnderLoad(t *testing.T) {
	const chunk, reloads = 750, 40
	r := startReloaded(t, wasmtest.SetByte('a').Bytes())
	outputs := make(chan *broker.Record, chunk*reloads)
	ctx, enough := context.WithCancel(t.Context())
	followed := make(chan error, 1)
	go func() {
		followed <- r.client.Follow(ctx, []string{"out"}, func(rec *broker.Record) { outputs <- rec })
	}()
	got, last, versions := 0, map[string]uint32{}, map[byte]int{}
	take := func() {
		rec := <-outputs
		n := binary.BigEndian.Uint32(rec.Value[1:])
		if before, ok := last[string(rec.Key)]; ok && n != before+50 {
			t.Errorf("key %s: %d comes after %d", rec.Key, n, before)
		}
		last[string(rec.Key)] = n
		versions[rec.Value[0]]++
		got++
	}
	for i := range reloads {
		records := make([]broker.Record, chunk)
		for k := range records {
			n := i*chunk + k
			records[k] = broker.Record{Topic: "in", Key: fmt.Append(nil, n%50), Value: binary.BigEndian.AppendUint32([]byte("-"), uint32(n))}
		}
		if err := r.client.Produce(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
		for got <= i*chunk { // until the first of them was made by the module before
			take()
		}
		r.write(wasmtest.SetByte("ba"[i%2]).Bytes())
		done, err := r.host.Reload(t.Context())
		if err != nil || done.String() != "swap p" {
			t.Fatalf("reload %d: %v, %v", i, done, err)
		}
	}
	const events = chunk * reloads
	for got < events {
		take()
	}
	enough()
	if err := <-followed; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if versions['a'] == 0 || versions['b'] == 0 || versions['a']+versions['b'] != events {
		t.Errorf("made by versions: %v", versions)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// TestReloadRefuses gives a running host modules that cannot be used: the old
// one goes on, and the reason has its place.
func TestReloadRefuses(t *testing.T) {
	good := wasmtest.SetByte('a').Bytes()
	r := startReloaded(t, good)
	failing, err := section.Parse(wasmtest.SetByte('b').Bytes())
	if err != nil {
		t.Fatal(err)
	}
	failing.SetCustom("weir.tests", []byte("cases:\n- name: first letter\n  events: [xyz]\n  expect: [cyz]\n"))
	for _, tc := range []struct {
		name   string
		module []byte
		says   string
	}{
		{"not WebAssembly", []byte("#!/bin/sh\n"), "m.wasm"},
		{"cut", good[:len(good)/2], "m.wasm"},
		{"fails its own cases", failing.Bytes(), `1 of the 1 test cases that it carries fail, "first letter": `},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.write(tc.module)
			done, err := r.host.Reload(t.Context())
			if err == nil || done != nil || !strings.Contains(err.Error(), "weir.yaml:6:18: pipelines.p: processor m: ") || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("replaced %v, error %v", done, err)
			}
		})
	}
	r.write(good)
	if done, err := r.host.Reload(t.Context()); err != nil || done.Changed() {
		t.Errorf("the same module: replaced %v, error %v", done, err)
	}
	if err := r.client.Produce(t.Context(), broker.Record{Topic: "in", Value: []byte("xyz")}); err != nil {
		t.Fatal(err)
	}
	ctx, enough := context.WithCancel(t.Context())
	if err := r.client.Follow(ctx, []string{"out"}, func(rec *broker.Record) {
		if string(rec.Value) != "ayz" {
			t.Errorf("the old module makes %q", rec.Value)
		}
		enough()
	}); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	processor := r.host.Samples()[0].Processors[0]
	if processor.Reloads != 0 || processor.RefusedReloads != 3 {
		t.Errorf("%d reloads and %d refused", processor.Reloads, processor.RefusedReloads)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}
