package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/broker"
)

const topicsPage = "../../docs/topics.md"

// TestTopicsPage does what docs/topics.md shows, in its order, and compares
// what it prints: blocks of yaml that name weir.yaml are written, commands in
// blocks of console are run. UPDATE_SCRIPTS=1 rewrites their outputs.
func TestTopicsPage(t *testing.T) {
	page, err := os.ReadFile(topicsPage)
	if err != nil {
		t.Fatal(err)
	}
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	w := walk{broker: b}
	chunks := strings.Split(string(page), "```")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for n := 1; n < len(chunks); n += 2 {
		language, text, _ := strings.Cut(chunks[n], "\n")
		switch {
		case language == "yaml" && strings.HasPrefix(text, "# weir.yaml\n"):
			if err := os.WriteFile("weir.yaml", []byte(strings.ReplaceAll(text, "127.0.0.1:9092", b.Addr())), 0o600); err != nil {
				t.Fatal(err)
			}
		case language == "console":
			chunks[n] = "console\n" + w.console(t, text)
		}
	}
	if w.commands < 6 {
		t.Errorf("%d commands on the page, want at least 6", w.commands)
	}
	t.Chdir(here)
	got := strings.Join(chunks, "```")
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(topicsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(page), got); diff != "" {
		t.Errorf("%s is stale; run with UPDATE_SCRIPTS=1 (-want +got):\n%s", topicsPage, diff)
	}
}

// walk is a shell that knows the few commands of the page.
type walk struct {
	broker   *broker.Broker
	code     int
	commands int
}

// console runs the commands of a block and returns it with what they print.
func (w *walk) console(t *testing.T, block string) string {
	var out bytes.Buffer
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "$ ")
		if !ok {
			continue
		}
		w.commands++
		out.WriteString(line)
		words := strings.Fields(command)
		switch {
		case words[0] == "weir":
			w.code = Run(t.Context(), words[1:], nil, &out, &out)
		case command == "echo $?":
			fmt.Fprintln(&out, w.code)
		case strings.Contains(command, "| kcat -P"):
			w.produce(t, words[len(words)-1])
		default:
			t.Fatalf("the page has a command that this test does not know: %s", command)
		}
	}
	return strings.ReplaceAll(out.String(), w.broker.Addr(), "127.0.0.1:9092")
}

func (w *walk) produce(t *testing.T, topic string) {
	client, err := w.broker.Client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Produce(t.Context(), broker.Record{Topic: topic, Value: []byte(`{"id": 1}`)}); err != nil {
		t.Fatal(err)
	}
}
