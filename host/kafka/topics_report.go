package kafka

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// TopicStatus says how a topic stands.
type TopicStatus string

// The statuses of a topic.
const (
	// TopicMissing: it is not there, and Apply would make it.
	TopicMissing TopicStatus = "create"
	// TopicChange: it is there, and Apply would change it.
	TopicChange TopicStatus = "change"
	// TopicCreated: it was made, and has its leaders.
	TopicCreated TopicStatus = "created"
	// TopicChanged: it was changed, and is as configured.
	TopicChanged TopicStatus = "changed"
	// TopicExists: it is there as configured.
	TopicExists TopicStatus = "exists"
	// TopicDiffers: it is there with other settings that Apply leaves alone.
	TopicDiffers TopicStatus = "differs"
	// TopicFailed: it could not be looked at, made or changed.
	TopicFailed TopicStatus = "failed"
)

// TopicStatuses lists the statuses in the order of a summary.
var TopicStatuses = []TopicStatus{
	TopicMissing, TopicChange, TopicCreated, TopicChanged, TopicExists, TopicDiffers, TopicFailed,
}

// ChangeState says what becomes of a change.
type ChangeState string

// The states of a change.
const (
	// ChangePlanned: Apply will make it.
	ChangePlanned ChangeState = "planned"
	// ChangeDone: Apply made it.
	ChangeDone ChangeState = "done"
	// ChangeHeld: the rules keep it from being made.
	ChangeHeld ChangeState = "held"
	// ChangeImpossible: weir does not do this to a topic.
	ChangeImpossible ChangeState = "impossible"
	// ChangeFailed: the brokers refused it, or would.
	ChangeFailed ChangeState = "failed"
)

// Report is what a Check or a Plan found or an Apply did, in the order of the
// configuration. Its JSON form is an interface.
type Report struct {
	Topics []TopicReport `json:"topics"`
}

// TopicReport is one topic of a Report. Partitions and Replication are those
// of the topic that is there, else those to make it with; 0 is the broker's
// choice.
type TopicReport struct {
	Topic       string      `json:"topic"`
	Connection  string      `json:"connection,omitempty"`
	Status      TopicStatus `json:"status"`
	Partitions  int32       `json:"partitions"`
	Replication int16       `json:"replication_factor"`
	Changes     []Change    `json:"changes,omitempty"`
	Reason      string      `json:"reason,omitempty"`
	Pos         string      `json:"declared_at,omitempty"`
}

// The settings of a topic that are no topic options.
const (
	settingPartitions  = "partitions"
	settingReplication = "replication_factor"
	settingAssignment  = "replica_assignment"
)

// Change is one setting of a topic that is not as configured; of a topic that
// is missing, one that it gets.
type Change struct {
	// Setting is partitions, replication_factor, replica_assignment or the name
	// of a topic option.
	Setting string `json:"setting"`
	// Have is empty where the topic has nothing of the kind.
	Have string `json:"have"`
	Want string `json:"want"`
	// Reset says that the topic's own value is taken back, which leaves Want,
	// or what the broker sets where that is empty.
	Reset bool        `json:"reset,omitempty"`
	State ChangeState `json:"state"`
	// Risk says what a destructive change can cost.
	Risk string `json:"risk,omitempty"`
	// Reason says why the change is not made.
	Reason string `json:"reason,omitempty"`
}

func (t *Topic) report(status TopicStatus) TopicReport {
	r := TopicReport{
		Topic: t.Name, Status: status,
		Partitions:  max(cmp.Or(t.Partitions, t.Default.Partitions), 0),
		Replication: max(cmp.Or(t.Replication, t.Default.Replication), 0),
	}
	if len(t.Assignment) > 0 {
		r.Partitions, r.Replication = int32(len(t.Assignment)), int16(len(t.Assignment[0]))
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

// fail keeps what is known of the topic.
func (r *TopicReport) fail(reason string) {
	r.Status, r.Reason = TopicFailed, reason
}

// settle sets the status of an existing topic by its changes.
func (r *TopicReport) settle() {
	has := func(state ChangeState) bool {
		return slices.ContainsFunc(r.Changes, func(c Change) bool { return c.State == state })
	}
	switch {
	case has(ChangeFailed):
		r.Status = TopicFailed
	case has(ChangePlanned):
		r.Status = TopicChange
	case has(ChangeHeld), has(ChangeImpossible):
		r.Status = TopicDiffers
	case has(ChangeDone):
		r.Status = TopicChanged
	default:
		r.Status = TopicExists
	}
}

// changes returns those of one state for the caller to alter.
func (r *TopicReport) changes(state ChangeState) []*Change {
	var out []*Change
	for i := range r.Changes {
		if r.Changes[i].State == state {
			out = append(out, &r.Changes[i])
		}
	}
	return out
}

// Why says in one line why the topic is not as configured, or "".
func (r *TopicReport) Why() string {
	var why []string
	switch {
	case r.Reason != "":
		why = append(why, strings.ReplaceAll(r.Reason, "\n", "; "))
	case r.Status == TopicMissing:
		why = append(why, "is missing")
	case r.Status != TopicCreated:
		for _, c := range r.Changes {
			text := fmt.Sprintf("%s is %s, configured %s", c.Setting, cmp.Or(c.Have, "unset"), cmp.Or(c.Want, "unset"))
			if c.State == ChangeFailed {
				text += ": " + c.Reason
			}
			if c.State != ChangeDone {
				why = append(why, text)
			}
		}
	}
	return strings.Join(why, "; ")
}

func (r Report) clone() Report {
	out := Report{Topics: slices.Clone(r.Topics)}
	for i := range out.Topics {
		out.Topics[i].Changes = slices.Clone(out.Topics[i].Changes)
	}
	return out
}

// Pending tells how many topics Apply would make or change.
func (r Report) Pending() int { return r.Count(TopicMissing) + r.Count(TopicChange) }

// Risks tells how many changes that Apply would make can cost something.
func (r Report) Risks() int {
	n := 0
	for i := range r.Topics {
		if r.Topics[i].Status != TopicChange {
			continue
		}
		for _, c := range r.Topics[i].changes(ChangePlanned) {
			if c.Risk != "" {
				n++
			}
		}
	}
	return n
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
	return r.is(ErrTopics, bad...)
}

// Drift is ErrTopics when a topic could not be compared, ErrDrift when one is
// not as configured, else nil.
func (r Report) Drift() error {
	if err := r.Err(TopicFailed); err != nil {
		return err
	}
	return r.is(ErrDrift, TopicMissing, TopicChange, TopicDiffers)
}

func (r Report) is(err error, bad ...TopicStatus) error {
	for _, status := range bad {
		if r.Count(status) > 0 {
			return fmt.Errorf("%w: %s", err, r.Summary())
		}
	}
	return nil
}

// Summary counts the statuses in one line: "2 created, 1 as configured".
func (r Report) Summary() string {
	names := map[TopicStatus]string{
		TopicMissing: "to create", TopicChange: "to change", TopicExists: "as configured", TopicDiffers: "left different",
	}
	var parts []string
	for _, status := range TopicStatuses {
		n := r.Count(status)
		if n == 0 {
			continue
		}
		name := names[status]
		if name == "" {
			name = string(status)
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, name))
	}
	if len(parts) == 0 {
		return "no topics"
	}
	return strings.Join(parts, ", ")
}
