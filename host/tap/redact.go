package tap

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/event"
)

// Hidden is what stands in the place of what nobody sees.
const Hidden = "***"

// Redaction says what of events nobody sees. Conditions do not see it either.
type Redaction struct {
	// Fields are members of JSON and names of the context: "password" at any
	// depth, "card.number" only in a card. A payload that is no JSON, or not whole,
	// is hidden as a whole when there are any: nobody can tell what is in it.
	Fields []string
	// Headers are names of headers.
	Headers []string
	// Keys hides the keys of records.
	Keys bool
}

func (r *Redaction) apply(x *Exchange) {
	if r == nil {
		return
	}
	for _, events := range [][]Event{x.Before, x.After} {
		for i := range events {
			r.event(&events[i])
		}
	}
	if x.Failure != nil && len(r.Fields) > 0 {
		x.Failure.Message = Hidden // it may quote the event
	}
}

func (r *Redaction) event(e *Event) {
	if r.Keys && e.Key != nil {
		e.Key = []byte(Hidden)
	}
	for i := range e.Headers {
		if slices.ContainsFunc(r.Headers, func(name string) bool { return strings.EqualFold(name, e.Headers[i].Name) }) {
			e.Headers[i].Value = []byte(Hidden)
		}
	}
	if len(r.Fields) == 0 {
		return
	}
	e.Value = r.payload(e.Value, e.Cut > 0)
	for i := range e.Context {
		pair := &e.Context[i]
		switch {
		case r.hides([]string{pair.Name}):
			pair.Value = event.Value{Kind: event.Text, Data: []byte(Hidden)}
		case pair.Value.Kind == event.JSON:
			pair.Value.Data = r.payload(pair.Value.Data, false)
		}
	}
}

func (r *Redaction) payload(data []byte, cut bool) []byte {
	if len(data) == 0 {
		return data
	}
	v, ok := decode(data)
	if !ok || cut {
		return []byte(Hidden)
	}
	r.walk(v, nil)
	// Written anew even where nothing was hidden: of a name that is there twice,
	// only one was looked at.
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(Hidden)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// walk hides members of a value.
func (r *Redaction) walk(v any, path []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if at := append(slices.Clone(path), name); r.hides(at) {
				v[name] = Hidden
			} else {
				r.walk(member, at)
			}
		}
	case []any:
		for _, element := range v {
			r.walk(element, path)
		}
	}
}

// hides tells whether a rule is the end of a path.
func (r *Redaction) hides(path []string) bool {
	return slices.ContainsFunc(r.Fields, func(rule string) bool {
		names := strings.Split(rule, ".")
		return len(names) <= len(path) && slices.EqualFunc(names, path[len(path)-len(names):], strings.EqualFold)
	})
}

// decode reads one JSON value, with numbers as they are.
func decode(data []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, false
	}
	return v, len(bytes.TrimSpace(data[dec.InputOffset():])) == 0
}
