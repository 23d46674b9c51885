package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
)

type fixture struct {
	*Server
	pipelines atomic.Pointer[[]Pipeline]
	served    chan error
}

func serve(t *testing.T, metrics http.HandlerFunc) *fixture {
	t.Helper()
	f := &fixture{served: make(chan error, 1)}
	f.pipelines.Store(&[]Pipeline{})
	s, err := Listen(Config{
		Listen:    "127.0.0.1:0",
		Metrics:   metrics,
		Pipelines: func() []Pipeline { return *f.pipelines.Load() },
		Log:       zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Server = s
	go func() { f.served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + f.Addr() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestReadyz(t *testing.T) {
	f := serve(t, http.NotFound)
	for _, tt := range []struct {
		name      string
		pipelines []Pipeline
		status    int
		body      string
	}{
		{"none", nil, 503,
			`{"status":"not ready","reasons":["no pipeline has been set up yet"],"pipelines":[]}`},
		{"starting", []Pipeline{{"a", "running", "", Up}, {"b", "starting", "", Waiting}}, 503,
			`{"status":"not ready","reasons":["pipeline b is starting"],"pipelines":[{"name":"a","state":"running"},{"name":"b","state":"starting"}]}`},
		{"running", []Pipeline{{"a", "running", "", Up}}, 200,
			`{"status":"ready","pipelines":[{"name":"a","state":"running"}]}`},
		{"degraded", []Pipeline{{"a", "degraded", "in[3] cannot be read", Degraded}}, 200,
			`{"status":"degraded","reasons":["pipeline a is degraded: in[3] cannot be read"],"pipelines":[{"name":"a","state":"degraded","reason":"in[3] cannot be read"}]}`},
		{"one down", []Pipeline{{"a", "running", "", Up}, {"b", "stopped", "no access", Down}}, 200,
			`{"status":"degraded","reasons":["pipeline b is stopped: no access"],"pipelines":[{"name":"a","state":"running"},{"name":"b","state":"stopped","reason":"no access"}]}`},
		{"all down", []Pipeline{{"a", "ended", "", Down}, {"b", "stopped", "no access", Down}}, 503,
			`{"status":"not ready","reasons":["pipeline a is ended","pipeline b is stopped: no access"],"pipelines":[{"name":"a","state":"ended"},{"name":"b","state":"stopped","reason":"no access"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.pipelines.Store(&tt.pipelines)
			status, body := f.get(t, "/readyz")
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if diff := cmp.Diff(tt.body+"\n", body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "weir_x 1\n") })
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/healthz": {200, `{"status":"alive"}`},
		"/metrics": {200, "weir_x 1"},
		"/":        {200, "/readyz"},
		"/nothing": {404, "404 page not found"},
	} {
		if status, body := f.get(t, path); status != want.status || !strings.Contains(body, want.body) {
			t.Errorf("%s: %d %q, want %d with %q", path, status, body, want.status, want.body)
		}
	}
}

func TestPortTaken(t *testing.T) {
	f := serve(t, http.NotFound)
	_, err := Listen(Config{Listen: f.Addr(), Log: zap.NewNop()})
	if !errors.Is(err, ErrPortTaken) {
		t.Fatalf("error %v, want ErrPortTaken", err)
	}
	if !strings.Contains(err.Error(), f.Addr()) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("error %q names no address or no remedy", err)
	}
}

// Close waits for a running request, and Serve then returns nil.
func TestCloseIsGraceful(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	f := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "whole")
	})
	body := make(chan string, 1)
	go func() {
		_, b := f.get(t, "/metrics")
		body <- b
	}()
	<-entered
	closed := make(chan error, 1)
	go func() { closed <- f.Close(context.Background()) }()
	if err := <-f.served; err != nil {
		t.Errorf("serve: %v", err)
	}
	select {
	case err := <-closed:
		t.Fatalf("closed under a running request: %v", err)
	default:
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if got := <-body; got != "whole" {
		t.Errorf("body %q, want whole", got)
	}
}

// When ctx ends first, Close cuts.
func TestCloseCuts(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	f := serve(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})
	go func() {
		resp, err := http.Get("http://" + f.Addr() + "/metrics")
		if err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := f.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want DeadlineExceeded", err)
	}
}
