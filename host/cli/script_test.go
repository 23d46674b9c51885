package cli

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/plugins"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": func() { os.Exit(Main()) }})
}

// TestScripts runs testdata/script. Beside the usual commands they have:
//
//	exits CODE COMMAND...  run a command that ends with a code
//	broker NAME:N...       start a broker with topics, its address in $WEIR_BROKERS
//	produce TOPIC FILE     write each line to the topic
//	holds TOPIC FILE       the topic holds the lines, in any order
//	registry VAR FILE      start a registry of modules, its address in $VAR, and
//	                       write a configuration that reaches it
//	freeport VAR           an address that nobody listens on
//	listening ADDR         wait until somebody does; unix:PATH is a socket
//	awaits RE COMMAND...   run a command until its standard output matches
//	probes ADDR PATH RE    get an endpoint until its answer matches
//	clearerrors            send SIGUSR1 to what runs in the background
//	builtin NAME FILE [N]  write a ready-made module, or its first N bytes
//	trapping FILE          write a module that traps at a value that begins with x
//	endless FILE           write a module that loops for ever at a value of "loop"
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "broker": startBroker, "produce": produceLines, "holds": holdsLines,
			"freeport": freePort, "listening": listening, "awaits": awaits, "probes": probes, "clearerrors": clearErrors, "registry": startRegistry, "builtin": writeBuiltin, "trapping": writeTrapping, "endless": writeEndless,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// clients are those of the brokers that scripts started, by address. Scripts
// run at the same time.
var clients sync.Map

func startBroker(ts *testscript.TestScript, _ bool, args []string) {
	topics, err := parseTopics(args)
	ts.Check(err)
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Topics: topics})
	ts.Check(err)
	client, err := b.Client()
	ts.Check(err)
	clients.Store(b.Addr(), client)
	ts.Setenv("WEIR_BROKERS", b.Addr())
	ts.Defer(func() {
		clients.Delete(b.Addr())
		client.Close()
		ts.Check(b.Close())
	})
}

func client(ts *testscript.TestScript) *broker.Client {
	c, ok := clients.Load(ts.Getenv("WEIR_BROKERS"))
	if !ok {
		ts.Fatalf("start a broker first")
	}
	return c.(*broker.Client)
}

func produceLines(ts *testscript.TestScript, _ bool, args []string) {
	var records []broker.Record
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		records = append(records, broker.Record{Topic: args[0], Value: []byte(strings.TrimSuffix(line, "\n"))})
	}
	ts.Check(client(ts).Produce(context.Background(), records...))
}

func holdsLines(ts *testscript.TestScript, _ bool, args []string) {
	got, want := []string{}, []string{}
	ts.Check(client(ts).Read(context.Background(), args[:1], func(r *broker.Record) { got = append(got, string(r.Value)) }))
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		want = append(want, strings.TrimSuffix(line, "\n"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("topic %s (-want +got):\n%s", args[0], diff)
	}
}

func startRegistry(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	ts.Defer(server.Close)
	addr := server.Listener.Addr().String()
	ts.Setenv(args[0], addr)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("modules: {hosts: {\""+addr+"\": {plain_http: true}}}\n"), 0o600))
}

func freePort(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

// listening polls: a process of its own gives no other sign.
func listening(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	network, address := "tcp", args[0]
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", ts.MkAbs(path)
	}
	for range 500 {
		var conn net.Conn
		if conn, err = net.Dial(network, address); err == nil {
			ts.Check(conn.Close())
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("nobody listens: %v", err)
}

// awaits is for what another process does and tells nobody of.
func awaits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: awaits RE COMMAND...")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for range 500 {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%q is never true of the output", args[0])
}

func probes(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: probes ADDR PATH RE")
	}
	want, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	var body []byte
	for range 500 {
		if response, err := http.Get("http://" + args[0] + args[1]); err == nil {
			body, err = io.ReadAll(response.Body)
			ts.Check(errors.Join(err, response.Body.Close()))
			if want.Match(body) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%q is never true of %s, which is %s", args[2], args[1], body)
}

func clearErrors(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(clearSignals[0]))
	}
}

func writeEndless(ts *testscript.TestScript, _ bool, args []string) {
	guest := wasmtest.Guest(func(wasmtest.Imports) []byte {
		return wasmtest.PerEvent(wasmtest.On('l', wasmtest.Forever()))
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), guest.Bytes(), 0o600))
}

func writeBuiltin(ts *testscript.TestScript, _ bool, args []string) {
	module, ok := plugins.Lookup(args[0])
	if !ok {
		ts.Fatalf("no builtin %s", args[0])
	}
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		module = module[:n]
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), module, 0o600))
}

func writeTrapping(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), wasmtest.SayAndTrapOn('x', "on purpose").Bytes(), 0o600))
}
