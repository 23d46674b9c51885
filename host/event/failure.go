package event

import "fmt"

// Class says what kind of failure an event met; the error policy and the
// counters go by it.
type Class string

// The classes of failures.
const (
	// Reject: a processor refused the event.
	Reject Class = "reject"
	// Trap: the module trapped while it processed the event alone.
	Trap Class = "trap"
	// ABI: what the module returned broke a rule of the ABI.
	ABI Class = "abi"
	// Fuel: the module went over a limit of fuel or time with the event alone.
	Fuel Class = "fuel"
	// MissingKey: a key filter with on_missing: error met an event without a key.
	MissingKey Class = "missing_key"
	// NoTopic: nobody chose a target topic and the sink has none.
	NoTopic Class = "no_topic"
	// BadTopic: a processor chose a topic name that Kafka does not allow.
	BadTopic Class = "bad_topic"
	// ForbiddenTopic: a processor chose a topic that its tenant may not write to.
	ForbiddenTopic Class = "forbidden_topic"
	// TooLarge: a record would be larger than the sink may write.
	TooLarge Class = "too_large"
	// BadPartition: a processor chose a partition that the topic does not have.
	BadPartition Class = "bad_partition"
	// Schema: a payload does not fit its schema, or has none that is known.
	Schema Class = "schema"
)

// Classes lists all classes; counters are kept by its indexes.
var Classes = [...]Class{Reject, Trap, ABI, Fuel, MissingKey, NoTopic, BadTopic, TooLarge, BadPartition, Schema, ForbiddenTopic}

// OfSink tells whether events fail so behind all processors.
func (c Class) OfSink() bool {
	return c == NoTopic || c == BadTopic || c == ForbiddenTopic || c == TooLarge || c == BadPartition
}

// Index is the class's place in Classes.
func (c Class) Index() int {
	for i := range Classes {
		if Classes[i] == c {
			return i
		}
	}
	panic("event: class " + string(c) + " is not listed in Classes")
}

// Failure is why one event failed in a processor. It goes to the error
// policy; it does not stop the pipeline by itself.
type Failure struct {
	Class   Class
	Message string
	// Digest is the sha256 of the module, in hexadecimal; empty for a native
	// processor.
	Digest string
	// Attempt counts from 1.
	Attempt int
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Class, f.Message) }
