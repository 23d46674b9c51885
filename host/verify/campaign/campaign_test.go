package campaign

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/broker/relay"
	"github.com/weirhq/weir/host/verify"
	"github.com/weirhq/weir/host/wasm/section"
)

// TestMain lets the test binary be the process under test.
func TestMain(m *testing.M) {
	if _, is := os.LookupEnv(parentVariable); is {
		if err := runParent(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if mutant, is := os.LookupEnv(mutantVariable); is {
		if err := runHost(mutant, os.Args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// run does a campaign with a mutant, and says which topics it has left.
func run(t *testing.T, opts Options, mutant string) (result *Result, left []string) {
	t.Helper()
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	opts.Brokers, opts.Program, opts.Name = []string{b.Addr()}, program, program
	opts.Dial = func() (*broker.Client, error) { return broker.Dial(opts.Brokers) }
	opts.Environ = append(os.Environ(), mutantVariable+"="+mutant)
	opts.Seed, opts.Events, opts.Kills, opts.Duration, opts.Patience = 1, 3500, 4, time.Minute, 5*time.Second
	opts.Tell = func(string, int, int) {}
	if result, err = Run(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return result, topics.Names()
}

// TestMutantsAreCaught runs hosts of which each breaks one promise, under the
// same kills as weir: the verdict must name it.
func TestMutantsAreCaught(t *testing.T) {
	if !everyFault {
		t.Skip("SKIPPED: needs signals")
	}
	for _, tc := range []struct {
		mutant      string
		exactlyOnce bool
		want        []verify.Kind // some mutants break more than one promise
		may         verify.Kind   // what comes of it sometimes
	}{
		{mutant: ""},
		{mutant: "drops", want: []verify.Kind{verify.LostWrite}},
		{mutant: "drops dead letters", want: []verify.Kind{verify.LostWrite}},
		{mutant: "commits first", want: []verify.Kind{verify.LostWrite}},
		{mutant: "writes twice", want: []verify.Kind{verify.Duplicate}},
		{mutant: "stops without a commit", want: []verify.Kind{verify.Duplicate}},
		{mutant: "has no transactions"},
		{mutant: "has no transactions", exactlyOnce: true, want: []verify.Kind{verify.Duplicate}},
		{mutant: "takes back what was read", want: []verify.Kind{verify.LostWrite, verify.AbortedRead}, may: verify.NonmonotonicSend},
		{mutant: "writes in another order", want: []verify.Kind{verify.NonmonotonicSend}},
		{mutant: "drops headers", want: []verify.Kind{verify.LostWrite, verify.Foreign}},
		{mutant: "routes wrongly", want: []verify.Kind{verify.LostWrite, verify.Foreign}},
		{mutant: "changes values", want: []verify.Kind{verify.Corrupt}},
		{mutant: "drops keys", want: []verify.Kind{verify.Corrupt}},
		{mutant: "makes null empty", want: []verify.Kind{verify.Corrupt}},
		{mutant: "miscounts", want: []verify.Kind{verify.Books}},
		{mutant: "ends badly", want: []verify.Kind{verify.Crash}},
		{mutant: "ends by itself", want: []verify.Kind{verify.Crash}},
		{mutant: "processes no more", want: []verify.Kind{verify.Stuck}},
	} {
		name := fmt.Sprintf("%s, %s", tc.mutant, delivery(tc.exactlyOnce))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, left := run(t, Options{ExactlyOnce: tc.exactlyOnce}, tc.mutant)
			var got, want []string
			for _, anomaly := range result.Anomalies {
				if tc.may == 0 || anomaly.Name != tc.may.String() {
					got = append(got, anomaly.Name)
				}
			}
			for _, kind := range tc.want {
				want = append(want, kind.String())
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("anomalies (-want +got):\n%s\n%+v", diff, result)
			}
			if len(left) > 0 {
				t.Errorf("topics %v are left", left)
			}
			if result.Valid != (len(want) == 0) {
				t.Errorf("valid: %v", result.Valid)
			}
			if len(want) == 0 {
				checkFaults(t, result)
			}
		})
	}
}

// checkFaults wants all that was planned to be done. A kill at a point may have
// become one anywhere.
func checkFaults(t *testing.T, result *Result) {
	t.Helper()
	planned, done := make(map[string]int), make(map[string]int)
	for _, f := range result.Faults {
		kind, _, _ := strings.Cut(f.Name, " ")
		planned[kind] += f.Planned
		done[kind] += f.Count
	}
	want := map[string]int{"kill": 4, "stop": 1, "pause": 1}
	if diff := cmp.Diff(want, planned); diff != "" {
		t.Errorf("planned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, done); diff != "" || result.Kills != 4 {
		t.Errorf("done (-want +got), with %d kills:\n%s", result.Kills, diff)
	}
}

// TestPlanIsTheSeeds wants the same faults for a seed, and others for another.
func TestPlanIsTheSeeds(t *testing.T) {
	plan := func(seed uint64) []fault {
		c := &campaign{Options: Options{Seed: seed, Events: 10_000, Kills: 100}}
		return c.plan(1)
	}
	opts := cmp.Options{cmp.AllowUnexported(fault{}), cmp.Comparer(func(a, b *deed) bool { return a == b })}
	if diff := cmp.Diff(plan(1), plan(1), opts); diff != "" {
		t.Errorf("two plans of one seed:\n%s", diff)
	}
	if cmp.Equal(plan(1), plan(2), opts) {
		t.Error("two seeds have one plan")
	}
	c := &campaign{Options: Options{Seed: 3, Events: 10_000, Kills: 100}}
	for i, f := range c.plan(1) {
		begin, end := int64(0), c.feed.shares[f.share]
		if f.share > 0 {
			begin = c.feed.shares[f.share-1]
		}
		if f.at < begin || f.at > end {
			t.Errorf("fault %d comes at %d, outside of its share of the inputs from %d to %d", i, f.at, begin, end)
		}
	}
	if all := c.feed.shares[len(c.feed.shares)-1]; all != 10_000 {
		t.Errorf("%d inputs are dealt out, want 10000", all)
	}
}

// TestFeedHasWorkForEveryFault lets shares out before their time: what was asked
// for is sent in any case, and more where the faults need it.
func TestFeedHasWorkForEveryFault(t *testing.T) {
	for _, tc := range []struct {
		name     string
		releases int
		final    bool
		want     int64
	}{
		{"the first share", 0, false, 10},
		{"another", 1, false, 30},
		{"all that was asked for", 2, false, 100},
		{"more", 3, false, 133},
		{"the end", 0, true, 100},
		{"the end behind more", 4, true, 166},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &campaign{Options: Options{Events: 100}, next: make([]int64, partitions)}
			c.feed.shares = []int64{10, 30, 100}
			c.feed.begin(c)
			for range tc.releases {
				c.feed.more()
			}
			if tc.final {
				c.feed.finish()
			}
			for {
				records, more := c.feed.take()
				if len(records) == 0 {
					if more == tc.final {
						t.Errorf("there is more: %v", more)
					}
					break
				}
			}
			if got := sum(c.feed.sent()); got != tc.want {
				t.Errorf("%d inputs, want %d", got, tc.want)
			}
			if c.feed.idle(tc.want-1) || !c.feed.idle(tc.want) {
				t.Error("idle does not begin when all has come out")
			}
		})
	}
}

// TestStampedModulesDiffer wants versions of a module to be modules, and others.
func TestStampedModulesDiffer(t *testing.T) {
	module := []byte("\x00asm\x01\x00\x00\x00")
	one, two := stamped(module, 1), stamped(module, 200)
	if bytes.Equal(one, two) {
		t.Error("two versions are one")
	}
	for _, binary := range [][]byte{one, two} {
		m, err := section.Parse(binary)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Customs("version")) != 1 {
			t.Errorf("%q has no section of its version", binary)
		}
	}
}

// TestTail reads a log that comes in pieces, with lines that are no log.
func TestTail(t *testing.T) {
	lost := 0
	log := tail{said: make(map[string]int), lost: func() { lost++ }}
	for _, part := range []string{`{"msg":"mod`, `ule replaced"}` + "\n" + `{"msg":"x","url":"http://a"}` + "\npanic: ", "{\n", `{"msg":"module replaced"}` + "\n", `{"msg":"module replaced"`} {
		if _, err := log.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.heard(saysReplaced); got != 2 {
		t.Errorf("heard %d times, want 2", got)
	}
	for _, said := range losses {
		if _, err := fmt.Fprintf(&log, "\n{\"msg\":%q,\"pipeline\":\"verify\"}\n", said); err != nil {
			t.Fatal(err)
		}
	}
	if lost != len(losses) {
		t.Errorf("%d losses were seen, want %d", lost, len(losses))
	}
	if got := log.counters(); got != "http://a" {
		t.Errorf("counters at %q", got)
	}
	if _, err := log.Write(bytes.Repeat([]byte("."), 2*maxTail)); err != nil || len(log.String()) != maxTail {
		t.Errorf("%v, %d bytes are kept, want %d", err, len(log.String()), maxTail)
	}
}

// TestCounters reads counters as Prometheus writes them, and adds them up.
func TestCounters(t *testing.T) {
	text := `# TYPE weir_events_consumed_total counter
weir_events_consumed_total{pipeline="a",topic="x"} 10
weir_events_consumed_total{pipeline="b"} 2
weir_events_delivered_total{pipeline="a"} 1.1e+01
weir_events_dead_lettered_total{class="trap"} 1
weir_other_total 5
`
	got, err := parseCounters(strings.NewReader(text))
	if diff := cmp.Diff(map[string]int64{"consumed": 12, "delivered": 11, "dead_lettered": 1}, got); err != nil || diff != "" {
		t.Errorf("%v, counters (-want +got):\n%s", err, diff)
	}
	if wrong := unbalanced(got); wrong != "" {
		t.Error(wrong)
	}
	got["abandoned"]++
	if wrong := unbalanced(got); wrong != "consumed 12 is not the 13 of delivered + dropped + filtered + dead_lettered + abandoned" {
		t.Errorf("said %q", wrong)
	}
	if _, err := parseCounters(strings.NewReader("weir_events_consumed_total x\n")); err == nil {
		t.Error("a counter that is no number was read")
	}
}

// TestPlanLeavesOutWhatCannotBe wants faults to be there that can be done, and
// no others.
func TestPlanLeavesOutWhatCannotBe(t *testing.T) {
	for _, tc := range []struct {
		name     string
		campaign *campaign
		brokers  int
		with     []string
		without  []string
	}{
		{"direct", &campaign{}, 1, []string{"kill at-random", "partition-added"}, []string{"kill in-commit", "stall", "leader-move", "reload"}},
		{"relay", &campaign{relay: new(relay.Relay), result: Result{Delivery: atLeastOnce}}, 1, []string{"kill in-commit", "stall"}, []string{"kill in-end", "leader-move"}},
		{"exactly once", &campaign{relay: new(relay.Relay), result: Result{Delivery: exactlyOnce}}, 1, []string{"kill in-end"}, []string{"kill in-commit"}},
		{"brokers", &campaign{}, 3, []string{"leader-move"}, nil},
		{"module", &campaign{Options: Options{Module: []byte("module")}}, 1, nil, []string{"leader-move"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := tc.campaign
			c.Events, c.Kills = 10_000, 100
			got := make(map[string]bool)
			for _, f := range c.plan(tc.brokers) {
				got[f.name] = true
			}
			for _, name := range tc.with {
				if !got[name] {
					t.Errorf("no %s", name)
				}
			}
			for _, name := range tc.without {
				if got[name] {
					t.Errorf("%s is in the plan", name)
				}
			}
			if everyFault && (c.Module != nil) != got["reload"] {
				t.Errorf("reload in the plan: %v", got["reload"])
			}
		})
	}
}

// TestKeepsTheTopicsOfAnAnomaly wants them to be there, and named.
func TestKeepsTheTopicsOfAnAnomaly(t *testing.T) {
	if !everyFault {
		t.Skip("SKIPPED: needs signals")
	}
	result, left := run(t, Options{Keep: true}, "drops")
	slices.Sort(result.Kept)
	if diff := cmp.Diff(left, result.Kept); diff != "" || len(left) != 4 {
		t.Errorf("topics (-there +named):\n%s", diff)
	}
}

// TestRunSaysThatNobodyAnswers wants the reason, not an anomaly.
func TestRunSaysThatNobodyAnswers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := Run(ctx, Options{Brokers: []string{"127.0.0.1:1"}, Dial: func() (*broker.Client, error) { return broker.Dial([]string{"127.0.0.1:1"}) }, Events: 1000, Duration: time.Second, Tell: func(string, int, int) {}})
	if err == nil || !strings.Contains(err.Error(), ErrBrokers.Error()) {
		t.Errorf("error %v, want %v", err, ErrBrokers)
	}
}
