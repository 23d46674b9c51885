package kafkatest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// Gate is the environment variable that lets tests use a real Kafka when it
// is "1".
const Gate = "WEIR_REAL_KAFKA"

// real is the broker that Main started for the package's tests.
var real *Broker

// Main runs the tests of a package with a real Kafka behind Real and returns
// the exit code for os.Exit. Without the gate it runs them too, says which
// package skips what, and starts nothing.
func Main(m *testing.M) int {
	defer removeWeir()
	if os.Getenv(Gate) != "1" {
		fmt.Fprintf(os.Stderr, "SKIPPED: the tests on a real Kafka did not run; set %s=1 (needs java 17 and mvn)\n", Gate)
		return m.Run()
	}
	script, err := newScript()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer script.remove()
	defer script.removeOnSignal()()
	if real, err = script.start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Real returns the broker that Main started, and skips the test when there is
// none because the gate is closed.
func Real(tb testing.TB) *Broker {
	tb.Helper()
	if os.Getenv(Gate) != "1" {
		tb.Skipf("SKIPPED: needs a real Kafka; set %s=1", Gate)
	}
	if real == nil {
		tb.Fatal("no real Kafka: the package's TestMain must call kafkatest.Main")
	}
	return real
}

// script is one cluster kept by real-kafka.sh.
type script struct {
	path, dir string
}

func newScript() (*script, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return nil, errors.New("the place of real-kafka.sh is not known: the test binary has no source paths (-trimpath?)")
	}
	dir, err := os.MkdirTemp("", "weir-real-kafka-")
	if err != nil {
		return nil, err
	}
	return &script{path: filepath.Join(filepath.Dir(here), "real-kafka.sh"), dir: dir}, nil
}

func (s *script) start(options ...string) (*Broker, error) {
	listeners, err := s.listeners(options...)
	if err != nil {
		return nil, err
	}
	return &Broker{Addresses: listeners["bootstrap"]}, nil
}

// listeners starts a cluster with options of the script and returns what it
// prints: addresses and files by name.
func (s *script) listeners(options ...string) (map[string]string, error) {
	port, err := freePorts()
	if err != nil {
		return nil, err
	}
	out, err := s.run("start", append([]string{"--port", fmt.Sprint(port)}, options...)...)
	if err != nil {
		return nil, err
	}
	listeners := map[string]string{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			listeners[name] = value
		}
	}
	if listeners["bootstrap"] == "" {
		return nil, fmt.Errorf("real-kafka.sh start printed no bootstrap= line:\n%s", out)
	}
	return listeners, nil
}

// remove stops the cluster and deletes its folder. What cannot be stopped is
// said, not returned: the tests' own result must stand.
func (s *script) remove() {
	if _, err := s.run("stop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := os.RemoveAll(s.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// removeOnSignal makes an interrupted test run take its broker along, which is
// no child of the terminal. The function that it returns ends that.
func (s *script) removeOnSignal() (end func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, interrupted := <-signals; interrupted {
			s.remove()
			os.Exit(1)
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

func (s *script) run(command string, args ...string) (string, error) {
	cmd := exec.Command(s.path, append([]string{command, "--dir", filepath.Join(s.dir, "cluster")}, args...)...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("real-kafka.sh %s: %w\n%s", command, err, log.String())
	}
	return out.String(), nil
}

// freePorts finds the first of free ports as real-kafka.sh takes them: four for
// each of up to three brokers, which are ten apart. Other packages' tests may
// look at the same time, so the search begins at a place of this process's own.
func freePorts() (int, error) {
	const first, span, blocks = 19092, 30, 260
	for i := range blocks {
		base := first + span*((os.Getpid()+i)%blocks)
		if portsFree(base, 24) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no 24 free ports in a row from %d on", first)
}

func portsFree(base, count int) bool {
	for port := base; port < base+count; port++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		if err := listener.Close(); err != nil {
			return false
		}
	}
	return true
}
