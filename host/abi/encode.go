package abi

import (
	"encoding/binary"

	"github.com/weirhq/weir/host/event"
)

var le = binary.LittleEndian

// Layout is where the parts of one batch go in the guest's buffer: the table
// of entries, then the arrays of pairs, then the bytes.
type Layout struct {
	pairs, bytes, size uint64
}

// Size is the number of bytes that Encode needs. It can be more than a guest
// can address.
func (l Layout) Size() uint64 { return l.size }

// Measure finds the layout of a batch.
func Measure(in []event.Event) Layout {
	var pairs, data uint64
	var topic, source string
	for i := range in {
		e := &in[i]
		data += uint64(len(e.Value) + len(e.Key))
		if e.Topic != "" && e.Topic != topic {
			topic = e.Topic
			data += uint64(len(topic))
		}
		if e.From != nil && e.From.Topic != source {
			source = e.From.Topic
			data += uint64(len(source))
		}
		for j := range e.Headers {
			pairs += HeaderSize
			data += uint64(len(e.Headers[j].Name) + len(e.Headers[j].Value))
		}
		for j := range e.Context {
			pairs += ContextSize
			data += uint64(len(e.Context[j].Name))
			if kindHasData(e.Context[j].Value.Kind) {
				data += uint64(len(e.Context[j].Value.Data))
			}
		}
	}
	l := Layout{pairs: uint64(len(in)) * EntrySize}
	l.bytes = l.pairs + pairs
	l.size = l.bytes + data
	return l
}

// Encode writes the batch that was measured into buf, which has Size bytes and
// begins at address base of the guest's memory.
func (l Layout) Encode(buf []byte, base uint32, in []event.Event) {
	w := writer{buf: buf, base: uint64(base), pairs: l.pairs, bytes: l.bytes}
	for i := range in {
		w.entry((*[EntrySize]byte)(buf[i*EntrySize:]), uint32(i), &in[i])
	}
}

// writer keeps the two places where Encode goes on, as offsets into buf, and
// the strings that it wrote last: neighbours often share them.
type writer struct {
	buf          []byte
	base         uint64
	pairs, bytes uint64
	topic        shared
	source       shared
}

type shared struct {
	text string
	word uint64
}

func (w *writer) entry(dst *[EntrySize]byte, index uint32, e *event.Event) {
	var flags uint32
	var value, key, topic, source uint64
	partition := event.AnyPartition
	if e.Value == nil {
		flags |= FlagValueNull
	} else {
		value = put(w, e.Value)
	}
	if e.Key == nil {
		flags |= FlagKeyNull
	} else {
		key = put(w, e.Key)
	}
	if e.Topic != "" {
		flags |= FlagRouted
		topic = w.share(&w.topic, e.Topic)
	}
	if e.Stamped {
		flags |= FlagStamped
	}
	if e.From != nil {
		source = w.share(&w.source, e.From.Topic)
		partition = e.From.Number
	}
	le.PutUint64(dst[offSource:], uint64(index)|uint64(flags)<<32)
	le.PutUint64(dst[offValue:], value)
	le.PutUint64(dst[offKey:], key)
	le.PutUint64(dst[offHeaders:], w.headers(e.Headers))
	le.PutUint64(dst[offContext:], w.context(e.Context))
	le.PutUint64(dst[offTopic:], topic)
	le.PutUint64(dst[offSourceTopic:], source)
	le.PutUint64(dst[offTimestamp:], uint64(e.Timestamp))
	le.PutUint64(dst[offOffset:], uint64(e.Offset))
	le.PutUint64(dst[offSourcePartition:], uint64(uint32(partition))|uint64(uint32(e.Partition))<<32)
}

func (w *writer) headers(headers []event.Header) uint64 {
	if len(headers) == 0 {
		return 0
	}
	at := w.pairs
	for i := range headers {
		pair := w.buf[w.pairs : w.pairs+HeaderSize]
		w.pairs += HeaderSize
		value := nullHeader
		if headers[i].Value != nil {
			value = put(w, headers[i].Value)
		}
		le.PutUint64(pair[offHeaderValue:], value)
		le.PutUint64(pair[offHeaderName:], put(w, headers[i].Name))
	}
	return word(w.base+at, len(headers))
}

func (w *writer) context(pairs []event.Pair) uint64 {
	if len(pairs) == 0 {
		return 0
	}
	at := w.pairs
	for i := range pairs {
		pair := w.buf[w.pairs : w.pairs+ContextSize]
		w.pairs += ContextSize
		v := &pairs[i].Value
		payload := v.Num
		if kindHasData(v.Kind) {
			payload = put(w, v.Data)
		} else if v.Kind == event.Null {
			payload = 0
		}
		le.PutUint64(pair[offContextName:], put(w, pairs[i].Name))
		le.PutUint64(pair[offContextKind:], uint64(v.Kind))
		le.PutUint64(pair[offContextPayload:], payload)
		le.PutUint64(pair[offContextTail:], 0)
	}
	return word(w.base+at, len(pairs))
}

// share writes text once for a run of events that have it.
func (w *writer) share(last *shared, text string) uint64 {
	if last.text != text {
		*last = shared{text: text, word: put(w, text)}
	}
	return last.word
}

func put[T string | []byte](w *writer, data T) uint64 {
	at := w.bytes
	w.bytes += uint64(copy(w.buf[at:], data))
	return word(w.base+at, len(data))
}

func word(ptr uint64, n int) uint64 { return ptr | uint64(n)<<32 }

func kindHasData(k event.Kind) bool { return k >= event.Text && k <= event.JSON }
