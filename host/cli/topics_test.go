package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/kafka"
)

var risky = kafka.Report{Topics: []kafka.TopicReport{
	{Topic: "orders", Status: kafka.TopicChange, Changes: []kafka.Change{
		{Setting: "partitions", Have: "2", Want: "4", State: kafka.ChangePlanned, Risk: "keys move"},
		{Setting: "segment.ms", Want: "5", State: kafka.ChangePlanned},
		{Setting: "flush.ms", Have: "5", Reset: true, State: kafka.ChangePlanned},
	}},
	{Topic: "old", Status: kafka.TopicDiffers, Changes: []kafka.Change{
		{Setting: "partitions", Have: "3", Want: "2", State: kafka.ChangeImpossible, Reason: "Kafka cannot"},
		{Setting: "flush.ms", Have: "3", Want: "2", State: kafka.ChangeDone},
	}},
	{Topic: "new", Status: kafka.TopicMissing, Replication: 1},
	{Topic: "fine", Status: kafka.TopicExists},
	{Topic: "bad", Status: kafka.TopicFailed, Reason: "one\ntwo", Changes: []kafka.Change{
		{Setting: "flush.ms", Want: "2", State: kafka.ChangePlanned},
	}},
}}

// On a terminal the plan is shown and only yes is a yes; elsewhere only what
// can cost something needs the word.
func TestConfirm(t *testing.T) {
	safe := kafka.Report{Topics: []kafka.TopicReport{{Topic: "t", Status: kafka.TopicMissing}}}
	nothing := kafka.Report{Topics: []kafka.TopicReport{{Topic: "t", Status: kafka.TopicExists}}}
	for _, tt := range []struct {
		name     string
		plan     kafka.Report
		terminal bool
		yes      bool
		answer   string
		asks     bool
		want     string // part of the error
	}{
		{name: "yes on a terminal", plan: risky, terminal: true, answer: "Yes\n", asks: true},
		{name: "y without a newline", plan: safe, terminal: true, answer: "y", asks: true},
		{name: "enter", plan: safe, terminal: true, answer: "\n", asks: true, want: "nothing was changed"},
		{name: "end of input", plan: safe, terminal: true, asks: true, want: "nothing was changed"},
		{name: "flag on a terminal", plan: risky, terminal: true, yes: true},
		{name: "nothing to do", plan: nothing, terminal: true},
		{name: "safe elsewhere", plan: safe},
		{name: "risky elsewhere", plan: risky, want: "say --yes too"},
		{name: "flag elsewhere", plan: risky, yes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			a := &app{
				in:  &input{Reader: strings.NewReader(tt.answer), interactive: tt.terminal},
				err: &terminal{Writer: &out, interactive: tt.terminal},
			}
			err := a.confirm(t.Context(), tt.plan, tt.yes)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if asks := strings.Contains(out.String(), "go on?"); asks != tt.asks {
				t.Errorf("asks: %t, want %t; output:\n%s", asks, tt.asks, out.String())
			}
			if tt.asks && !strings.Contains(out.String(), tt.plan.Topics[0].Topic+": ") {
				t.Errorf("the plan is not shown:\n%s", out.String())
			}
		})
	}
	if err := (&app{in: &input{}, err: &terminal{Writer: &strings.Builder{}}}).confirm(t.Context(), risky, false); exitCode(err) != exitUsage {
		t.Errorf("exit code %d, want %d", exitCode(err), exitUsage)
	}
}

// blocked is a terminal at which nobody answers.
type blocked chan struct{}

func (b blocked) Read([]byte) (int, error) {
	<-b
	return 0, errors.New("closed")
}

func TestConfirmIsCut(t *testing.T) {
	never := make(blocked)
	defer close(never)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := &app{in: &input{Reader: never, interactive: true}, err: &terminal{Writer: &strings.Builder{}, interactive: true}}
	if err := a.confirm(ctx, risky, false); err == nil {
		t.Error("no error after a signal")
	}
}

func TestWriteDiff(t *testing.T) {
	var plain, coloured strings.Builder
	writeDiff(&terminal{Writer: &plain}, risky)
	want := strings.Join([]string{
		"~ orders: change",
		"      partitions  2 -> 4  keys move",
		"      segment.ms  unset -> 5",
		"      flush.ms    5 -> reset to the broker's",
		"! old: differs",
		"      partitions  3, configured 2  Kafka cannot",
		"      flush.ms    3 -> 2           done",
		"+ new: create, as many partitions as the broker likes, 1 replica",
		"x bad: failed",
		"      one",
		"      two",
		"      flush.ms  2",
		"",
	}, "\n")
	if diff := cmp.Diff(want, plain.String()); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
	writeDiff(&terminal{Writer: &coloured, colour: true}, risky)
	lines := strings.Split(coloured.String(), "\n")
	for n, code := range []string{"33", "31", "32", "33", "31", "31", "33", "32", "31", "31", "31", "32"} {
		if !strings.HasPrefix(lines[n], "\x1b["+code+"m") || !strings.HasSuffix(lines[n], "\x1b[0m") {
			t.Errorf("line %q, want it in colour %s", lines[n], code)
		}
	}
}

func TestWriteDiffNamesConnections(t *testing.T) {
	var out strings.Builder
	writeDiff(&terminal{Writer: &out}, kafka.Report{Topics: []kafka.TopicReport{
		{Topic: "a", Connection: "one", Status: kafka.TopicFailed},
		{Topic: "b", Connection: "one", Status: kafka.TopicFailed},
		{Topic: "c", Connection: "two", Status: kafka.TopicExists},
		{Topic: "d", Connection: "two", Status: kafka.TopicFailed},
	}})
	want := "connection one\nx a: failed\nx b: failed\nconnection two\nx d: failed\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
}
