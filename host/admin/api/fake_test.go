package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
)

// fakeHost has two pipelines, of two tenants, and fails as it is told.
type fakeHost struct {
	mu     sync.Mutex
	paused map[string]bool
	fail   error
	panics bool
	ends   bool // its taps do, by themselves
}

func (h *fakeHost) Pipelines() []PipelineDetail {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.panics {
		panic("on purpose")
	}
	return []PipelineDetail{h.detail("orders", "shop"), h.detail("clicks", "web")}
}

func (h *fakeHost) Tenants() []Tenant {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.panics {
		panic("on purpose")
	}
	return []Tenant{
		{Name: "shop", Pipelines: 1, Quota: TenantQuota{Weight: 100, CPU: 0.5}, Usage: TenantUsage{Fuel: 9, CPU: 1.5, Waited: Waited{CPU: 2}}},
		{Name: "web", Pipelines: 1, Quota: TenantQuota{Weight: 100}},
	}
}

func (h *fakeHost) detail(name, tenant string) PipelineDetail {
	p := PipelineDetail{
		Pipeline: Pipeline{Name: name, Tenant: tenant, State: "running", Health: Up, Stop: &Stop{Message: "it failed", Event: &Place{Topic: "in"}}, Lag: Lag{Records: 7, Seconds: 1.5}, Events: Events{Consumed: 12, Delivered: 10, InFlight: 2}},
		Delivery: "at_least_once",
		Sources:  []Source{{Connection: "kafka", Group: "g", Topics: []string{"in"}, Partitions: []PartitionLag{{Topic: "in", Records: 7, Seconds: 1.5}}}},
		Processors: []Processor{
			{Name: "route", Kind: "module", Module: "builtin:topic-selector", Digest: "sha256:ab", Failed: map[string]uint64{"reject": 1}, Traps: map[string]uint64{"trap": 1}, Instances: 1, Fuel: 9,
				Shadow: &Shadow{Module: "m.wasm", Digest: "sha256:cd", Compared: 3, Different: map[string]uint64{"value": 1}, Live: ShadowSide{Failed: map[string]uint64{}}, Candidate: ShadowSide{Failed: map[string]uint64{"trap": 1}}}},
			{Name: "sink", Kind: "sink", Failed: map[string]uint64{}},
		},
		Sink: Sink{Connection: "kafka", Topic: "out", Produced: map[string]uint64{"out": 10}},
		Held: Held{Records: 2, Bytes: 20, MaxRecords: 100, MaxBytes: 1000},
	}
	if h.paused[name] {
		p.State = "paused"
	}
	return p
}

func (h *fakeHost) Pause(_ context.Context, pipeline string) error { return h.steer(pipeline, true) }

func (h *fakeHost) Resume(_ context.Context, pipeline string) error { return h.steer(pipeline, false) }

func (h *fakeHost) ClearError(context.Context, string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fail
}

func (h *fakeHost) Tap(ctx context.Context, _ string, want TapQuery, sink TapSink) error {
	h.mu.Lock()
	fail := h.fail
	h.mu.Unlock()
	switch {
	case fail != nil:
		return fail
	case want.Processor != "" && want.Processor != "route":
		return refuse(NoProcessor, "", "no processor is called %q", want.Processor)
	}
	if err := sink.Counts(TapCounts{}); err != nil {
		return err
	}
	value, partition := "a\nb", int32(1)
	for range 3 {
		x := TapExchange{
			Processor: "route", Topic: "in", Before: []TapEvent{{Value: &value, Key: want.Key}},
			After:   []TapEvent{{ValueBase64: []byte{0xff}, Partition: &partition, Headers: []TapHeader{{Name: "h"}}, Context: map[string]json.RawMessage{"n": json.RawMessage("1")}}},
			Outcome: "failed", Failure: &TapFailure{Class: "reject", Message: want.Where},
		}
		if err := sink.Exchange(x); err != nil {
			return err
		}
	}
	if h.ends {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h *fakeHost) Differences(pipeline string) []Difference {
	if pipeline != "orders" {
		return nil
	}
	return []Difference{{Processor: "route", Kind: "value", Record: Place{Topic: "in", Offset: 5}, Live: "a", Candidate: "b"}}
}

func (h *fakeHost) Seek(context.Context, string, string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fail
}

func (h *fakeHost) Reload(_ context.Context, dry bool) (Reload, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.panics {
		panic("on purpose")
	}
	return Reload{Applied: !dry, Pipelines: []ReloadedPart{{Name: "orders", Action: "swap", Changes: []ReloadChange{{Path: "on_error", Was: "stop", Is: "drop"}}}}}, h.fail
}

func (h *fakeHost) steer(pipeline string, paused bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paused == nil {
		h.paused = map[string]bool{}
	}
	if h.fail == nil {
		h.paused[pipeline] = paused
	}
	return h.fail
}

func (h *fakeHost) failWith(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail = err
}

// serve starts a server, of a fakeHost on a free port of loopback unless cfg says
// otherwise.
func serve(t *testing.T, cfg Config) *Server {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Host == nil {
		cfg.Host = &fakeHost{}
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Version.Version == "" {
		cfg.Version = Version{Version: "v1.2.3", Go: "go1.26"}
	}
	s, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

// plain is a client without anything of its own.
func plain(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

type answer struct {
	status int
	kind   string
	header http.Header
	body   string
}

func send(t *testing.T, c *http.Client, r *http.Request) answer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header, string(body)}
}

func request(t *testing.T, s *Server, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.Addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func word(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

const (
	viewing   = "viewing-viewing-viewing"
	operating = "operating-operating"
	ruling    = "ruling-ruling-ruling"
	shopping  = "shopping-shopping"
)

// everyRole has a token of each kind.
func everyRole() []Token {
	return []Token{
		{Name: "watch", Role: Viewer, Reveal: word(viewing)},
		{Name: "ops", Role: Operator, Reveal: word(operating)},
		{Name: "root", Role: Admin, Reveal: word(ruling)},
		{Name: "shop", Role: Admin, Tenant: "shop", Reveal: word(shopping)},
	}
}
