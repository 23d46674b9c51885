package verify

// Kind is a kind of anomaly.
type Kind int

// The kinds of anomalies. The first four have the names that Jepsen gives them.
const (
	LostWrite Kind = iota
	Duplicate
	AbortedRead
	NonmonotonicSend
	Foreign
	Corrupt
	CommitAhead
	Books
	Crash
	Stuck
	kinds
)

// Names has the name of each kind, as reports write it.
var Names = [kinds]string{
	LostWrite: "lost-write", Duplicate: "duplicate", AbortedRead: "G1a", NonmonotonicSend: "nonmonotonic-send",
	Foreign: "foreign", Corrupt: "corrupt", CommitAhead: "commit-ahead", Books: "books", Crash: "crash", Stuck: "stuck",
}

func (k Kind) String() string { return Names[k] }

var meanings = [kinds]string{
	LostWrite:        "an input was passed over and has no output",
	Duplicate:        "an input has more outputs than the delivery allows",
	AbortedRead:      "a reader of committed records saw what is not there",
	NonmonotonicSend: "outputs of a partition are not in the order of their inputs",
	Foreign:          "an output that no input explains, or in the wrong topic",
	Corrupt:          "an output has another key or value than its input",
	CommitAhead:      "an offset was committed before its output was there",
	Books:            "the counters of a process do not add up",
	Crash:            "the process ended by itself, or did not end as it was told",
	Stuck:            "input was not processed in time after the faults",
}

// Meaning says in a few words what is wrong.
func (k Kind) Meaning() string { return meanings[k] }

// Verdict is what an audit found.
type Verdict struct {
	Valid       bool  `json:"valid"` // no anomaly
	Inputs      int64 `json:"inputs"`
	Unprocessed int64 `json:"unprocessed"` // inputs that wait to be read
	Outputs     int64 `json:"outputs"`
	DeadLetters int64 `json:"dead_letters"` // of the outputs
	// Duplicates are the outputs beyond the first of each input, the allowed
	// ones too; MaxCopies is the most that one input has.
	Duplicates int64     `json:"duplicates"`
	MaxCopies  int32     `json:"max_copies"`
	Anomalies  []Anomaly `json:"anomalies,omitempty"`
}

// Anomaly is one kind of anomaly that was found.
type Anomaly struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Cases
}
