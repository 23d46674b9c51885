package cli

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/config"
)

// TestAdminPage runs what docs/admin-api.md shows, in its order, and compares
// what is printed, but for times and digests.
func TestAdminPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	address, _ := startShown(t)
	environ := []string{"WEIR_ADMIN=" + address}
	run := func(args ...string) string {
		t.Helper()
		var out, said bytes.Buffer
		if code := Run(t.Context(), args, environ, &out, &said); code != exitOK {
			t.Fatalf("%s: exit code %d\n%s%s", args, code, out.String(), said.String())
		}
		return out.String()
	}
	for done := `"lag":{"records":0,"seconds":0},"events":{"consumed":1,"delivered":1,`; !strings.Contains(run("pipelines", "list", "--json"), done); {
		time.Sleep(20 * time.Millisecond) // what is delivered tells nobody
	}
	commands := 0
	for _, chunk := range strings.Split(string(page), "```console\n")[1:] {
		block, _, _ := strings.Cut(chunk, "```")
		for _, step := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			commands++
			got := run(words(strings.TrimPrefix(command, "weir "))...)
			if diff := cmp.Diff(steady(want), steady(got)); diff != "" {
				t.Errorf("%s prints something else (-page +got)\n%s", command, diff)
			}
		}
	}
	if commands < 4 {
		t.Errorf("%d commands on the page, want at least 4", commands)
	}
}

// steady takes out of a text what is other at each run, and the columns that
// follow from it.
func steady(text string) string {
	text = regexp.MustCompile(`sha256:[0-9a-f]+`).ReplaceAllString(text, "sha256:…")
	text = regexp.MustCompile(`\b[0-9.]+m?s\b`).ReplaceAllString(text, "0s")
	text = regexp.MustCompile(`(?m)^since .*`).ReplaceAllString(text, "since")
	return strings.TrimSpace(regexp.MustCompile(` +`).ReplaceAllString(text, " "))
}

// startShown runs the pipelines of the page for as long as the test, and returns
// the address of their API, and a client of their broker.
func startShown(t *testing.T) (address string, client *broker.Client) {
	t.Helper()
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0", Topics: []broker.Topic{
		{Name: "orders", Partitions: 1}, {Name: "orders.dead", Partitions: 1}, {Name: "heavy", Partitions: 1}, {Name: "light", Partitions: 1}, {Name: "copied", Partitions: 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	client, err = b.Client()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{`{"weight":11}`, `{"weight":1}`, `{}`} {
		if err := client.Produce(t.Context(), broker.Record{Topic: "orders", Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("weir.yaml", []byte(`
admin: {listen: "unix:admin.sock", redact: {fields: [password], headers: [authorization]}}
connections: {kafka: {bootstrap_servers: "`+b.Addr()+`"}}
pipelines:
  orders:
    source: {topic: orders, group_id: orders}
    processors: [{module: "builtin:topic-selector", on_error: dead_letter}]
    sink: {}
    dead_letter: orders.dead
  copy:
    source: {topic: light, group_id: copy}
    sink: {topic: copied}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{"weir.yaml"}, Environ: []string{}})
	if faults.Err() != nil {
		t.Fatal(faults)
	}
	h, err := host.New(t.Context(), spec, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := service{host: h, admin: spec.Admin, log: zap.NewNop()}
	stop, err := s.serveAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(context.WithoutCancel(t.Context()), drain) }()
	t.Cleanup(func() {
		close(drain)
		defer client.Close()
		for _, err := range []error{<-ended, stop(), h.Close(context.Background()), b.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return "unix:admin.sock", client
}
