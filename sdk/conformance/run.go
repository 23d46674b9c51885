package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// Now is the time of every batch.
var Now = time.Unix(1_700_000_000, 0)

// Module is a module under test.
type Module struct {
	plugin *plugin.Plugin
	logs   *observer.ObservedLogs
}

// Load loads the module that ref names, as plugin.Loader does; opts may be
// empty.
func Load(t testing.TB, ref string, opts plugin.Options) *Module {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	opts.Log = zap.New(core)
	opts.Now = func() time.Time { return Now }
	ctx := context.Background()
	loader, err := plugin.NewLoader(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loader.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	p, err := loader.Load(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	return &Module{plugin: p, logs: logs}
}

// Run runs a case. Besides what the case says, its batch has to give the same
// when it runs again, and its events have to give the same one by one, unless
// the config has the batch processed as a whole. With update, what comes of the
// case is written into its file as what is expected.
func (m *Module) Run(t *testing.T, c *Case, update bool) {
	t.Helper()
	got := m.run(t, c, [][]event.Event{c.In})
	if update {
		if err := c.rewrite(got); err != nil {
			t.Error(err)
		}
		return
	}
	report(t, "in one batch", c.Want, got)
	if len(c.Want[sectionOpen]) > 0 {
		return
	}
	again := m.run(t, c, [][]event.Event{c.In, c.In})
	for _, section := range []string{sectionOut, sectionFail} {
		want := append(slices.Clone(c.Want[section]), c.Want[section]...)
		report(t, "twice", map[string][]string{section: want}, map[string][]string{section: again[section]})
	}
	if strings.Contains(c.Config, "reverse") {
		return
	}
	var singles [][]event.Event
	for i := range c.In {
		singles = append(singles, c.In[i:i+1])
	}
	report(t, "one by one", c.Want, m.run(t, c, singles))
}

// run opens the module, gives it the batches, closes it, and tells what came of
// it.
func (m *Module) run(t *testing.T, c *Case, batches [][]event.Event) map[string][]string {
	t.Helper()
	ctx := context.Background()
	got := make(map[string][]string)
	m.logs.TakeAll()
	counters := new(plugin.Counters)
	config := plugin.Config{Pipeline: "pipeline", Processor: "processor", Config: json.RawMessage("null"), Counters: counters}
	if c.Config != "" {
		config.Config = json.RawMessage(c.Config)
	}
	proc, err := m.plugin.Open(ctx, config)
	if err != nil {
		got[sectionOpen] = lines(err.Error())
		return got
	}
	for _, in := range batches {
		m.process(t, proc, in, got)
	}
	if err := proc.Close(ctx); err != nil {
		t.Error(err)
	}
	for _, entry := range m.logs.TakeAll() {
		got[sectionLog] = append(got[sectionLog], entry.Level.String()+" "+entry.Message)
	}
	for _, metric := range counters.Metrics.Read() {
		got[sectionMetric] = append(got[sectionMetric], fmt.Sprintf("%d %s %v", metric.Kind, metric.Name, metric.Value))
	}
	return got
}

func (m *Module) process(t *testing.T, proc *plugin.Processor, in []event.Event, got map[string][]string) {
	t.Helper()
	before := make([]string, len(in))
	for i := range in {
		before[i] = formatEvent(&in[i])
	}
	out, err := proc.Process(context.Background(), in, nil, func(i int, f *event.Failure) {
		line := fmt.Sprintf("%d %s: %s", in[i].Origin, f.Class, strings.ReplaceAll(f.Message, "\n", " "))
		got[sectionFail] = append(got[sectionFail], line)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		got[sectionOut] = append(got[sectionOut], formatEvent(&out[i]))
	}
	for i := range in {
		if after := formatEvent(&in[i]); after != before[i] {
			t.Errorf("input %d was changed from %s to %s", i, before[i], after)
		}
	}
}

// report compares, and says where a line differs. In a wanted line, ** stands
// for any text: stacks and the like are not the same in every language.
func report(t *testing.T, how string, want, got map[string][]string) {
	t.Helper()
	for _, section := range wanted {
		want, got := want[section], slices.Clone(got[section])
		for i := range min(len(want), len(got)) {
			if matches(want[i], got[i]) {
				got[i] = want[i]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: section %s (-want +got):\n%s", how, section, diff)
		}
	}
}

func matches(pattern, line string) bool {
	parts := strings.Split(pattern, "**")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(line)
}
