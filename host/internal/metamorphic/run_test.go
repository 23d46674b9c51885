package metamorphic

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/config"
)

// stage is a run of one way.
type stage struct {
	way
	*testing.T
	ctx     context.Context
	address string
	client  *broker.Client
	dir     string
	hosts   []*running
}

// running is a host that runs.
type running struct {
	*host.Host
	drain chan struct{}
	ended chan error
}

// patience bounds a run, of which each takes about a second.
const patience = time.Minute

// run runs the input in one way and says what is wrong with what came out.
func (w way) run(t *testing.T) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := &stage{way: w, T: t, ctx: ctx, dir: t.TempDir()}
	topics := []broker.Topic{{Name: "in", Partitions: partitions}, {Name: "out", Partitions: partitions}, {Name: "dead", Partitions: partitions}}
	b, client := brokertest.Start(t, topics...)
	s.address, s.client = b.Addr(), client
	s.write(guests('a'))
	inputs := inputsOf(w.Seed, w.Events)
	half := len(inputs) / 2
	r := &result{reloadedAt: len(inputs)}

	s.feed(inputs[:half/2])
	s.start()
	s.await(half / 2)
	s.feed(inputs[half/2 : half])
	for range w.Hosts - 1 {
		s.start()
	}
	if w.Leave && w.Hosts > 1 {
		s.stop(s.hosts[0])
		s.hosts = s.hosts[1:]
	}
	if w.Reload {
		s.write(guests('b'))
		for _, h := range s.hosts {
			if done, err := h.Reload(ctx); err != nil || !done.Changed() {
				t.Fatalf("reload: %v, %v", done, err)
			}
		}
		r.reloadedAt = half
	}
	s.feed(inputs[half:])
	s.await(len(inputs))
	for _, h := range s.hosts {
		s.stop(h)
	}
	r.out, r.dead = s.read("out"), s.read("dead")
	return r.check(inputs, w.Ordering != "none")
}

// write puts the modules into their files.
func (s *stage) write(modules map[string][]byte) {
	s.Helper()
	for name, module := range modules {
		file := filepath.Join(s.dir, name)
		if err := os.WriteFile(file+".new", module, 0o600); err != nil {
			s.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			s.Fatal(err)
		}
	}
}

// start runs another host.
func (s *stage) start() {
	s.Helper()
	file := filepath.Join(s.dir, fmt.Sprintf("weir-%d.yaml", len(s.hosts)))
	if err := os.WriteFile(file, []byte(s.configuration(s.address, s.dir, len(s.hosts))), 0o600); err != nil {
		s.Fatal(err)
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	if err := faults.Err(); err != nil {
		s.Fatal(err)
	}
	h, err := host.New(s.ctx, spec, host.Options{Interpreter: s.Interpreter})
	if err != nil {
		s.Fatal(err)
	}
	r := &running{h, make(chan struct{}), make(chan error, 1)}
	go func() { r.ended <- h.Run(s.ctx, r.drain) }()
	s.hosts = append(s.hosts, r)
}

// stop ends a host in good order.
func (s *stage) stop(r *running) {
	s.Helper()
	close(r.drain)
	if err := <-r.ended; err != nil {
		s.Fatal(err)
	}
	if err := r.Close(s.ctx); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) feed(inputs []input) {
	s.Helper()
	records := make([]broker.Record, len(inputs))
	for i, in := range inputs {
		records[i] = broker.Record{Topic: "in", Key: []byte(in.key), Value: []byte(in.value)}
	}
	if err := s.client.Produce(s.ctx, records...); err != nil {
		s.Fatal(err)
	}
}

// await waits until the group has committed n inputs, of which brokers tell
// nobody.
func (s *stage) await(n int) {
	s.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		committed, err := s.client.Committed(s.ctx, "group", "in")
		if err != nil {
			s.Fatalf("%v\n%v", err, s.way)
		}
		sum := int64(0)
		for _, offset := range committed {
			sum += offset
		}
		if sum >= int64(n) {
			return
		}
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			s.Fatalf("stuck: %d of %d inputs are committed after %v\n%v", sum, n, patience, s.way)
		}
	}
}

func (s *stage) read(topic string) (all []output) {
	s.Helper()
	err := s.client.Read(s.ctx, []string{topic}, func(r *broker.Record) {
		all = append(all, output{string(r.Key), string(r.Value), r.Partition})
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}
