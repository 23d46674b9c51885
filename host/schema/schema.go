// Package schema knows what a schema registry keeps: it takes the schema's id
// off payloads in Confluent's wire format, makes JSON of Avro, Protobuf and
// JSON Schema payloads, and makes payloads of JSON again.
//
// A Registry asks the registry and keeps what it answered; all steps that use
// one registry share it. A Step, decode or encode, opens a Processor for each
// lane, which satisfies the pipeline's Processor interface. Between the two the
// id travels in the event's context.
//
// Whose fault something is decides what becomes of it. A payload that does not
// fit, and an id that the registry does not know, are faults of the event and
// go to the error policy. A registry that does not answer, or not to us, is no
// event's fault: it is waited for, and stops the pipeline in the end.
package schema

import "fmt"

// kind is the type of a schema.
type kind uint8

const (
	kindAvro kind = iota
	kindProtobuf
	kindJSON
)

// schema is one schema as the registry gave it. It never changes.
type schema struct {
	id   int
	kind kind
	// codec is nil where the schema does not compile, for the reason broken.
	codec  codec
	broken error
	// messages is the codec of a Protobuf schema.
	messages *protobuf
}

// usable says why a schema cannot be used, or nothing.
func (s *schema) usable() error {
	if s.codec == nil {
		return fmt.Errorf("schema id %d: %w", s.id, s.broken)
	}
	return nil
}

// names are those of a part's pairs in the context: its schema's id, and for
// Protobuf the full name of its message.
type names struct{ id, message string }

func namesOf(p Part) names {
	if p == Key {
		return names{"schema_key_id", "schema_key_message"}
	}
	return names{"schema_id", "schema_message"}
}
