package host_test

import (
	"context"
	"crypto/sha256"
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
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
)

// storm is a host under load whose configuration changes all the time. Inputs
// have a partition of their own key and count up in it; every version of the module
// writes its number, modulo 256, into the first byte.
type storm struct {
	t      *testing.T
	client *broker.Client
	host   *host.Host
	dir    string
	spec   string

	sent   [stormKeys]uint32
	next   map[string]uint32 // by key, what comes next
	newest map[string]int    // by key, the version of the last
	got    int
	made   map[byte]string // by version, modulo 256, what outputs say of their module
}

const (
	stormKeys  = 6
	stormChunk = 60 // events a reload
)

func startStorm(t *testing.T, delivery string) (s *storm, stop func()) {
	t.Helper()
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 3}, broker.Topic{Name: "out", Partitions: 3})
	s = &storm{t: t, client: client, dir: t.TempDir(), next: map[string]uint32{}, newest: map[string]int{}, made: map[byte]string{}}
	s.spec = fmt.Sprintf(`
connections: {main: {bootstrap_servers: %q}}
topics: {on_start: off}
pipelines:
  p:
    delivery: %s
    source: {topic: in, group_id: g, max_poll_records: 20}
    processors: [{name: m, module: MODULE, CONFIG}]
    sink: {topic: out}
    circuit_breaker: {errors: SHARE%%}
    provenance_header: made-by
`, b.Addr(), delivery)
	s.version("0.wasm", 0)
	spec, err := s.load("0.wasm", 0)
	if err != nil {
		t.Fatal(err)
	}
	if s.host, err = host.New(t.Context(), spec, host.Options{Stay: true}); err != nil {
		t.Fatal(err)
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.host.Run(context.WithoutCancel(t.Context()), drain) }()
	return s, func() {
		close(drain)
		if err := errors.Join(<-ended, s.host.Close(context.Background())); err != nil {
			t.Error(err)
		}
	}
}

func (s *storm) module(name string, content []byte) {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := errors.Join(os.WriteFile(file+".new", content, 0o600), os.Rename(file+".new", file)); err != nil {
		s.t.Fatal(err)
	}
}

// version writes a version of the module into a file.
func (s *storm) version(name string, version byte) {
	s.t.Helper()
	binary := wasmtest.SetByte(version).Bytes()
	s.module(name, binary)
	s.made[version] = fmt.Sprintf("m@sha256:%x", sha256.Sum256(binary))
}

// load makes the configuration of a version: what changes beside the module is
// another setting each time.
func (s *storm) load(module string, version int) (*host.Spec, error) {
	text := strings.NewReplacer("MODULE", filepath.Join(s.dir, module),
		"CONFIG", fmt.Sprintf("limits: {timeout: %ds, fuel_per_event: 1000000, fuel_per_batch: 10000000}", 5+version/2%7), "SHARE", fmt.Sprint(50+version%10)).Replace(s.spec)
	file := filepath.Join(s.dir, "weir.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	return spec, faults.Err()
}

// send writes some more events of every key.
func (s *storm) send(each int) {
	s.t.Helper()
	var records []broker.Record
	for range each {
		for k := range s.sent {
			value := binary.BigEndian.AppendUint32([]byte{'-'}, s.sent[k])
			records = append(records, broker.Record{Topic: "in", Key: []byte{'a' + byte(k)}, Value: value})
			s.sent[k]++
		}
	}
	if err := s.client.Produce(s.t.Context(), records...); err != nil {
		s.t.Error(err)
	}
}

// take judges an output: the next one of its key, by the same version or a newer
// one.
func (s *storm) take(r *broker.Record) {
	key, n := string(r.Key), binary.BigEndian.Uint32(r.Value[1:])
	if n != s.next[key] {
		s.t.Errorf("key %s: %d comes where %d was due", key, n, s.next[key])
	}
	s.next[key] = n + 1
	version := s.newest[key] + int(r.Value[0]-byte(s.newest[key])) // no event is 256 versions behind
	if version-s.newest[key] > 128 {
		s.t.Errorf("key %s: %d was made by an older version than the one before", key, n)
	}
	s.newest[key] = version
	s.got++
	if by := string(r.Header("made-by")); by != s.made[r.Value[0]] {
		s.t.Errorf("key %s: %d was made by version %d and says that %q did, want %q", key, n, r.Value[0], by, s.made[r.Value[0]])
	}
}

// run makes reloads while events flow, each after some output of those before.
func (s *storm) run(reloads int, reload func(i int)) {
	s.t.Helper()
	ctx, enough := context.WithCancel(s.t.Context())
	defer enough()
	outputs := make(chan *broker.Record, 64<<10)
	followed := make(chan error, 1)
	go func() {
		followed <- s.client.Follow(ctx, []string{"out"}, func(r *broker.Record) {
			outputs <- r
		})
	}()
	for i := range reloads {
		s.send(stormChunk / stormKeys)
		for s.got < (i-2)*stormChunk { // some chunks are under way
			s.take(<-outputs)
		}
		reload(i)
	}
	for s.got < reloads*stormChunk {
		s.take(<-outputs)
	}
	enough()
	if err := <-followed; err != nil && !errors.Is(err, context.Canceled) {
		s.t.Error(err)
	}
}

// TestReloadStorm reloads five hundred times under load: the file of the module,
// the configuration, or both are others each time. Nothing is lost, doubled or
// reordered, versions only go up, and no partition moves.
func TestReloadStorm(t *testing.T) {
	for _, tc := range []struct {
		delivery string
		reloads  int
	}{{"at_least_once", 500}, {"exactly_once", 100}} {
		t.Run(tc.delivery, func(t *testing.T) {
			t.Parallel()
			s, stop := startStorm(t, tc.delivery)
			s.run(tc.reloads, func(i int) {
				version := i + 1
				name := fmt.Sprint(version/2, ".wasm") // every second time the file changes under its name
				s.version(name, byte(version))
				spec, err := s.load(name, version)
				if err != nil {
					t.Fatal(err)
				}
				if plan, err := s.host.Apply(t.Context(), spec); err != nil || plan.String() != "swap p" {
					t.Fatalf("reload %d: %v, %v", i, plan, err)
				}
			})
			if p := s.host.Pipelines()[0]; p.Sources[0].Rebalances != 1 || p.Restarts != 0 {
				t.Errorf("%d rebalances, %d restarts", p.Sources[0].Rebalances, p.Restarts)
			}
			if r := s.host.Reloads(); r.Applied != uint64(tc.reloads) || r.Refused > 0 {
				t.Errorf("%+v", r)
			}
			took, err := s.host.Takeovers("p", "m")
			if err != nil || len(took) < tc.reloads/2 {
				t.Errorf("%d takeovers are known: %v", len(took), err)
			}
			stop()
			if len(s.newest) != stormKeys || s.newest["a"] < tc.reloads/2 {
				t.Errorf("the newest versions are %v", s.newest)
			}
		})
	}
}

// TestReloadOfHostileModules has every hostile module that is refused take the
// place of a good one, under load: nothing changes, and the host says why. So do
// configurations that are wrong.
func TestReloadOfHostileModules(t *testing.T) {
	t.Parallel()
	s, stop := startStorm(t, "at_least_once")
	var hostile []wasmtest.Hostile
	for _, h := range wasmtest.Corpus() {
		if h.Stage != wasmtest.AtRun {
			hostile = append(hostile, h)
		}
	}
	if len(hostile) < 20 {
		t.Fatalf("only %d hostile modules", len(hostile))
	}
	digest := s.host.Pipelines()[0].Processors[0].Digest
	s.run(2*len(hostile), func(i int) {
		h := hostile[i/2]
		name := "0.wasm" // the file itself, and another in its place
		if i%2 == 1 {
			name = "hostile.wasm"
		}
		s.module(name, h.Bytes())
		spec, err := s.load(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.host.Apply(t.Context(), spec)
		if err == nil || plan != nil || !strings.Contains(err.Error(), h.Message) || !strings.Contains(err.Error(), "weir.yaml:") {
			t.Errorf("%s: %v; error %v, want one that says %q and where", h.Name, plan, err, h.Message)
		}
		s.version("0.wasm", 0)
		if is := s.host.Pipelines()[0].Processors[0].Digest; is != digest {
			t.Fatalf("%s: the module is %s by now", h.Name, is)
		}
	})
	if p := s.host.Pipelines()[0]; p.Sources[0].Rebalances != 1 {
		t.Errorf("%d rebalances", p.Sources[0].Rebalances)
	}
	if r := s.host.Reloads(); r.Refused != uint64(2*len(hostile)) || r.Applied > 0 {
		t.Errorf("%+v", r)
	}
	stop()
}
