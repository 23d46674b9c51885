package campaign

import (
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
	"github.com/weirhq/weir/host/verify"
)

// TestMain lets the test binary be the process under test.
func TestMain(m *testing.M) {
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
	}{
		{mutant: ""},
		{mutant: "drops", want: []verify.Kind{verify.LostWrite}},
		{mutant: "drops dead letters", want: []verify.Kind{verify.LostWrite}},
		{mutant: "commits first", want: []verify.Kind{verify.LostWrite}},
		{mutant: "writes twice", want: []verify.Kind{verify.Duplicate}},
		{mutant: "stops without a commit", want: []verify.Kind{verify.Duplicate}},
		{mutant: "has no transactions"},
		{mutant: "has no transactions", exactlyOnce: true, want: []verify.Kind{verify.Duplicate}},
		{mutant: "takes back what was read", want: []verify.Kind{verify.LostWrite, verify.AbortedRead}},
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
				got = append(got, anomaly.Name)
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
			if len(want) == 0 && result.Faults != (Faults{Kills: 4, Stops: 1, Pauses: 1}) {
				t.Errorf("faults %+v", result.Faults)
			}
		})
	}
}

// TestPlanIsTheSeeds wants the same faults for a seed, and others for another.
func TestPlanIsTheSeeds(t *testing.T) {
	plan := func(seed uint64) []fault {
		c := &campaign{Options: Options{Seed: seed, Events: 10_000, Kills: 8}}
		return c.plan()
	}
	opts := cmp.AllowUnexported(fault{})
	if diff := cmp.Diff(plan(1), plan(1), opts); diff != "" {
		t.Errorf("two plans of one seed:\n%s", diff)
	}
	if cmp.Equal(plan(1), plan(2), opts) {
		t.Error("two seeds have one plan")
	}
	for i, f := range plan(3) {
		if share := int64(10_000 / (len(plan(3)) + 1)); f.at < int64(i)*share || f.at > int64(i+1)*share {
			t.Errorf("fault %d comes at %d, outside of its share of %d inputs", i, f.at, share)
		}
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
	_, err := Run(ctx, Options{Brokers: []string{"127.0.0.1:1"}, Events: 1000, Duration: time.Second, Tell: func(string, int, int) {}})
	if err == nil || !strings.Contains(err.Error(), ErrBrokers.Error()) {
		t.Errorf("error %v, want %v", err, ErrBrokers)
	}
}
