package pipeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/host/event"
)

const headerPrefix = "weir.error."

// The headers that a dead letter carries after the record's own ones.
const (
	HeaderClass     = "weir.error.class"
	HeaderMessage   = "weir.error.message"
	HeaderPipeline  = "weir.error.pipeline"
	HeaderProcessor = "weir.error.processor"
	HeaderModule    = "weir.error.module"
	HeaderTopic     = "weir.error.topic"
	HeaderPartition = "weir.error.partition"
	HeaderOffset    = "weir.error.offset"
	HeaderTimestamp = "weir.error.timestamp"
	HeaderTime      = "weir.error.time"
	HeaderAttempt   = "weir.error.attempt"
	// HeaderCut is there when the value had to be cut: how long it was.
	HeaderCut = "weir.error.cut"
)

// deadLetter makes the event that the dead-letter topic gets: the record's
// bytes, key and headers as they were read, whatever processors made of them,
// and why it is there. The record's timestamp goes into a header and not on the
// dead letter, which would else expire by the age of what failed.
func (p *Pipeline) deadLetter(topic string, input *event.Event, processor string, f *event.Failure) event.Event {
	headers := make([]event.Header, 0, len(input.Headers)+12)
	from := origin{input.From.Topic, strconv.Itoa(int(input.From.Number)), strconv.FormatInt(input.Offset, 10), strconv.FormatInt(input.Timestamp, 10)}
	attempt := max(f.Attempt, 1)
	if p.cfg.Letters {
		headers, attempt = from.again(headers, input.Headers, attempt)
	} else {
		headers = append(headers, input.Headers...)
	}
	add := func(name, value string) {
		headers = append(headers, event.Header{Name: name, Value: []byte(value)})
	}
	add(HeaderClass, string(f.Class))
	add(HeaderMessage, f.Message)
	add(HeaderPipeline, p.cfg.Name)
	add(HeaderProcessor, processor)
	if f.Digest != "" {
		add(HeaderModule, "sha256:"+f.Digest)
	}
	add(HeaderTopic, from.topic)
	add(HeaderPartition, from.partition)
	add(HeaderOffset, from.offset)
	add(HeaderTimestamp, from.timestamp)
	add(HeaderTime, time.Now().UTC().Format(time.RFC3339Nano))
	add(HeaderAttempt, strconv.Itoa(attempt))
	return p.cut(event.Event{
		Value:     input.Value,
		Key:       input.Key,
		Headers:   headers,
		Topic:     topic,
		From:      input.From,
		Offset:    input.Offset,
		Origin:    input.Origin,
		Partition: event.AnyPartition,
	})
}

// origin is where a record came from, as headers tell it.
type origin struct{ topic, partition, offset, timestamp string }

// again takes over what a letter says of its origin, appends the record's own
// headers to dst, and adds the letter's attempts.
func (o *origin) again(dst, headers []event.Header, attempt int) ([]event.Header, int) {
	said := map[string]*string{HeaderTopic: &o.topic, HeaderPartition: &o.partition, HeaderOffset: &o.offset, HeaderTimestamp: &o.timestamp}
	for _, h := range headers {
		switch field := said[h.Name]; {
		case field != nil:
			*field = string(h.Value)
		case h.Name == HeaderAttempt:
			if before, err := strconv.Atoi(string(h.Value)); err == nil {
				attempt += before
			}
		case !strings.HasPrefix(h.Name, headerPrefix):
			dst = append(dst, h)
		}
	}
	return dst, attempt
}

// cut shortens the value of a dead letter that the sink could not write: it is
// as large as the record was, or larger. The whole of it stays where it came from,
// which the headers tell.
func (p *Pipeline) cut(letter event.Event) event.Event {
	tooLarge := func(e *event.Event) bool {
		f := p.cfg.CheckEvent(letter.Topic, e)
		return f != nil && f.Class == event.TooLarge
	}
	if p.cfg.CheckEvent == nil || !tooLarge(&letter) {
		return letter
	}
	whole := len(letter.Value)
	letter.Headers = append(letter.Headers, event.Header{Name: HeaderCut, Value: []byte(strconv.Itoa(whole))})
	for tooLarge(&letter) && len(letter.Value) > 0 {
		letter.Value = letter.Value[:len(letter.Value)/2]
	}
	return letter
}
