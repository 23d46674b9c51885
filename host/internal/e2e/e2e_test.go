// Package e2e proves weir's promises with the real binary on a real Apache
// Kafka, and with librdkafka on the other end.
//
// The tests run only with WEIR_REAL_KAFKA=1; see kafkatest. Each makes topics
// and a group of its own on the one broker, so they do not disturb each other.
package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/host/internal/kafkatest"
)

func TestMain(m *testing.M) { os.Exit(kafkatest.Main(m)) }

// patience is how long a test waits for what must come: above the group's
// session timeout, on a machine that is busy with other things.
const patience = 45 * time.Second

// weir is a running `weir run`.
type weir struct {
	*kafkatest.Process
	admin string // host:port
}

// startWeir runs a configuration file, until a pipeline stops.
func startWeir(t *testing.T, config string, args ...string) *weir {
	t.Helper()
	w := &weir{admin: freeAddress(t)}
	args = append([]string{"run", "--config", config, "--exit-on-stop", "--listen", w.admin}, args...)
	w.Process = kafkatest.Start(t, kafkatest.Weir(t), args...)
	return w
}

// runWeir runs a command that ends by itself and returns its exit code and
// what it printed.
func runWeir(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	p := kafkatest.Start(t, kafkatest.Weir(t), args...)
	code = p.Wait(t, patience)
	return code, p.Output()
}

// stop asks weir to drain and demands that it ends well. A process that does
// not serve yet may not know of signals yet.
func (w *weir) stop(t *testing.T) {
	t.Helper()
	eventually(t, "weir to serve", func() bool { return w.Exited() || get(w, "/healthz") != "" })
	w.Terminate(t)
	if code := w.Wait(t, patience); code != 0 {
		t.Fatalf("weir ended with exit code %d after SIGTERM, want 0", code)
	}
}

// delivered is weir_events_delivered_total over all pipelines of the process,
// 0 while it cannot be read.
func (w *weir) delivered() int64 {
	response, err := http.Get("http://" + w.admin + "/metrics")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var sum float64
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(name, "weir_events_delivered_total{") {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			sum += n
		}
	}
	return int64(sum)
}

// awaitDelivered waits until the process has delivered so many events since
// its start.
func (w *weir) awaitDelivered(t *testing.T, count int64) {
	t.Helper()
	eventually(t, fmt.Sprintf("weir to deliver %d events", count), func() bool {
		if w.Exited() {
			t.Fatalf("weir ended by itself; its output:\n%s", w.Output())
		}
		return w.delivered() >= count
	})
}

// eventually asks until the answer is yes, at the pace of a process outside
// that gives no other sign.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		<-ticker.C
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// writeFile writes a file into a folder of the test's own and returns its path.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// copyConfig is a pipeline from one topic to another without a processor,
// with the group's shortest session, so that a killed member is missed soon.
func copyConfig(broker *kafkatest.Broker, group, input, output string) string {
	return fmt.Sprintf(`
connections:
  kafka:
    bootstrap_servers: %q
pipelines:
  copy:
    source:
      topic: %s
      group_id: %s
      session.timeout.ms: 6000
      heartbeat.interval.ms: 500
      max_poll_records: 500
      auto.commit.interval.ms: 100
    sink:
      topic: %s
`, broker.Addresses, input, group, output)
}
