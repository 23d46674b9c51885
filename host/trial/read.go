package trial

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// The names that an event is read and written by.
const (
	fieldValue     = "value"
	fieldKey       = "key"
	fieldHeaders   = "headers"
	fieldContext   = "context"
	fieldTopic     = "topic"
	fieldPartition = "partition"
	fieldTimestamp = "timestamp"
	fieldOffset    = "offset"
	fieldFrom      = "from"
	fieldExact     = "exact"

	suffixBase64 = "_base64"
	keyBase64    = "base64"
	keyJSON      = "json"

	kafkaTopic     = "kafka_topic"
	kafkaPartition = "kafka_partition"
	kafkaTimestamp = "kafka_timestamp"
)

// DefaultTopic is where events come from whose topic is not given.
const DefaultTopic = "input"

// field takes a key of which a null says something too. ok is false when it is
// not there.
func field(s *config.Section, name string) (n *config.Node, ok bool) {
	s.Know(name)
	for _, e := range s.Entries() {
		if config.Fold(e.Key) == config.Fold(name) {
			s.Take(e)
			return e.Node, true
		}
	}
	return nil, false
}

// newEvent is input i with nothing given.
func newEvent(i int, now time.Time) event.Event {
	return event.Event{
		From:      &event.Partition{Topic: DefaultTopic},
		Offset:    int64(i),
		Origin:    int32(i),
		Partition: event.AnyPartition,
		Timestamp: now.UnixMilli(),
	}
}

// readEvent reads input i: a map of fields, or the value alone.
func readEvent(parent *config.Section, n *config.Node, name string, i int, now time.Time) event.Event {
	if n.Kind == config.Scalar {
		e := newEvent(i, now)
		e.Value = literal(parent, n, name)
		return e
	}
	return readFields(parent.Open(n, name), i, now)
}

// readFields reads input i from its fields.
func readFields(s *config.Section, i int, now time.Time) event.Event {
	e := newEvent(i, now)
	e.Value = readBytes(s, fieldValue)
	e.Key = readBytes(s, fieldKey)
	if n, ok := field(s, fieldHeaders); ok {
		eachHeader(s, n, func(name string, n *config.Node, path string) {
			e.Headers = append(e.Headers, event.Header{Name: name, Value: literal(s, n, path)})
		})
	}
	if n, ok := field(s, fieldTimestamp); ok {
		if ms, ok := milliseconds(s, n, fieldTimestamp); ok {
			e.Timestamp = ms
		}
	}
	e.From = &event.Partition{
		Topic:  s.String(fieldTopic, DefaultTopic),
		Number: int32(s.Int(fieldPartition, 0, 0, math.MaxInt32)),
	}
	e.Offset = s.Int(fieldOffset, int64(i), 0, math.MaxInt64)
	context := s.Section(fieldContext)
	readChoices(context, &e)
	for _, entry := range context.Entries() {
		context.Take(entry)
		if event.Reserved(entry.Key) {
			context.Fault(entry.Pos, entry.Key, "is not a name that an earlier processor can have set",
				"give key, headers, topic, partition and offset of the record beside the context")
			continue
		}
		e.Context = append(e.Context, event.Pair{Name: entry.Key, Value: typed(context, entry.Node, entry.Key)})
	}
	return e
}

// readChoices reads what an earlier processor chose.
func readChoices(context *config.Section, e *event.Event) {
	e.Topic = context.String(kafkaTopic, "")
	e.Partition = int32(context.Int(kafkaPartition, int64(event.AnyPartition), 0, math.MaxInt32))
	if n, ok := field(context, kafkaTimestamp); ok {
		if ms, ok := milliseconds(context, n, kafkaTimestamp); ok {
			e.Timestamp, e.Stamped = ms, true
		}
	}
}

// readBytes takes a field of bytes, in either of its spellings. What is not
// given is null.
func readBytes(s *config.Section, name string) []byte {
	n, ok := field(s, name)
	encoded, isEncoded := field(s, name+suffixBase64)
	switch {
	case ok && isEncoded:
		s.Fault(encoded.Pos, name+suffixBase64, "is given beside "+name, "keep one")
	case isEncoded:
		return decoded(s, encoded, name+suffixBase64)
	case ok:
		return literal(s, n, name)
	}
	return nil
}

// literal reads bytes: text as it stands, null, {json: ...} or {base64: ...}.
func literal(s *config.Section, n *config.Node, name string) []byte {
	switch n.Kind {
	case config.Scalar:
		if n.IsNull() {
			return nil
		}
		return []byte(n.Value)
	case config.List:
		s.Fault(n.Pos, name, "is a list, which is no text", "write {json: [...]}")
		return nil
	}
	data, _ := tagged(s.Open(n, name))
	return data
}

// tagged reads a map of one key that says how its value is written.
func tagged(s *config.Section) (data []byte, kind event.Kind) {
	encoded, isEncoded := field(s, keyBase64)
	n, isJSON := field(s, keyJSON)
	switch {
	case isEncoded && isJSON, !isEncoded && !isJSON && len(s.Entries()) == 0:
		s.Fault(s.Pos(), "", "give one of json and base64", "")
	case isEncoded:
		return decoded(s, encoded, keyBase64), event.Bytes
	case isJSON:
		return rendered(s, n, keyJSON), event.JSON
	}
	return []byte{}, event.Bytes
}

func decoded(s *config.Section, n *config.Node, name string) []byte {
	data, err := base64.StdEncoding.DecodeString(n.Value)
	if n.Kind != config.Scalar || err != nil {
		s.Fault(n.Pos, name, "is not base64", "as the command base64 writes it")
	}
	return append([]byte{}, data...)
}

// rendered writes a node as compact JSON. Text is JSON already.
func rendered(s *config.Section, n *config.Node, name string) []byte {
	data, err := n.JSON()
	if err != nil {
		s.Fault(n.Pos, name, err.Error(), "quote it to make it text")
		return []byte("null")
	}
	return data
}

// typed reads a value of the context by the type that YAML gives it.
func typed(s *config.Section, n *config.Node, name string) event.Value {
	switch {
	case n.Kind == config.Map:
		data, kind := tagged(s.Open(n, name))
		return event.Value{Kind: kind, Data: data}
	case n.Kind == config.List:
		s.Fault(n.Pos, name, "is a list, which is no value of the context", "write {json: [...]}")
		return event.Value{}
	case n.IsNull():
		return event.Value{}
	case n.Type == config.Text:
		return event.Value{Kind: event.Text, Data: []byte(n.Value)}
	}
	data, err := n.JSON()
	text := string(data)
	v := event.Value{}
	switch n.Type {
	case config.Bool:
		v.Kind = event.Bool
		if text == "true" {
			v.Num = 1
		}
	case config.Int:
		v.Kind = event.Int
		var i int64
		if err == nil {
			i, err = strconv.ParseInt(text, 10, 64)
		}
		v.Num = uint64(i)
	case config.Float:
		v.Kind = event.Float
		var f float64
		if err == nil {
			f, err = strconv.ParseFloat(text, 64)
		}
		v.Num = math.Float64bits(f)
	}
	if err != nil {
		s.Fault(n.Pos, name, fmt.Sprintf("%s is no number of 64 bits", n.Value), "quote it to make it text")
	}
	return v
}

// eachHeader visits headers: a map, or a list of maps where names repeat.
func eachHeader(s *config.Section, n *config.Node, visit func(name string, n *config.Node, path string)) {
	switch n.Kind {
	case config.Map:
		for _, item := range n.Items {
			visit(item.Key, item.Node, fieldHeaders+"."+item.Key)
		}
	case config.List:
		for i, e := range n.List {
			if e.Kind != config.Map {
				s.Fault(e.Pos, fmt.Sprintf("%s[%d]", fieldHeaders, i), "must be a map of a name to a value, not a "+e.Kind.String(), "")
				continue
			}
			for _, item := range e.Items {
				visit(item.Key, item.Node, fmt.Sprintf("%s[%d].%s", fieldHeaders, i, item.Key))
			}
		}
	default:
		if !n.IsNull() {
			s.Fault(n.Pos, fieldHeaders, "must be a map of names to values, not a value", "")
		}
	}
}

// milliseconds reads a time: ms since 1970, or as RFC 3339 has it.
func milliseconds(s *config.Section, n *config.Node, name string) (int64, bool) {
	if n.Kind == config.Scalar {
		if ms, err := strconv.ParseInt(n.Value, 10, 64); err == nil && ms >= -1 {
			return ms, true
		}
		if t, err := time.Parse(time.RFC3339, n.Value); err == nil {
			return t.UnixMilli(), true
		}
	}
	s.Fault(n.Pos, name, fmt.Sprintf("%q is no time", n.Value), "give ms since 1970, or a time such as 2024-01-31T12:00:00Z")
	return 0, false
}
