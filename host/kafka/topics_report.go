package kafka

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// TopicStatus says how a topic stands.
type TopicStatus string

// The statuses of a topic.
const (
	// TopicMissing: it is not there, and Apply would make it.
	TopicMissing TopicStatus = "create"
	// TopicCreated: it was made, and has its leaders.
	TopicCreated TopicStatus = "created"
	// TopicExists: it is there as configured.
	TopicExists TopicStatus = "exists"
	// TopicDiffers: it is there, with other settings; it was left alone.
	TopicDiffers TopicStatus = "differs"
	// TopicFailed: it could not be looked at or made.
	TopicFailed TopicStatus = "failed"
)

// TopicStatuses lists the statuses in the order of a summary.
var TopicStatuses = []TopicStatus{TopicMissing, TopicCreated, TopicExists, TopicDiffers, TopicFailed}

// Report is what a Plan or an Apply found and did, in the order of the
// configuration. Its JSON form is an interface.
type Report struct {
	Topics []TopicReport `json:"topics"`
}

// TopicReport is one topic of a Report. Partitions and Replication are those
// of the topic that is there, else those to make it with; 0 is the broker's
// choice.
type TopicReport struct {
	Topic       string       `json:"topic"`
	Status      TopicStatus  `json:"status"`
	Partitions  int32        `json:"partitions"`
	Replication int16        `json:"replication_factor"`
	Differences []Difference `json:"differences,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Pos         string       `json:"declared_at,omitempty"`
}

// Difference is one setting of an existing topic that is not as configured.
type Difference struct {
	Setting string `json:"setting"`
	Have    string `json:"have"`
	Want    string `json:"want"`
}

func (t *Topic) report(status TopicStatus) TopicReport {
	r := TopicReport{
		Topic: t.Name, Status: status,
		Partitions: max(t.Partitions, 0), Replication: max(t.Replication, 0),
	}
	if t.Pos.Line > 0 {
		r.Pos = t.Pos.String()
	}
	return r
}

func (t *Topic) failed(reason string) TopicReport {
	r := t.report(TopicFailed)
	r.Reason = reason
	return r
}

func (r *TopicReport) differ(setting, have, want string) {
	r.Status = TopicDiffers
	r.Differences = append(r.Differences, Difference{Setting: setting, Have: have, Want: want})
}

// Count is the number of topics with a status.
func (r Report) Count(status TopicStatus) int {
	n := 0
	for i := range r.Topics {
		if r.Topics[i].Status == status {
			n++
		}
	}
	return n
}

// Err is ErrTopics, with the summary, when a topic has one of the statuses,
// else nil.
func (r Report) Err(bad ...TopicStatus) error {
	for _, status := range bad {
		if r.Count(status) > 0 {
			return fmt.Errorf("%w: %s", ErrTopics, r.Summary())
		}
	}
	return nil
}

// Summary counts the statuses in one line: "2 created, 1 exists".
func (r Report) Summary() string {
	var parts []string
	for _, status := range TopicStatuses {
		n := r.Count(status)
		if n == 0 {
			continue
		}
		name := string(status)
		if status == TopicMissing {
			name = "to create"
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, name))
	}
	if len(parts) == 0 {
		return "no topics"
	}
	return strings.Join(parts, ", ")
}

// WriteTable prints the report for people, one topic a line and one more for
// each further remark.
func (r Report) WriteTable(w io.Writer) error {
	if len(r.Topics) == 0 {
		return nil
	}
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "TOPIC\tSTATUS\tPARTITIONS\tREPLICATION\tREMARK")
	for i := range r.Topics {
		t := &r.Topics[i]
		remarks := t.remarks()
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", t.Topic, t.Status,
			brokerChoice(int64(t.Partitions)), brokerChoice(int64(t.Replication)), remarks[0])
		for _, remark := range remarks[1:] {
			fmt.Fprintf(tw, "\t\t\t\t%s\n", remark)
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func brokerChoice(n int64) string {
	if n == 0 {
		return "default"
	}
	return strconv.FormatInt(n, 10)
}

// remarks has at least one element.
func (r *TopicReport) remarks() []string {
	var out []string
	for line := range strings.Lines(r.Reason) {
		out = append(out, strings.TrimSpace(line))
	}
	for _, d := range r.Differences {
		out = append(out, fmt.Sprintf("%s: %s, configured %s", d.Setting, d.Have, d.Want))
	}
	if len(out) == 0 {
		out = []string{""}
	}
	return out
}
