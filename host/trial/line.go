package trial

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir/host/event"
)

// RecordLine reads and writes events as lines of JSON, the way that kcat -J prints
// records: topic, partition, offset, ts, headers as a list of names and values
// by turns, key and payload. Other names for the same are timestamp and value,
// and headers may be an object. It writes with the names that it read last.
// Beyond that there is context, an object, and payload_base64, value_base64
// and key_base64 for what is no text.
type RecordLine struct {
	value, time string // the names that were read
	object      bool   // headers were an object
}

// The names of a line that are not those of a case.
const (
	linePayload = "payload"
	lineTS      = "ts"
)

// Parse reads input i.
func (l *RecordLine) Parse(line []byte, i int, now time.Time) (event.Event, error) {
	if !utf8.Valid(line) { // which encoding/json would mend, and so change
		return event.Event{}, errors.New("is not UTF-8: give bytes that are no text as value_base64 and key_base64")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil || fields == nil {
		return event.Event{}, errors.New("is no JSON object")
	}
	e := newEvent(i, now)
	var faults []error
	read := func(name string, into any) {
		if text, ok := fields[name]; ok && string(text) != "null" {
			if err := json.Unmarshal(text, into); err != nil {
				faults = append(faults, fmt.Errorf("%s: %s does not fit", name, text))
			}
		}
	}
	l.value, l.time = fieldValue, fieldTimestamp
	if _, ok := fields[fieldValue]; !ok {
		l.value = linePayload
	}
	if _, ok := fields[fieldTimestamp]; !ok {
		l.time = lineTS
	}
	read(fieldTopic, &e.From.Topic)
	read(fieldPartition, &e.From.Number)
	read(fieldOffset, &e.Offset)
	read(l.time, &e.Timestamp)
	var err error
	if e.Value, err = lineBytes(fields, l.value); err != nil {
		faults = append(faults, err)
	}
	if e.Key, err = lineBytes(fields, fieldKey); err != nil {
		faults = append(faults, err)
	}
	if err := l.headers(fields[fieldHeaders], &e); err != nil {
		faults = append(faults, err)
	}
	if err := lineContext(fields[fieldContext], &e); err != nil {
		faults = append(faults, err)
	}
	return e, errors.Join(faults...)
}

// lineBytes reads a payload or a key: text stands for itself, null and nothing
// for a null, any other JSON for its text.
func lineBytes(fields map[string]json.RawMessage, name string) ([]byte, error) {
	if encoded, ok := fields[name+suffixBase64]; ok {
		var data []byte
		if err := json.Unmarshal(encoded, &data); err != nil {
			return nil, fmt.Errorf("%s: is not base64", name+suffixBase64)
		}
		return data, nil
	}
	return rawBytes(fields[name])
}

func rawBytes(raw json.RawMessage) ([]byte, error) {
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, nil
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return []byte(text), err
	}
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.Bytes(), err
}

func (l *RecordLine) headers(raw json.RawMessage, e *event.Event) error {
	wrong := errors.New("headers: must be a list of names and values by turns, or an object")
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil || open != json.Delim('[') && open != json.Delim('{') {
		return wrong
	}
	l.object = open == json.Delim('{')
	for dec.More() {
		name, err := dec.Token()
		text, ok := name.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return wrong
		}
		data, err := rawBytes(value)
		if err != nil {
			return wrong
		}
		e.Headers = append(e.Headers, event.Header{Name: text, Value: data})
	}
	return nil
}

func lineContext(raw json.RawMessage, e *event.Event) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return errors.New("context: must be an object")
	}
	for name, value := range fields {
		if event.Reserved(name) || name == "" {
			return fmt.Errorf("context: the name %q cannot be given", name)
		}
		e.Context = append(e.Context, event.Pair{Name: name, Value: ContextValue(value)})
	}
	slices.SortFunc(e.Context, func(a, b event.Pair) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return nil
}

// ContextValue is a value of the context that JSON gives: a number is an int where it is one.
func ContextValue(raw json.RawMessage) event.Value {
	switch raw[0] {
	case 'n':
		return event.Value{}
	case 't', 'f':
		v := event.Value{Kind: event.Bool}
		if raw[0] == 't' {
			v.Num = 1
		}
		return v
	case '"':
		var text string
		if json.Unmarshal(raw, &text) == nil { // which is true of a string that was read
			return event.Value{Kind: event.Text, Data: []byte(text)}
		}
	case '{', '[':
		return event.Value{Kind: event.JSON, Data: raw}
	}
	if i, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return event.Value{Kind: event.Int, Num: uint64(i)}
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return event.Value{Kind: event.JSON, Data: raw}
	}
	return event.Value{Kind: event.Float, Num: math.Float64bits(f)}
}

// Append writes an output, without a new line. Its topic and partition are
// those that were chosen for the sink, and left out when none were.
func (l *RecordLine) Append(dst []byte, e *event.Event) []byte {
	dst = append(dst, '{')
	member := func(name string, value any) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, name)
		dst = append(dst, ':')
		dst = appendJSON(dst, value)
	}
	if e.Topic != "" {
		member(fieldTopic, e.Topic)
	}
	if e.Partition != event.AnyPartition {
		member(fieldPartition, e.Partition)
	}
	value, when := l.value, l.time
	if value == "" {
		value, when = fieldValue, fieldTimestamp
	}
	member(when, e.Timestamp)
	if len(e.Headers) > 0 {
		member(fieldHeaders, l.headerForm(e.Headers))
	}
	memberBytes(member, fieldKey, e.Key)
	memberBytes(member, value, e.Value)
	if len(e.Context) > 0 {
		pairs := make(map[string]any, len(e.Context))
		for _, p := range slices.Backward(e.Context) { // of a name that repeats the first counts
			pairs[p.Name] = jsonValue(p.Value)
		}
		member(fieldContext, pairs)
	}
	return append(dst, '}')
}

// headerForm is headers in the form that was read; an object cannot have a
// name twice.
func (l *RecordLine) headerForm(headers []event.Header) any {
	names := make(map[string]any, len(headers))
	list := make([]any, 0, 2*len(headers))
	for _, h := range headers {
		var value any
		if h.Value != nil {
			value = string(h.Value)
		}
		names[h.Name] = value
		list = append(list, h.Name, value)
	}
	if l.object && len(names) == len(headers) {
		return names
	}
	return list
}

func memberBytes(member func(string, any), name string, b []byte) {
	switch {
	case b == nil:
		member(name, nil)
	case utf8.Valid(b):
		member(name, string(b))
	default:
		member(name+suffixBase64, base64.StdEncoding.EncodeToString(b))
	}
}

// jsonValue is a value of the context in JSON; bytes are base64.
func jsonValue(v event.Value) any {
	switch v.Kind {
	case event.Null:
		return nil
	case event.Bool:
		return v.Num != 0
	case event.Int:
		return int64(v.Num)
	case event.Float:
		if f := math.Float64frombits(v.Num); !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	case event.Text:
		return string(v.Data)
	case event.JSON:
		if json.Valid(v.Data) {
			return json.RawMessage(v.Data)
		}
	case event.Bytes:
		return base64.StdEncoding.EncodeToString(v.Data)
	}
	return ShowValue(v)
}

// appendJSON writes a value as JSON with signs such as ">" as they are. What it
// is given can be written.
func appendJSON(dst []byte, v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return append(dst, "null"...)
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
