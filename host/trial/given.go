package trial

import (
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// Given is an event as it is given on a command line: texts with the names of
// where they were given, for messages.
type Given struct {
	// Value and Key are bytes; nil is null.
	Value, Key []byte
	// Fields are topic, partition, offset and timestamp, Headers and Context
	// names with their values, in order. A value of the context has the kind that
	// YAML gives its text; an object or a list is JSON.
	Fields, Headers, Context []GivenText
}

// GivenText is a text under a name, and where it was given.
type GivenText struct {
	Name, Text, Where string
}

// Event makes an event of it. The error is all config.Faults.
func (g *Given) Event(now time.Time) (event.Event, error) {
	var faults config.Faults
	n := config.NewMap(config.Pos{})
	putBytes(n, fieldValue, g.Value)
	putBytes(n, fieldKey, g.Key)
	for _, f := range g.Fields {
		pos := config.Pos{File: f.Where}
		n.Put(f.Name, pos, &config.Node{Pos: pos, Value: f.Text})
	}
	headers := config.NewList(config.Pos{})
	for _, h := range g.Headers {
		header := config.NewMap(config.Pos{File: h.Where})
		header.Put(h.Name, header.Pos, &config.Node{Pos: header.Pos, Value: h.Text})
		headers.List = append(headers.List, header)
	}
	put(n, fieldHeaders, headers)
	context := config.NewMap(config.Pos{})
	for _, c := range g.Context {
		pos := config.Pos{File: c.Where}
		context.Put(c.Name, pos, contextText(pos, c.Text, &faults))
	}
	put(n, fieldContext, context)
	if err := faults.Err(); err != nil {
		return event.Event{}, err
	}
	s := config.Root(n)
	e := readFields(s, 0, now)
	return e, s.Finish().Err()
}

// contextText reads a text as YAML would.
func contextText(pos config.Pos, text string, faults *config.Faults) *config.Node {
	var wrong config.Faults
	n := config.ParseYAML(pos.File, []byte(text), &wrong)
	switch {
	case len(wrong) > 0:
		n = textNode(text) // such as "a: b: c"
	case n == nil:
		n = textNode("")
	case n.Kind != config.Scalar:
		data, err := n.JSON()
		if err != nil {
			faults.Add(config.Fault{Pos: pos, Message: err.Error()})
			data = []byte("null")
		}
		n = jsonNode(data)
	}
	n.Pos = pos
	return n
}
