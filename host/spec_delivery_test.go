package host

import (
	"os"
	"strings"
	"testing"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/deadletter"
)

// TestTransactionalIDs: a process, a pipeline and what gives its dead letters
// again have transactional ids of their own, the same at each start.
func TestTransactionalIDs(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	for _, test := range []struct{ sink, want string }{
		{"topic: out", "weir-g-p-" + host},
		{"topic: out, transactional_id: mine", "mine"},
	} {
		file := t.TempDir() + "/weir.yaml"
		text := "connections: {c: {bootstrap_servers: b}}\npipelines:\n  p: {source: {topic: in, group_id: g}, sink: {" + test.sink +
			"}, delivery: exactly_once, on_error: dead_letter, dead_letter: {topic: dead}}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		spec, faults := LoadSpec(config.Load{Files: []string{file}, Environ: []string{}})
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		p := spec.Pipelines[0]
		if got := p.Sink.Options.String("transactional.id"); got != test.want {
			t.Errorf("sink {%s}: transactional id %q, want %q", test.sink, got, test.want)
		}
		again, err := spec.Redrive(p, deadletter.Selection{})
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Pipelines[0].Sink.Options.String("transactional.id"); got == test.want || !strings.HasPrefix(got, test.want+"-weir.redrive.p") {
			t.Errorf("sink {%s}: transactional id %q of the redrive, want %s-weir.redrive.p", test.sink, got, test.want)
		}
		if got := p.Sink.Options.String("transactional.id"); got != test.want {
			t.Errorf("sink {%s}: transactional id %q after the redrive was made, want %q", test.sink, got, test.want)
		}
	}
}
