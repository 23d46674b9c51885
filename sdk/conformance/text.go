package conformance

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/event"
)

// An event is one line of fields, NAME=VALUE, in this order; those that are not
// given are absent:
//
//	value="..." key="..." topic="..." partition=2 ts=1000 from=orders/0@7
//	header.NAME="..." header.NAME=null context.NAME=KIND:VALUE
//
// value=null is a null. Texts are quoted as Go does. The kinds are null, bool,
// int, float, text, bytes and json; the values of the last three are quoted.
// An input without from= is from partition orders/0, its offset its index.

// parseEvent reads the event of index i.
func parseEvent(line string, i int) (event.Event, error) {
	e := event.Event{
		Value:     []byte{},
		From:      &event.Partition{Topic: "orders"},
		Offset:    int64(i),
		Origin:    int32(i),
		Partition: event.AnyPartition,
	}
	for rest := strings.TrimSpace(line); rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return e, fmt.Errorf("%q is no field NAME=VALUE", rest)
		}
		n := valueLen(after)
		if err := setField(&e, name, after[:n]); err != nil {
			return e, fmt.Errorf("field %s: %w", name, err)
		}
		rest = strings.TrimSpace(after[n:])
	}
	return e, nil
}

// valueLen is the length of the value that s begins with: to the next space
// that is not in quotes.
func valueLen(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ':
			return i
		case '"':
			quoted, err := strconv.QuotedPrefix(s[i:])
			if err != nil {
				return len(s)
			}
			i += len(quoted) - 1
		}
	}
	return len(s)
}

func setField(e *event.Event, name, value string) (err error) {
	header, isHeader := strings.CutPrefix(name, "header.")
	pair, isPair := strings.CutPrefix(name, "context.")
	switch {
	case isHeader:
		h := event.Header{Name: header}
		h.Value, err = parseBytes(value)
		e.Headers = append(e.Headers, h)
	case isPair:
		p := event.Pair{Name: pair}
		p.Value, err = parseValue(value)
		e.Context = append(e.Context, p)
	case name == "value":
		e.Value, err = parseBytes(value)
	case name == "key":
		e.Key, err = parseBytes(value)
	case name == "topic":
		e.Topic, err = strconv.Unquote(value)
	case name == "partition":
		_, err = fmt.Sscanf(value, "%d", &e.Partition)
	case name == "ts":
		e.Timestamp, err = strconv.ParseInt(value, 10, 64)
	case name == "from":
		topic, place, _ := strings.Cut(value, "/")
		e.From = &event.Partition{Topic: topic}
		_, err = fmt.Sscanf(place, "%d@%d", &e.From.Number, &e.Offset)
	default:
		err = fmt.Errorf("unknown")
	}
	return err
}

func parseBytes(s string) ([]byte, error) {
	if s == "null" {
		return nil, nil
	}
	text, err := strconv.Unquote(s)
	return []byte(text), err
}

func parseValue(s string) (v event.Value, err error) {
	kind, text, _ := strings.Cut(s, ":")
	switch kind {
	case "null":
	case "bool":
		v = event.Value{Kind: event.Bool}
		if text == "true" {
			v.Num = 1
		}
	case "int":
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v = event.Value{Kind: event.Int, Num: uint64(n)}
	case "float":
		var x float64
		x, err = strconv.ParseFloat(text, 64)
		v = event.Value{Kind: event.Float, Num: math.Float64bits(x)}
	case "text", "bytes", "json":
		kinds := map[string]event.Kind{"text": event.Text, "bytes": event.Bytes, "json": event.JSON}
		v.Kind = kinds[kind]
		v.Data, err = parseBytes(text)
	default:
		err = fmt.Errorf("unknown kind %q", kind)
	}
	return v, err
}

// formatEvent writes an output: the index of its input, and its fields.
func formatEvent(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d value=%s", e.Origin, formatBytes(e.Value))
	if e.Key != nil {
		fmt.Fprintf(&b, " key=%s", formatBytes(e.Key))
	}
	if e.Topic != "" {
		fmt.Fprintf(&b, " topic=%q", e.Topic)
	}
	if e.Partition != event.AnyPartition {
		fmt.Fprintf(&b, " partition=%d", e.Partition)
	}
	if e.Stamped {
		fmt.Fprintf(&b, " ts=%d", e.Timestamp)
	}
	for _, h := range e.Headers {
		fmt.Fprintf(&b, " header.%s=%s", h.Name, formatBytes(h.Value))
	}
	for _, p := range e.Context {
		fmt.Fprintf(&b, " context.%s=%s", p.Name, formatValue(p.Value))
	}
	return b.String()
}

// formatBytes quotes bytes; many are cut.
func formatBytes(b []byte) string {
	if b == nil {
		return "null"
	}
	const most = 400
	if len(b) > most {
		return fmt.Sprintf("%q...(%d bytes)", b[:16], len(b))
	}
	return strconv.Quote(string(b))
}

func formatValue(v event.Value) string {
	switch v.Kind {
	case event.Null:
		return "null"
	case event.Bool:
		return fmt.Sprintf("bool:%t", v.Num == 1)
	case event.Int:
		return fmt.Sprintf("int:%d", int64(v.Num))
	case event.Float:
		return fmt.Sprintf("float:%v", math.Float64frombits(v.Num))
	}
	return fmt.Sprintf("%s:%q", v.Kind, v.Data)
}
