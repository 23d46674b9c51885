package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/telemetry"
)

// site is a host whose configuration file changes.
type site struct {
	*ward
	dir    string
	broker string
	loads  int
}

// startSite runs a configuration, in which BROKER and DIR stand for those.
func startSite(t *testing.T, text string, topics ...string) *site {
	t.Helper()
	var made []broker.Topic
	for _, name := range topics {
		made = append(made, broker.Topic{Name: name, Partitions: 1})
	}
	b, client := brokertest.Start(t, made...)
	s := &site{ward: &ward{t: t, client: client, drain: make(chan struct{}), ended: make(chan error, 1)}, dir: t.TempDir(), broker: b.Addr()}
	for c := 'a'; c <= 'c'; c++ {
		s.put(string(c)+".wasm", wasmtest.SetByte(byte(c)).Bytes())
	}
	s.write(text)
	spec, err := s.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.host, err = host.New(t.Context(), spec, host.Options{Stay: true, Load: s.load}); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.host.Run(context.WithoutCancel(t.Context()), s.drain) }()
	return s
}

func (s *site) put(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) write(text string) {
	s.t.Helper()
	s.put("weir.yaml", []byte(strings.NewReplacer("BROKER", s.broker, "DIR", s.dir).Replace(text)))
}

func (s *site) load(context.Context) (*host.Spec, error) {
	s.loads++
	spec, faults := host.LoadSpec(config.Load{Files: []string{filepath.Join(s.dir, "weir.yaml")}, Environ: []string{}})
	if faults.Err() != nil {
		return nil, faults
	}
	return spec, nil
}

// reload takes the file, which has to make the plan.
func (s *site) reload(text, plan string) *host.Plan {
	s.t.Helper()
	s.write(text)
	got, err := s.host.Reload(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if got.String() != plan {
		s.t.Fatalf("the plan is %q, want %q", got, plan)
	}
	return got
}

// rebalances counts those of a pipeline.
func (s *site) rebalances(pipeline string) uint64 {
	s.t.Helper()
	p, err := s.host.Pipeline(pipeline)
	if err != nil {
		s.t.Fatal(err)
	}
	return p.Sources[0].Rebalances
}

func (s *site) delivers(pipeline string, count uint64) {
	s.t.Helper()
	var names []string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		names = nil
		for _, sample := range s.host.Samples() {
			if names = append(names, fmt.Sprint(sample.Pipeline, " ", sample.State, " ", sample.Delivered)); sample.Pipeline == pipeline && sample.Delivered == count && sample.State == telemetry.Running {
				return
			}
		}
	}
	s.t.Fatalf("pipeline %s never delivers %d events: %v", pipeline, count, names)
}

const siteHead = "connections: {main: {bootstrap_servers: \"BROKER\"}}\ntopics: {on_start: off}\npipelines:\n"

// TestReloadConfiguration changes a configuration step by step, while a pipeline
// that has nothing to do with it goes on untouched.
func TestReloadConfiguration(t *testing.T) {
	const still = "  still: {source: {topic: still, group_id: still}, processors: [{name: m, module: DIR/a.wasm}], sink: {topic: out}}\n"
	moving := func(processors, rest string) string {
		return siteHead + still + "  moving: {source: {topic: in, group_id: moving}, processors: [" + processors + "], " + rest + "}\n"
	}
	s := startSite(t, moving("{name: m, module: DIR/a.wasm}", "sink: {topic: first}"), "still", "in", "out", "first", "second", "dead")
	s.send("still", "-1")
	s.send("in", "-1")
	s.delivers("still", 1)
	s.delivers("moving", 1)
	before := s.rebalances("moving")

	plan := s.reload(moving("{name: m, module: DIR/b.wasm}", "sink: {topic: first}"), "swap moving")
	want := []host.PipelinePlan{{Name: "still", Action: host.Keep, Changes: []host.Change{}},
		{Name: "moving", Action: host.Swap, Changes: []host.Change{{Path: "processors.m.module", Was: s.dir + "/a.wasm", Is: s.dir + "/b.wasm"}}}}
	if diff := cmp.Diff(want, plan.Pipelines); diff != "" {
		t.Errorf("plan (-want +got)\n%s", diff)
	}
	s.send("in", "-2")
	s.delivers("moving", 2)
	s.reload(moving("{name: m, module: DIR/b.wasm}, {name: k, key_filter: {keys: [none], on_missing: drop}}", "sink: {topic: first}"), "swap moving")
	s.send("in", "-3")
	s.await(1, telemetry.Running, 0)
	s.consumes("moving", 3)
	s.reload(moving("{name: m, module: DIR/b.wasm, on_error: drop}, {name: n, module: DIR/c.wasm}", "dead_letter: dead, sink: {topic: first}"), "swap moving")
	s.send("in", "-4")
	s.delivers("moving", 3)
	if after := s.rebalances("moving"); after != before {
		t.Errorf("changes between two batches cost %d rebalances", after-before)
	}
	s.holds("first", "a1", "b2", "c4")

	// Another target: the pipeline is drained and started anew, and goes on where it was.
	s.reload(moving("{name: m, module: DIR/b.wasm}", "sink: {topic: second}"), "restart moving")
	s.send("in", "-5")
	s.delivers("moving", 1)
	s.holds("second", "b5")
	s.reload(siteHead+still+"  new: {source: {topic: in, group_id: new}, processors: [{name: m, module: DIR/c.wasm}], sink: {topic: second}}\n", "add new, remove moving")
	s.delivers("new", 5)
	s.reload(siteHead+still+"  new: {source: {topic: in, group_id: new}, processors: [{name: m, module: DIR/c.wasm}], sink: {topic: second}}\n", "")
	s.send("still", "-2")
	s.delivers("still", 2)
	if n := s.rebalances("still"); n != 1 {
		t.Errorf("the pipeline that nothing touched has seen %d rebalances", n)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s.holds("second", "b5", "c1", "c2", "c3", "c4", "c5")
	if r := s.host.Reloads(); r.Applied != 5 || r.Unchanged != 1 || r.Refused != 0 || !r.Success || r.Last.IsZero() {
		t.Errorf("reloads %+v", r)
	}
}

func (s *site) consumes(pipeline string, count uint64) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, sample := range s.host.Samples() {
			if sample.Pipeline == pipeline && sample.Consumed == count && sample.InFlight == 0 {
				return
			}
		}
	}
	s.t.Fatalf("pipeline %s never takes %d events", pipeline, count)
}

// TestReloadRefusesConfigurations gives a host configurations that cannot be: all
// of it stays as it is, and every fault has its place. A plan of them says the same.
func TestReloadRefusesConfigurations(t *testing.T) {
	good := siteHead + "  p: {source: {topic: in, group_id: g}, processors: [{name: m, module: DIR/a.wasm}], sink: {topic: out}}\n"
	s := startSite(t, good, "in", "out")
	s.send("in", "-1")
	s.delivers("p", 1)
	s.put("refusing.wasm", wasmtest.Refuse("a limit is missing").Bytes())
	s.put("broken.wasm", []byte("\x00asm\x01\x00\x00\x00\x01"))
	digest := s.host.Pipelines()[0].Processors[0].Digest
	for _, tc := range []struct {
		name, from, to string
		says           []string
	}{
		{"not YAML", "pipelines:", "pipelines: [", []string{"weir.yaml"}},
		{"no such option", "group_id: g", "grupp_id: g", []string{"weir.yaml:4:", "grupp_id"}},
		{"no such module", "a.wasm", "z.wasm", []string{"weir.yaml:4:", "z.wasm"}},
		{"a broken module", "a.wasm", "broken.wasm", []string{"weir.yaml:4:", "pipelines.p: processor m: ", "broken.wasm"}},
		{"a module that refuses its config", "a.wasm", "refusing.wasm", []string{"weir.yaml:4:", "a limit is missing"}},
		{"a good pipeline beside a bad one", "  p:", "  q: {source: {topic: out, group_id: q}, sink: {topic: more}}\n  r: {source: {topic: in, group_id: r}, processors: [{module: DIR/broken.wasm}], sink: {topic: out}}\n  p:", []string{"pipelines.r: processor broken"}},
		{"two that are bad", "processors: [{name: m, module: DIR/a.wasm}]", "processors: [{name: m, module: DIR/broken.wasm}, {name: n, module: DIR/refusing.wasm}]", []string{"processor m: ", "processor n: "}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.write(strings.Replace(good, tc.from, tc.to, 1))
			planned, why := s.host.Plan(t.Context(), nil)
			done, err := s.host.Reload(t.Context())
			if err == nil || done != nil || why == nil || planned != nil {
				t.Fatalf("planned %v (%v), done %v (%v)", planned, why, done, err)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) || !strings.Contains(why.Error(), want) {
					t.Errorf("errors %q and of the plan %q do not say %q", err, why, want)
				}
			}
			now := s.host.Pipelines()
			if len(now) != 1 || now[0].Processors[0].Digest != digest || now[0].State != telemetry.Running || now[0].Sources[0].Rebalances != 1 {
				t.Errorf("something has changed: %+v", now)
			}
		})
	}
	if r := s.host.Reloads(); r.Refused != 7 || r.Success {
		t.Errorf("reloads %+v", r)
	}
	s.write(strings.Replace(good, "a.wasm", "b.wasm", 1))
	if plan, err := s.host.Plan(t.Context(), nil); err != nil || plan.String() != "swap p" {
		t.Errorf("a good plan: %v, %v", plan, err)
	}
	s.send("in", "-2")
	s.delivers("p", 2)
	s.reload(strings.Replace(good, "a.wasm", "b.wasm", 1), "swap p")
	s.send("in", "-3")
	s.delivers("p", 3)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s.holds("out", "a1", "a2", "b3")
}

// TestReloadKeepsWhatOperatorsSaid: a pipeline that was paused is so after it was
// started anew, and one that is stopped waits for its error to be cleared.
func TestReloadKeepsWhatOperatorsSaid(t *testing.T) {
	text := siteHead + "  p: {source: {topic: in, group_id: g}, processors: [{name: m, module: DIR/a.wasm}], sink: {topic: TO}}\n"
	s := startSite(t, strings.Replace(text, "TO", "out", 1), "in", "out", "more")
	s.await(0, telemetry.Running, 0)
	if err := s.host.Pause(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	s.reload(strings.Replace(text, "TO", "more", 1), "restart p")
	s.send("in", "-1")
	s.await(0, telemetry.Paused, 0)
	if err := s.host.Resume("p"); err != nil {
		t.Fatal(err)
	}
	s.delivers("p", 1)
	// A stopped pipeline gets the better module and stays stopped until it is cleared.
	s.put("trap.wasm", wasmtest.TrapOn('x').Bytes())
	s.reload(strings.NewReplacer("TO", "more", "a.wasm", "trap.wasm").Replace(text), "swap p")
	s.send("in", "x2")
	s.await(0, telemetry.Stopped, 0)
	s.reload(strings.NewReplacer("TO", "more", "a.wasm", "b.wasm").Replace(text), "swap p")
	s.await(0, telemetry.Stopped, 0)
	if err := s.host.ClearError(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	s.delivers("p", 2)
	took, err := s.host.Takeovers("p", "m")
	if err != nil {
		t.Fatal(err)
	}
	var offsets []int64
	for _, k := range took {
		offsets = append(offsets, k.Offset)
	}
	if !slices.Equal(offsets, []int64{0, 1, 1}) || took[1].Digest == took[2].Digest {
		t.Errorf("took over: %+v", took)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	s.holds("more", "a1", "b2")
}

// TestReloadsGather asks for many reloads at once: those that wait for the one
// that is under way become one.
func TestReloadsGather(t *testing.T) {
	s := startSite(t, siteHead+"  p: {source: {topic: in, group_id: g}, sink: {topic: out}}\n", "in", "out")
	const callers = 50
	errs := make(chan error)
	for range callers {
		go func() {
			_, err := s.host.Reload(t.Context())
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if r := s.host.Reloads(); r.Unchanged == 0 || r.Unchanged > callers || s.loads != 1+int(r.Unchanged) {
		t.Errorf("%d callers: %+v, loaded %d times", callers, r, s.loads)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := s.host.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "the host ends") {
		t.Errorf("a reload after the end gives %v", err)
	}
}
