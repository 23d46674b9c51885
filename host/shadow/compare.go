package shadow

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/host/event"
)

// Kind says in what the outputs of one record differ first.
type Kind string

// The kinds, in the order in which they are looked for.
const (
	Failure   Kind = "failure"   // it failed for one, or in other classes
	Count     Kind = "count"     // another number of events came of it
	Value     Kind = "value"     // the payload of one
	Key       Kind = "key"       // and so on
	Topic     Kind = "topic"     // the target topic
	Partition Kind = "partition" // the target partition
	Timestamp Kind = "timestamp"
	Headers   Kind = "headers"
	Context   Kind = "context"
)

// Kinds lists all kinds; counters are kept by its indexes.
var Kinds = [...]Kind{Failure, Count, Value, Key, Topic, Partition, Timestamp, Headers, Context}

func kindIndex(k Kind) int { return slices.Index(Kinds[:], k) }

// record is what came of one record of a batch, by both. Several inputs of a step
// can derive from one record; they are compared together.
type record struct {
	input       *event.Event // the first of them
	live, other side
}

type side struct {
	events   []*event.Event
	failures []*event.Failure
}

// records groups what came of a batch by the record that it derives from, in the
// order of the inputs. The order of events of different records is not compared:
// nothing says what it has to be.
func records(b *batch, out []event.Event, failed []verdict) []*record {
	byOrigin := make(map[int32]*record, len(b.in))
	all := make([]*record, 0, len(b.in))
	for i := range b.in {
		if origin := b.in[i].Origin; byOrigin[origin] == nil {
			r := &record{input: &b.in[i]}
			byOrigin[origin], all = r, append(all, r)
		}
	}
	for i := range b.out {
		s := &byOrigin[b.out[i].Origin].live
		s.events = append(s.events, &b.out[i])
	}
	for i := range out {
		s := &byOrigin[out[i].Origin].other
		s.events = append(s.events, &out[i])
	}
	for _, v := range b.failed {
		s := &byOrigin[b.in[v.at].Origin].live
		s.failures = append(s.failures, v.f)
	}
	for _, v := range failed {
		s := &byOrigin[b.in[v.at].Origin].other
		s.failures = append(s.failures, v.f)
	}
	return all
}

func (r *record) topic() string {
	if r.input.From == nil {
		return ""
	}
	return r.input.From.Topic
}

func (r *record) partition() int32 {
	if r.input.From == nil {
		return 0
	}
	return r.input.From.Number
}

// compare returns the first difference and how both sides look in it; no kind when
// there is none.
func (r *record) compare() (kind Kind, live, other string) {
	if classes(r.live.failures) != classes(r.other.failures) {
		return Failure, describe(r.live), describe(r.other)
	}
	if len(r.live.events) != len(r.other.events) {
		return Count, describe(r.live), describe(r.other)
	}
	for i, e := range r.live.events {
		if kind, live, other := differ(e, r.other.events[i]); kind != "" {
			return kind, live, other
		}
	}
	return "", "", ""
}

func classes(failures []*event.Failure) string {
	names := make([]string, len(failures))
	for i, f := range failures {
		names[i] = string(f.Class)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// describe is a side in short: why it failed, else what came of it.
func describe(s side) string {
	switch {
	case len(s.failures) > 0:
		f := s.failures[0]
		message, _, _ := strings.Cut(f.Message, "\n")
		return shorten(fmt.Sprintf("%s: %s", f.Class, message))
	case len(s.events) == 0:
		return "no event"
	case len(s.events) == 1:
		return "1 event: " + show(s.events[0].Value)
	}
	return fmt.Sprintf("%d events, the first: %s", len(s.events), show(s.events[0].Value))
}

// differ compares two events.
func differ(a, b *event.Event) (kind Kind, live, other string) {
	switch {
	case !sameBytes(a.Value, b.Value):
		return Value, show(a.Value), show(b.Value)
	case !sameBytes(a.Key, b.Key):
		return Key, show(a.Key), show(b.Key)
	case a.Topic != b.Topic:
		return Topic, fmt.Sprintf("%q", a.Topic), fmt.Sprintf("%q", b.Topic)
	case a.Partition != b.Partition:
		return Partition, fmt.Sprint(a.Partition), fmt.Sprint(b.Partition)
	case a.Timestamp != b.Timestamp || a.Stamped != b.Stamped:
		return Timestamp, fmt.Sprint(a.Timestamp), fmt.Sprint(b.Timestamp)
	case !slices.EqualFunc(a.Headers, b.Headers, func(x, y event.Header) bool { return x.Name == y.Name && sameBytes(x.Value, y.Value) }):
		return Headers, showHeaders(a.Headers), showHeaders(b.Headers)
	}
	x, y := byName(a.Context), byName(b.Context)
	if !slices.EqualFunc(x, y, samePair) {
		return Context, showContext(x), showContext(y)
	}
	return "", "", ""
}

// sameBytes parts a null from what is empty.
func sameBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func samePair(x, y event.Pair) bool {
	return x.Name == y.Name && x.Value.Kind == y.Value.Kind && x.Value.Num == y.Value.Num && bytes.Equal(x.Value.Data, y.Value.Data)
}

// byName is a context in order: it is a map.
func byName(pairs []event.Pair) []event.Pair {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b event.Pair) int { return strings.Compare(a.Name, b.Name) })
	return pairs
}

// maxShown bounds each side of an example.
const maxShown = 200

// show is bytes for a reader: as they are when they are text, else quoted.
func show(b []byte) string {
	if b == nil {
		return "null"
	}
	if len(b) > 2*maxShown {
		b = b[:2*maxShown]
	}
	text := string(b)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		text = fmt.Sprintf("%q", text)
	}
	return shorten(text)
}

// shorten cuts at a letter's border.
func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

func showHeaders(headers []event.Header) string {
	parts := make([]string, 0, len(headers))
	for _, h := range headers[:min(len(headers), maxShown)] {
		parts = append(parts, h.Name+"="+show(h.Value))
	}
	return shorten(strings.Join(parts, " "))
}

func showContext(pairs []event.Pair) string {
	parts := make([]string, 0, len(pairs))
	for _, p := range pairs[:min(len(pairs), maxShown)] {
		text := show(p.Value.Data)
		if p.Value.Kind <= event.Float {
			text = fmt.Sprintf("%#x", p.Value.Num)
		}
		parts = append(parts, fmt.Sprintf("%s=%s(%s)", p.Name, p.Value.Kind, text))
	}
	return shorten(strings.Join(parts, " "))
}
