// Package deadletter reads what the dead_letter policy writes: records as they
// were read, with the reason in headers. It groups letters by their causes,
// selects some, and makes of a letter again the event that it was. It knows no
// Kafka: letters are events of the dead-letter topic.
package deadletter

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/host/event"
)

// Letter is a dead letter: what failed, where, and the record that did.
type Letter struct {
	// Topic, Partition and Offset are where the letter lies.
	Topic     string
	Partition int32
	Offset    int64
	// Time is when the record failed.
	Time time.Time

	Class, Message      string
	Pipeline, Processor string
	// Module is "sha256:" with the digest, empty for a native processor.
	Module  string
	Attempt int
	// Cut is how long the value was that the letter has only the first part of;
	// 0 is a whole one.
	Cut int

	// Source is where the record came from; its offset and timestamp are -1
	// where the letter does not say.
	Source          event.Partition
	SourceOffset    int64
	SourceTimestamp int64

	Key, Value []byte
	// Headers are the record's own.
	Headers []event.Header
}

// The families of headers that letters have: of weir, and of Kafka Connect.
const (
	own     = "weir.error."
	connect = "__connect.errors."
)

// names maps header names, weir's and Connect's, to what is read of a letter.
var names = map[string]string{
	own + "class": "class", connect + "exception.class.name": "class",
	own + "message": "message", connect + "exception.message": "message",
	own + "pipeline": "pipeline", connect + "connector.name": "pipeline",
	own + "processor": "processor", connect + "stage": "processor",
	own + "module": "module", connect + "class.name": "module",
	own + "topic": "topic", connect + "topic": "topic",
	own + "partition": "partition", connect + "partition": "partition",
	own + "offset": "offset", connect + "offset": "offset",
	own + "timestamp": "timestamp",
	own + "time":      "time",
	own + "attempt":   "attempt",
	own + "cut":       "cut",
}

// Parse reads a record of a dead-letter topic. It returns false when the record
// says nothing of a failure.
func Parse(e *event.Event) (*Letter, bool) {
	said := map[string]string{}
	l := &Letter{Topic: e.From.Topic, Partition: e.From.Number, Offset: e.Offset, Key: e.Key, Value: e.Value}
	for _, h := range e.Headers {
		switch name, known := names[h.Name]; {
		case known:
			said[name] = string(h.Value)
		case !isError(h.Name):
			l.Headers = append(l.Headers, h)
		}
	}
	if said["class"] == "" && said["message"] == "" {
		return nil, false
	}
	l.Class, l.Message = said["class"], said["message"]
	l.Pipeline, l.Processor, l.Module = said["pipeline"], said["processor"], said["module"]
	l.Attempt, l.Cut = int(number(said["attempt"], 1)), int(number(said["cut"], 0))
	l.Source = event.Partition{Topic: said["topic"], Number: int32(number(said["partition"], -1))}
	l.SourceOffset, l.SourceTimestamp = number(said["offset"], -1), number(said["timestamp"], -1)
	at, err := time.Parse(time.RFC3339Nano, said["time"])
	if err != nil {
		at = time.UnixMilli(e.Timestamp).UTC()
	}
	l.Time = at
	return l, true
}

func isError(name string) bool {
	return strings.HasPrefix(name, own) || strings.HasPrefix(name, connect)
}

// number reads a header; other programs may have written it.
func number(text string, def int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return def
	}
	return n
}

// Selection chooses letters. What is not set takes all.
type Selection struct {
	Class, Processor, Pipeline string
	// Message is searched for in the reason.
	Message *regexp.Regexp
	// Key is the record's key, nil any.
	Key []byte
	// Since and Until bound the time of the failure, Until exclusively.
	Since, Until time.Time
}

// Takes tells whether a letter is chosen.
func (s *Selection) Takes(l *Letter) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(s.Class, l.Class) && is(s.Processor, l.Processor) && is(s.Pipeline, l.Pipeline) &&
		(s.Message == nil || s.Message.MatchString(l.Message)) &&
		(s.Key == nil || string(s.Key) == string(l.Key)) &&
		(s.Since.IsZero() || !l.Time.Before(s.Since)) && (s.Until.IsZero() || l.Time.Before(s.Until))
}

// String says what is chosen, in one way for equal selections.
func (s *Selection) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+strconv.Quote(value))
		}
	}
	add("class", s.Class)
	add("processor", s.Processor)
	add("pipeline", s.Pipeline)
	if s.Message != nil {
		add("message", s.Message.String())
	}
	if s.Key != nil {
		parts = append(parts, "key="+strconv.Quote(string(s.Key)))
	}
	instant := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	add("since", instant(s.Since))
	add("until", instant(s.Until))
	return strings.Join(parts, " ")
}

// Place is where the record came from, in words.
func (l *Letter) Place() string {
	if l.Source.Topic == "" {
		return "unknown"
	}
	return l.Source.Topic + "/" + strconv.Itoa(int(l.Source.Number)) + "@" + strconv.FormatInt(l.SourceOffset, 10)
}

// Less orders letters by time, and by place where that is equal.
func (l *Letter) Less(m *Letter) int {
	return cmp.Or(l.Time.Compare(m.Time), cmp.Compare(l.Partition, m.Partition), cmp.Compare(l.Offset, m.Offset))
}
