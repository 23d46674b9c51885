package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/brokertest"
	"github.com/weirhq/weir/host/config"
)

// TestPauseOfPipelines pauses one of two pipelines, which goes on where it was
// when it is resumed, and stops while it is paused again.
func TestPauseOfPipelines(t *testing.T) {
	b, client := brokertest.Start(t, broker.Topic{Name: "in", Partitions: 2}, broker.Topic{Name: "held", Partitions: 1}, broker.Topic{Name: "free", Partitions: 1})
	h := loaded(t, fmt.Sprintf(`
connections: {main: {bootstrap_servers: %q}}
pipelines:
  held:
    source: [{topic: in, partitions: 0, group_id: held}, {topic: in, partitions: 1, group_id: held}]
    sink: {topic: held}
  free: {source: {topic: in, group_id: free}, sink: {topic: free}}
`, b.Addr()))
	if err := h.Pause(t.Context(), "helt"); !errors.Is(err, host.ErrNoPipeline) || !strings.Contains(err.Error(), `did you mean "held"?`) {
		t.Errorf("Pause of a pipeline that is not there gives %v", err)
	}
	if err := h.Resume("other"); err == nil || !strings.Contains(err.Error(), "there are: held, free") {
		t.Errorf("Resume of a pipeline that is not there gives %v", err)
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), drain) }()
	write := func() {
		for i := range 10 {
			if err := client.Produce(t.Context(), broker.Record{Topic: "in", Key: []byte{byte(i)}, Value: []byte("v")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	await := func(want ...string) {
		t.Helper()
		var got []string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			got = got[:0]
			for _, s := range h.Samples() {
				got = append(got, fmt.Sprintf("%s %s %d", s.Pipeline, s.State, s.Delivered))
			}
			if fmt.Sprint(got) == fmt.Sprint(want) {
				return
			}
		}
		t.Fatalf("got %v, want %v", got, want)
	}
	write()
	await("held running 10", "free running 10")
	if err := h.Pause(t.Context(), "held"); err != nil {
		t.Fatal(err)
	}
	write()
	await("held paused 10", "free running 20")
	if health := h.Health(); health[0].State != "paused" || health[0].Health != health[1].Health {
		t.Errorf("the health of a paused pipeline is %+v, that of the other %+v", health[0], health[1])
	}
	if err := h.Resume("held"); err != nil {
		t.Fatal(err)
	}
	await("held running 20", "free running 20")
	if err := h.Pause(t.Context(), "held"); err != nil {
		t.Fatal(err)
	}
	close(drain)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	await("held ended 20", "free ended 20")
}

// specOf reads a configuration in which nothing may be wrong.
func specOf(t *testing.T, text string) *host.Spec {
	t.Helper()
	file := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
	if faults.Err() != nil {
		t.Fatal(faults)
	}
	return spec
}

// loaded makes a host of a configuration, for as long as the test.
func loaded(t *testing.T, text string) *host.Host {
	t.Helper()
	h, err := host.New(t.Context(), specOf(t, text), host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}
