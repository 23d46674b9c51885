package conformance

import (
	"bytes"
	"crypto/sha256"
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
// The README has all of it.

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
		name, after, ok := cut(rest, '=')
		if !ok {
			return e, fmt.Errorf("%q is no field NAME=VALUE", rest)
		}
		value, more, _ := cut(after, ' ')
		if err := setField(&e, name, value); err != nil {
			return e, fmt.Errorf("field %s: %w", name, err)
		}
		rest = strings.TrimSpace(more)
	}
	return e, nil
}

// cut splits at the first byte sep that is not in quotes.
func cut(s string, sep byte) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case sep:
			return s[:i], s[i+1:], true
		case '"':
			quoted, err := strconv.QuotedPrefix(s[i:])
			if err != nil {
				return s, "", false
			}
			i += len(quoted) - 1
		}
	}
	return s, "", false
}

func setField(e *event.Event, name, value string) (err error) {
	header, isHeader := strings.CutPrefix(name, "header.")
	pair, isPair := strings.CutPrefix(name, "context.")
	switch {
	case isHeader:
		h := event.Header{}
		if h.Name, err = parseName(header); err == nil {
			h.Value, err = parseBytes(value)
		}
		e.Headers = append(e.Headers, h)
	case isPair:
		p := event.Pair{}
		if p.Name, err = parseName(pair); err == nil {
			p.Value, err = parseValue(value)
		}
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
	case name == "stamped":
		e.Stamped = true
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

// parseName reads a name, which is in quotes where it would be taken apart
// without.
func parseName(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		return strconv.Unquote(s)
	}
	return s, nil
}

// parseBytes reads null, a quoted text, or N times a quoted text.
func parseBytes(s string) ([]byte, error) {
	if s == "null" {
		return nil, nil
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	times := 1
	if count, ok := strings.CutPrefix(s[len(quoted):], "*"); ok {
		if times, err = strconv.Atoi(count); err != nil {
			return nil, err
		}
	} else if len(s) > len(quoted) {
		return nil, fmt.Errorf("%q after the text", s[len(quoted):])
	}
	return bytes.Repeat([]byte(text), times), nil
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
		fmt.Fprintf(&b, " header.%s=%s", formatName(h.Name), formatBytes(h.Value))
	}
	for _, p := range e.Context {
		fmt.Fprintf(&b, " context.%s=%s", formatName(p.Name), formatValue(p.Value))
	}
	return b.String()
}

func formatName(name string) string {
	quoted := strconv.Quote(name)
	if len(quoted) == len(name)+2 && !strings.ContainsAny(name, " =") {
		return name
	}
	return quoted
}

// mostShown is how many bytes are written out in full.
const mostShown = 400

// formatBytes quotes bytes. Of many, it tells what they are a repetition of,
// else how they begin, how many they are, and the beginning of their SHA-256.
func formatBytes(b []byte) string {
	if b == nil {
		return "null"
	}
	if len(b) <= mostShown {
		return strconv.Quote(string(b))
	}
	for unit := 1; unit <= 16; unit++ {
		if len(b)%unit == 0 && bytes.Equal(b[unit:], b[:len(b)-unit]) {
			return fmt.Sprintf("%q*%d", b[:unit], len(b)/unit)
		}
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%q...(%d bytes, sha256 %x)", b[:16], len(b), sum[:4])
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
	return fmt.Sprintf("%s:%s", v.Kind, formatBytes(v.Data))
}
