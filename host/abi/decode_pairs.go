package abi

import (
	"bytes"
	"unicode/utf8"

	"github.com/weirhq/weir/host/event"
)

// headerPairs decodes an array of header pairs. An array equal to the input's
// stays the input's slice.
func (d *Decoder) headerPairs(w uint64, was []event.Header, dst *[]event.Header) *Error {
	count := int(w >> 32)
	if count == 0 {
		if len(was) != 0 {
			*dst = nil
		}
		return nil
	}
	if uint64(count) > uint64(d.limits.Headers) && count > len(was) {
		return Errorf("headers", "%d headers, at most %d are allowed", count, d.limits.Headers)
	}
	pairs, fault := d.array("headers", w, HeaderSize)
	if fault != nil {
		return fault
	}
	var fresh []event.Header
	for i := range count {
		var old event.Header
		if i < len(was) {
			old = was[i]
		}
		name, value, null, fault := d.headerPair(pairs[i*HeaderSize:])
		if fault != nil {
			return within(fault, "headers", i)
		}
		same := null == (old.Value == nil) && bytes.Equal(value, old.Value)
		if fresh == nil && len(was) == count && same && string(name) == old.Name {
			continue
		}
		if fresh == nil {
			fresh = carve(&d.headers, count)
			copy(fresh, was[:i])
			*dst = fresh
		}
		fresh[i] = old
		if fresh[i].Name, fault = d.name(name, old.Name); fault != nil {
			return within(fault, "headers", i)
		}
		if null {
			fresh[i].Value = nil
		} else if !same {
			d.keep(&fresh[i].Value, value)
		}
	}
	return nil
}

func (d *Decoder) headerPair(pair []byte) (name, value []byte, null bool, fault *Error) {
	if name, fault = d.span("name", le.Uint64(pair[offHeaderName:])); fault != nil {
		return nil, nil, false, fault
	}
	w := le.Uint64(pair[offHeaderValue:])
	if w == nullHeader {
		return name, nil, true, nil
	}
	value, fault = d.span("value", w)
	return name, value, false, fault
}

// contextPairs decodes an array of context pairs. An array equal to the
// input's stays the input's slice.
func (d *Decoder) contextPairs(w uint64, was []event.Pair, dst *[]event.Pair) *Error {
	count := int(w >> 32)
	if count == 0 {
		if len(was) != 0 {
			*dst = nil
		}
		return nil
	}
	if uint64(count) > uint64(d.limits.Context) && count > len(was) {
		return Errorf("context", "%d pairs, at most %d are allowed", count, d.limits.Context)
	}
	pairs, fault := d.array("context", w, ContextSize)
	if fault != nil {
		return fault
	}
	var fresh []event.Pair
	for i := range count {
		var old event.Pair
		if i < len(was) {
			old = was[i]
		}
		p, fault := d.contextPair(pairs[i*ContextSize:])
		if fault != nil {
			return within(fault, "context", i)
		}
		same := p.kind == old.Value.Kind && p.num == old.Value.Num && bytes.Equal(p.data, old.Value.Data)
		if fresh == nil && len(was) == count && same && string(p.name) == old.Name {
			continue
		}
		if fresh == nil {
			fresh = carve(&d.context, count)
			copy(fresh, was[:i])
			*dst = fresh
		}
		fresh[i] = old
		if fault := d.setPair(&fresh[i], p, same); fault != nil {
			return within(fault, "context", i)
		}
	}
	return nil
}

// rawPair is a context pair as it stands in guest memory.
type rawPair struct {
	name []byte
	kind event.Kind
	num  uint64
	data []byte
}

func (d *Decoder) contextPair(pair []byte) (p rawPair, fault *Error) {
	if p.name, fault = d.span("name", le.Uint64(pair[offContextName:])); fault != nil {
		return p, fault
	}
	if r := le.Uint32(pair[offContextReserved:]); r != 0 {
		return p, Errorf("reserved", "%#x at byte %d of the pair, must be 0", r, offContextReserved)
	}
	if r := le.Uint64(pair[offContextTail:]); r != 0 {
		return p, Errorf("reserved", "%#x at byte %d of the pair, must be 0", r, offContextTail)
	}
	p.kind = event.Kind(le.Uint32(pair[offContextKind:]))
	payload := le.Uint64(pair[offContextPayload:])
	switch p.kind {
	case event.Null:
	case event.Bool:
		if payload > 1 {
			return p, Errorf("payload", "%d is not a bool, which is 0 or 1", payload)
		}
		p.num = payload
	case event.Int, event.Float:
		p.num = payload
	case event.Text, event.Bytes, event.JSON:
		p.data, fault = d.span("payload", payload)
	default:
		fault = Errorf("kind", "%d is unknown", uint32(p.kind))
	}
	return p, fault
}

// setPair makes dst, the input's pair, the pair that came back. same says that
// its value did not change.
func (d *Decoder) setPair(dst *event.Pair, p rawPair, same bool) *Error {
	if string(p.name) != dst.Name || dst.Name == "" {
		name, fault := d.name(p.name, "")
		if fault != nil {
			return fault
		}
		if name == "" {
			return Errorf("name", "is empty")
		}
		if event.Reserved(name) {
			return Errorf("name", "%q is reserved: kafka_* names are fields of the entry, not context pairs", name)
		}
		dst.Name = name
	}
	if same {
		return nil
	}
	if (p.kind == event.Text || p.kind == event.JSON) && !utf8.Valid(p.data) {
		return notUTF8("payload", p.data)
	}
	dst.Value = event.Value{Kind: p.kind, Num: p.num}
	if kindHasData(p.kind) {
		d.keep(&dst.Value.Data, p.data)
	}
	return nil
}

// carve cuts n elements, zeroed, off a chunk that the events of a batch share.
// Elements stay where they are when the chunk is full and another is made.
func carve[T any](chunk *[]T, n int) []T {
	if len(*chunk) < n {
		*chunk = make([]T, max(n, 64))
	}
	cut := (*chunk)[:n:n]
	*chunk = (*chunk)[n:]
	return cut
}
