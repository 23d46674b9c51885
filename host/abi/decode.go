package abi

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/weirhq/weir/host/event"
)

// Limits bound what a module may return for one batch. Zero fields mean the
// defaults.
type Limits struct {
	// OutputsPerEvent is the most output entries for each event of a batch, which
	// they have in common. Default 1,000.
	OutputsPerEvent uint32
	// Headers and Context are the most pairs of one output, unless the input
	// that it derives from has more. Default 4,096 each.
	Headers, Context uint32
	// Bytes is the most bytes that the outputs of a batch may name together,
	// unchanged ones included: it bounds the memory that a batch can claim and
	// the work of checking it. Default 128 MiB.
	Bytes uint64
}

// DefaultLimits are what zero fields of Limits mean.
var DefaultLimits = Limits{OutputsPerEvent: 1000, Headers: 1 << 12, Context: 1 << 12, Bytes: 128 << 20}

func (l Limits) withDefaults() Limits {
	l.OutputsPerEvent = cmp.Or(l.OutputsPerEvent, DefaultLimits.OutputsPerEvent)
	l.Headers = cmp.Or(l.Headers, DefaultLimits.Headers)
	l.Context = cmp.Or(l.Context, DefaultLimits.Context)
	l.Bytes = cmp.Or(l.Bytes, DefaultLimits.Bytes)
	return l
}

// Decoder reads what modules return. It belongs to one goroutine.
type Decoder struct {
	limits Limits
	names  interner

	// The rest is of the batch at hand. What changed points into guest memory
	// until settle copies it out.
	mem     []byte
	left    uint64
	changed []*[]byte
	size    int
	headers []event.Header
	context []event.Pair
}

// NewDecoder makes a decoder with limits.
func NewDecoder(limits Limits) *Decoder {
	return &Decoder{limits: limits.withDefaults()}
}

// empty is what an empty value that the guest made is; nil would be a null.
var empty = []byte{}

// Decode appends to out the events of the n entries that the guest returned at
// address at of its memory mem, in table order, and returns the extended slice.
// in is the batch that was encoded. Outputs that derive from an input marked in
// rejected, which is nil or as long as in, are left out.
//
// Bytes equal to the input's stay the input's slices; nothing of the result
// aliases mem. When nothing changed, Decode allocates nothing but room in out.
// The error is an *Error, and out is then as it was.
func (d *Decoder) Decode(mem []byte, at, n uint32, in, out []event.Event, rejected []bool) ([]event.Event, error) {
	d.mem, d.left = mem, d.limits.Bytes
	defer d.forget()
	table, fault := d.table(at, n, len(in))
	if fault != nil {
		return out, fault
	}
	first := len(out)
	out = slices.Grow(out, int(n)) // settle needs the events to stay where they are
	for i := range int(n) {
		entry := (*[EntrySize]byte)(table[i*EntrySize:])
		source := le.Uint32(entry[offSource:])
		if uint64(source) >= uint64(len(in)) {
			fault = Errorf("source", "%d, but the batch has %d events", source, len(in))
		} else if rejected == nil || !rejected[source] {
			out = append(out, in[source])
			fault = d.entry(entry, &in[source], &out[len(out)-1])
		}
		if fault != nil {
			fault.Entry = i
			clear(out[first:])
			return out[:first], fault
		}
	}
	d.settle()
	return out, nil
}

func (d *Decoder) table(at, n uint32, inputs int) ([]byte, *Error) {
	if n == 0 {
		return nil, nil
	}
	if each := uint64(d.limits.OutputsPerEvent); uint64(n) > each*uint64(inputs) {
		return nil, Errorf("count", "%d outputs of %d events, limits.outputs_per_event allows %d of each; raise it, or split less", n, inputs, each)
	}
	return d.array("table", word(uint64(at), int(n)), EntrySize)
}

// entry checks one entry and sets in dst, a copy of src, what differs.
func (d *Decoder) entry(e *[EntrySize]byte, src, dst *event.Event) *Error {
	flags := le.Uint32(e[offFlags:])
	if flags&^knownFlags != 0 {
		return Errorf("flags", "%#x has unknown bits %#x", flags, flags&^knownFlags)
	}
	if fault := d.payload("value", flags&FlagValueNull != 0, le.Uint64(e[offValue:]), src.Value, &dst.Value); fault != nil {
		return fault
	}
	if fault := d.payload("key", flags&FlagKeyNull != 0, le.Uint64(e[offKey:]), src.Key, &dst.Key); fault != nil {
		return fault
	}
	if fault := d.headerPairs(le.Uint64(e[offHeaders:]), src.Headers, &dst.Headers); fault != nil {
		return fault
	}
	if fault := d.contextPairs(le.Uint64(e[offContext:]), src.Context, &dst.Context); fault != nil {
		return fault
	}
	if fault := d.topic(flags&FlagRouted != 0, le.Uint64(e[offTopic:]), src.Topic, &dst.Topic); fault != nil {
		return fault
	}
	dst.Stamped = flags&FlagStamped != 0
	if dst.Stamped {
		dst.Timestamp = int64(le.Uint64(e[offTimestamp:]))
		if dst.Timestamp < 0 {
			return Errorf("timestamp", "%d is before 1970", dst.Timestamp)
		}
	}
	dst.Partition = int32(le.Uint32(e[offPartition:]))
	if dst.Partition < event.AnyPartition {
		return Errorf("partition", "%d, neither a partition nor %d for any", dst.Partition, event.AnyPartition)
	}
	return nil
}

// payload decodes a value or a key. The pointer and length of a null are not
// looked at.
func (d *Decoder) payload(field string, null bool, w uint64, was []byte, dst *[]byte) *Error {
	if null {
		*dst = nil
		return nil
	}
	b, fault := d.span(field, w)
	if fault != nil {
		return fault
	}
	if was == nil || !bytes.Equal(b, was) {
		d.keep(dst, b)
	}
	return nil
}

func (d *Decoder) topic(routed bool, w uint64, was string, dst *string) *Error {
	if !routed {
		*dst = ""
		return nil
	}
	b, fault := d.span("topic", w)
	if fault != nil {
		return fault
	}
	if string(b) == was && was != "" {
		return nil
	}
	if len(b) == 0 {
		return Errorf("topic", "is empty; without the flag ROUTED the sink's topic applies")
	}
	s, ok := d.names.text(b)
	if !ok {
		return notUTF8("topic", b)
	}
	*dst = s
	return nil
}

// name returns the name of a pair: was when it is equal, which even then
// passes when it is not UTF-8, for Kafka's headers need not be.
func (d *Decoder) name(b []byte, was string) (string, *Error) {
	if string(b) == was {
		return was, nil
	}
	s, ok := d.names.text(b)
	if !ok {
		return "", notUTF8("name", b)
	}
	return s, nil
}

// span returns the bytes that a pointer and length name.
func (d *Decoder) span(field string, w uint64) ([]byte, *Error) {
	ptr, n := w&0xFFFFFFFF, w>>32
	if ptr+n > uint64(len(d.mem)) {
		return nil, outside(field, ptr, n, d.mem)
	}
	if n > d.left {
		return nil, d.tooMuch(field)
	}
	d.left -= n
	return d.mem[ptr : ptr+n : ptr+n], nil
}

// array returns the bytes of an array that a pointer and count name.
func (d *Decoder) array(field string, w, elem uint64) ([]byte, *Error) {
	ptr, n := w&0xFFFFFFFF, w>>32*elem
	if ptr+n > uint64(len(d.mem)) {
		return nil, Errorf(field, "pointer %d with %d elements of %d bytes ends beyond the memory of %d bytes",
			ptr, w>>32, elem, len(d.mem))
	}
	if n > d.left {
		return nil, d.tooMuch(field)
	}
	d.left -= n
	return d.mem[ptr : ptr+n : ptr+n], nil
}

func (d *Decoder) tooMuch(field string) *Error {
	return Errorf(field, "the outputs of the batch have more bytes together than limits.output_bytes allows, which is %d; raise it, or pass on less", d.limits.Bytes)
}

// keep sets *dst to bytes of guest memory and notes that they are to be copied.
func (d *Decoder) keep(dst *[]byte, b []byte) {
	if len(b) == 0 {
		*dst = empty
		return
	}
	*dst = b
	d.changed = append(d.changed, dst)
	d.size += len(b)
}

// settle moves everything that changed out of guest memory, into one slab that
// nothing writes to again.
func (d *Decoder) settle() {
	if d.size == 0 {
		return
	}
	slab := make([]byte, d.size)
	for _, dst := range d.changed {
		n := copy(slab, *dst)
		*dst = slab[:n:n]
		slab = slab[n:]
	}
}

// forget lets go of everything that belongs to one batch.
func (d *Decoder) forget() {
	clear(d.changed)
	d.mem, d.changed, d.size = nil, d.changed[:0], 0
	d.headers, d.context = nil, nil
}

func notUTF8(field string, b []byte) *Error {
	const most = 64
	shown := b[:min(len(b), most)]
	at := 0
	for at < len(b) {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return Errorf(field, "%q is not UTF-8 at byte %d", shown, at)
}

// within says which pair of an array a fault is about.
func within(fault *Error, array string, i int) *Error {
	fault.Field = fmt.Sprintf("%s[%d].%s", array, i, fault.Field)
	return fault
}
