// Package event is the vocabulary of the host: what flows between a source,
// the processors and a sink.
//
// An Event is one payload with its context. A source makes events from
// records, processors turn events into events, a sink makes records of them.
// The package is a leaf: it imports nothing of the host.
package event

// Header is one header of a record. A nil Value is a null, distinct from an
// empty one. Names may repeat; their order is kept.
type Header struct {
	Name  string
	Value []byte
}

// Partition names where events come from. One value is shared by all events
// of a partition and never changes.
type Partition struct {
	Topic  string
	Number int32
}

// Event is a payload with its context. The byte slices belong to whoever made
// them and are never written to: a processor that changes a value sets a new
// slice.
type Event struct {
	// Value is the payload. nil is a null (a tombstone), distinct from empty.
	Value []byte
	// Key is the record's key, kafka_key in the context. nil is no key.
	Key []byte
	// Headers are kafka_headers in the context.
	Headers []Header
	// Context holds the user's own keys, those that are not kafka_*.
	Context []Pair
	// Topic is the target that a processor chose; empty means that none did
	// and the sink's own topic applies.
	Topic string
	// Timestamp is in ms since 1970: the source record's, or with Stamped the
	// one that a processor set for the sink.
	Timestamp int64
	// From and Offset are the coordinates of the record that the event
	// derives from. Processors do not change them.
	From   *Partition
	Offset int64
	// Origin is the index, among the inputs of the batch, of the record that
	// the event derives from. The order of a batch's events says nothing
	// about their origins: processors may reorder and fan out.
	Origin int32
	// Partition is the target partition that a processor chose, or
	// AnyPartition.
	Partition int32
	// Stamped says that Timestamp was set by a processor.
	Stamped bool
}

// AnyPartition leaves the choice of the target partition to the sink's
// partitioner.
const AnyPartition int32 = -1

// Size is the number of payload bytes that an event holds on to: value, key
// and headers. In-flight limits are counted in it.
func (e *Event) Size() int {
	n := len(e.Value) + len(e.Key)
	for i := range e.Headers {
		n += len(e.Headers[i].Name) + len(e.Headers[i].Value)
	}
	return n
}
