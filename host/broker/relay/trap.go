package relay

// Request is a kind of request.
type Request int16

// The requests that a trap can wait for, by their numbers in Kafka's protocol.
const (
	Produce         Request = 0
	Fetch           Request = 1
	OffsetCommit    Request = 8
	EndTxn          Request = 26
	TxnOffsetCommit Request = 28
)

// Stage is how far a request has come.
type Stage int

// The stages of a request.
const (
	Asked    Stage = iota // it is here, and no broker has it
	Answered              // the brokers have done it, and the client does not know
	Told                  // the client has the answer, or will have it in a moment
)

// Trap waits for a request at a stage.
type Trap struct {
	Request Request
	Stage   Stage
	sprung  chan struct{}
}

// full is the size from which an answer to Fetch has records in it.
const full = 1 << 10

// Set waits for the next request of a kind to reach a stage: then the relay holds,
// as by Hold, and the channel is closed. It takes the place of an earlier trap.
func (r *Relay) Set(t Trap) (sprung <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.sprung = make(chan struct{})
	r.trap = &t
	return t.sprung
}

// at springs the trap when a request is what it waits for.
func (r *Relay) at(request Request, stage Stage, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.trap
	if t == nil || t.Request != request || t.Stage != stage || (request == Fetch && stage != Asked && size < full) {
		return
	}
	r.trap = nil
	r.hold()
	close(t.sprung)
}
