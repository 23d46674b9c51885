package host

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weirhq/weir/host/admin/api"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/plugin"
)

var update = flag.Bool("update", false, "rewrite the expectations of testdata/spec")

// TestLoadSpec loads each archive of testdata/spec and compares what comes out:
// the section "faults" with the faults, the section "spec" with the Spec. The
// head of an archive says what to load:
//
//	load FILE...      env NAME=value      set path=value
func TestLoadSpec(t *testing.T) {
	archives, err := filepath.Glob("testdata/spec/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range archives {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { testArchive(t, file) })
	}
}

func testArchive(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, f := range archive.Files {
		if f.Name == "faults" || f.Name == "spec" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec, faults := loadSpec(head(t, string(archive.Comment)), []string{"json-fields", "topic-selector"})
	got := map[string]string{}
	if len(faults) > 0 {
		got["faults"] = faults.Error() + "\n"
	}
	if spec != nil {
		got["spec"] = dump(t, spec)
	}
	if (spec == nil) != (faults.Err() != nil) {
		t.Errorf("spec is nil: %t, but the error is %v", spec == nil, faults.Err())
	}
	if *update {
		rewrite(t, file, archive, got)
		return
	}
	want := map[string]string{}
	for _, f := range archive.Files {
		if f.Name == "faults" || f.Name == "spec" {
			want[f.Name] = string(f.Data)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestDocumentation loads the whole configurations that the documentation shows.
func TestDocumentation(t *testing.T) {
	data, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{
		"modules/enrich.wasm": "", "enrich.wasm": "", "secrets/kafka-password": "secret\n",
		"weir.yaml": fenced(t, string(data), "yaml"), "weir.conf": fenced(t, string(data), "ini"),
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"weir.yaml", "weir.conf"} {
		if _, faults := LoadSpec(config.Load{Files: []string{file}, Environ: []string{}}); len(faults) > 0 {
			t.Errorf("%v", faults)
		}
	}
}

// fenced is the first block of a language.
func fenced(t *testing.T, text, language string) string {
	_, rest, ok := strings.Cut(text, "```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatalf("no block of %s", language)
	}
	return block
}

func head(t *testing.T, comment string) config.Load {
	load := config.Load{Environ: []string{}}
	for line := range strings.Lines(comment) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "load":
			load.Files = strings.Fields(rest)
		case "env":
			load.Environ = append(load.Environ, rest)
		case "set":
			load.Set = append(load.Set, rest)
		case "", "#":
		default:
			t.Fatalf("unknown word %q in the head of the archive", word)
		}
	}
	return load
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "faults" || f.Name == "spec" })
	for _, name := range []string{"faults", "spec"} {
		if got[name] != "" {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dump writes a Spec for a reader: options only where they were given.
func dump(t *testing.T, spec *Spec) string {
	var b strings.Builder
	options := func(o *kafka.Options) {
		for _, e := range o.Explain() {
			if e.Layer != "default" {
				fmt.Fprintf(&b, "    %s = %s (%s, %s as %s)\n", e.Name, e.Value, e.Layer, e.Pos, e.Spelling)
			}
		}
	}
	var names []string
	for name := range spec.Connections {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "connection %s\n", name)
		options(spec.Connections[name].Options)
	}
	for _, p := range spec.Pipelines {
		fmt.Fprintf(&b, "pipeline %s on_error=%s dead_letter=%q\n", p.Name, p.OnError, p.DeadLetterTopic)
		if p.Breaker != (pipeline.Breaker{}) {
			fmt.Fprintf(&b, "  breaker %+v\n", p.Breaker)
		}
		if r := p.OnError[0].Retry; r.Max > 0 {
			fmt.Fprintf(&b, "  retry %+v\n", r)
		}
		if p.Provenance != "" {
			fmt.Fprintf(&b, "  provenance in %s\n", p.Provenance)
		}
		if p.Ordering != pipeline.ByPartition {
			fmt.Fprintf(&b, "  ordering %s in %d lanes\n", p.Ordering, p.Lanes)
		}
		for _, source := range p.Sources {
			fmt.Fprintf(&b, "  source %s %q regex=%t\n", source.Connection, source.Topics, source.Regex)
			options(source.Options)
		}
		for _, step := range p.Steps {
			b.WriteString("  " + dumpStep(t, step))
		}
		fmt.Fprintf(&b, "  sink %s %q\n", p.Sink.Connection, p.Sink.Topic)
		options(p.Sink.Options)
	}
	b.WriteString(dumpAdmin(spec.Admin))
	for _, tenant := range spec.Tenants {
		fmt.Fprintf(&b, "tenant %s %+v %+v\n", tenant.Name, tenant.Rules, tenant.Quota)
	}
	fmt.Fprintf(&b, "topics on_start=%s\n", spec.Topics.OnStart)
	for _, name := range names {
		for _, topic := range spec.Topics.ByConnection[name] {
			fmt.Fprintf(&b, "  %s/%s %dx%d (%dx%d)%s implied=%t %v at %s\n", name, topic.Name, topic.Partitions, topic.Replication,
				topic.Default.Partitions, topic.Default.Replication, dumpTopic(topic), topic.Implied, topic.Config, topic.Pos)
		}
	}
	return b.String()
}

func dumpAdmin(a *api.Config) string {
	if a == nil {
		return "admin off\n"
	}
	text := ""
	if a.Listen != "" {
		text = fmt.Sprintf("admin %s names=%q\n", a.Listen, a.Names)
	}
	if a.TLS != nil {
		text += fmt.Sprintf("  tls %+v\n", *a.TLS)
	}
	for _, token := range a.Tokens {
		text += fmt.Sprintf("  token %s %s\n", token.Name, token.Role)
	}
	for _, client := range a.Clients {
		text += fmt.Sprintf("  client %s %s\n", client.Name, client.Role)
	}
	return text
}

func dumpTopic(topic kafka.Topic) string {
	text := ""
	if len(topic.Assignment) > 0 {
		text += " on " + kafka.FormatAssignment(topic.Assignment)
	}
	if len(topic.Reset) > 0 {
		text += fmt.Sprintf(" reset %v", topic.Reset)
	}
	return text
}

func dumpStep(t *testing.T, step StepSpec) string {
	if step.KeyFilter != nil {
		return fmt.Sprintf("key filter %s keys=%q on_missing=%s on_error=%s\n", step.Name, step.KeyFilter.Keys, step.KeyFilter.OnMissing, step.OnError)
	}
	if c := step.Schema; c != nil {
		what := fmt.Sprintf("schema %s %s of=%s on_missing=%s on_error=%s unions=%s", step.Name, c.Op, c.Of, c.OnMissing, step.OnError, c.Unions)
		return fmt.Sprintf("%s mode=%s id=%d subject=%q version=%d message=%q registry=%s %+v\n", what, c.Mode, c.ID, c.Subject, c.Version, c.Message, c.Registry.Path, c.Registry.Explain())
	}
	limits := ""
	if step.Limits != plugin.DefaultLimits {
		limits = fmt.Sprintf(" limits=%+v", step.Limits)
	}
	text := fmt.Sprintf("module %s %s on_error=%s config=%s%s\n", step.Name, relative(t, step.Module), step.OnError, step.Config, limits)
	if c := step.Shadow; c != nil {
		text += fmt.Sprintf("    shadow %s sample=%v config=%s\n", relative(t, c.Module), c.Sample, c.Config)
	}
	return text
}

// relative is a module's path as it holds in every folder.
func relative(t *testing.T, module string) string {
	if !filepath.IsAbs(module) {
		return module
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if module, err = filepath.Rel(wd, module); err != nil {
		t.Fatal(err)
	}
	return module
}
