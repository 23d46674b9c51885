package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/weirhq/weir/host/kafka"
)

// signs begin the line of a topic: what becomes or became of it. Those that
// are as configured have none and get no line.
var signs = map[kafka.TopicStatus]string{
	kafka.TopicMissing: "+", kafka.TopicCreated: "+",
	kafka.TopicChange: "~", kafka.TopicChanged: "~",
	kafka.TopicDiffers: "!", kafka.TopicFailed: "x",
}

// writeDiff prints, for people, every topic that is not as configured or was
// not before, with each of its settings. Connections are named where there are
// several.
func writeDiff(t *terminal, report kafka.Report) {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	var paints []func(string) string // by line
	line := func(paint func(string) string, format string, args ...any) {
		// The writer is a strings.Builder, which does not fail.
		_, _ = fmt.Fprintf(tw, format+"\n", args...)
		paints = append(paints, paint)
	}
	several := slices.ContainsFunc(report.Topics, func(r kafka.TopicReport) bool {
		return r.Connection != report.Topics[0].Connection
	})
	connection := ""
	for i := range report.Topics {
		r := &report.Topics[i]
		sign, shown := signs[r.Status]
		if !shown {
			continue
		}
		if several && r.Connection != connection {
			connection = r.Connection
			line(t.bold, "connection %s", connection)
		}
		line(t.byStatus(r.Status), "%s %s%s", sign, r.Topic, headline(r))
		for reason := range strings.Lines(r.Reason) {
			line(t.byStatus(r.Status), "      %s", strings.TrimSpace(reason))
		}
		for _, c := range r.Changes {
			line(t.byChange(c), "      %s\t%s", c.Setting, describeChange(r, c))
		}
	}
	_ = tw.Flush()
	n := 0
	for text := range strings.Lines(b.String()) {
		writeLine(t, "%s", paints[n](strings.TrimRight(text, " \n")))
		n++
	}
}

func headline(r *kafka.TopicReport) string {
	switch r.Status {
	case kafka.TopicMissing, kafka.TopicCreated:
		return fmt.Sprintf(": %s, %s, %s", r.Status, brokerChoice(int(r.Partitions), "partition"), brokerChoice(int(r.Replication), "replica"))
	}
	return ": " + string(r.Status)
}

func brokerChoice(n int, noun string) string {
	if n == 0 {
		return "as many " + noun + "s as the broker likes"
	}
	return plural(n, noun)
}

// describeChange is the difference, what it can cost and why it is not made.
func describeChange(r *kafka.TopicReport, c kafka.Change) string {
	text := cmp.Or(c.Have, "unset") + " -> " + cmp.Or(c.Want, "unset")
	switch {
	case c.Reset:
		text = c.Have + " -> reset to " + cmp.Or(c.Want, "the broker's")
	case c.State == kafka.ChangeImpossible:
		text = c.Have + ", configured " + c.Want
	case r.Status == kafka.TopicMissing, r.Status == kafka.TopicCreated, r.Status == kafka.TopicFailed && c.Have == "":
		text = c.Want
	}
	var notes []string
	if c.State == kafka.ChangeDone && r.Status != kafka.TopicCreated && r.Status != kafka.TopicChanged {
		notes = append(notes, "done")
	}
	for _, note := range []string{c.Reason, c.Risk} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	if len(notes) > 0 {
		text += "\t" + strings.Join(notes, ": ")
	}
	return text
}

func (t *terminal) byStatus(status kafka.TopicStatus) func(string) string {
	switch status {
	case kafka.TopicMissing, kafka.TopicCreated:
		return t.green
	case kafka.TopicChange, kafka.TopicChanged:
		return t.yellow
	}
	return t.red
}

func (t *terminal) byChange(c kafka.Change) func(string) string {
	switch {
	case c.State == kafka.ChangeHeld, c.State == kafka.ChangeFailed, c.State == kafka.ChangeImpossible, c.Risk != "":
		return t.red
	case c.Have == "":
		return t.green
	}
	return t.yellow
}
