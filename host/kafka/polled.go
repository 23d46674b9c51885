package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/tracker"
)

// polled is what one poll gave of one partition. It implements event.Records
// over the client's own records: their bytes are passed on, never copied.
type polled struct {
	from    *event.Partition
	records []*kgo.Record // control records taken out
	last    tracker.Position
	size    int
}

// newPolled looks at each record once: what it weighs, and whether it is a
// control record, which moves the position and is no event. It cuts the run at
// offset end (exclusive) when end is not negative.
func newPolled(from *event.Partition, records []*kgo.Record, end int64) *polled {
	p := &polled{from: from, records: records[:0]}
	for _, r := range records {
		if end >= 0 && r.Offset >= end {
			break
		}
		p.last = tracker.Position{Next: r.Offset + 1, Epoch: r.LeaderEpoch}
		if r.Attrs.IsControl() {
			continue
		}
		p.size += recordSize(r)
		p.records = append(p.records, r)
	}
	return p
}

// recordSize is event.Event's Size of the record.
func recordSize(r *kgo.Record) int {
	n := len(r.Value) + len(r.Key)
	for i := range r.Headers {
		n += len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}

// Len implements event.Records.
func (p *polled) Len() int { return len(p.records) }

// Fill implements event.Records.
func (p *polled) Fill(dst []event.Event, from int, origin int32) (size int) {
	var headers []event.Header // of all, in one array
	if n := p.headers(from, len(dst)); n > 0 {
		headers = make([]event.Header, 0, n)
	}
	for i := range dst {
		r := p.records[from+i]
		own := len(headers)
		for _, h := range r.Headers {
			headers = append(headers, event.Header{Name: h.Key, Value: h.Value})
		}
		dst[i] = event.Event{
			Value:     r.Value,
			Key:       r.Key,
			Headers:   headers[own:len(headers):len(headers)],
			Timestamp: r.Timestamp.UnixMilli(),
			From:      p.from,
			Offset:    r.Offset,
			Origin:    origin + int32(i),
			Partition: event.AnyPartition,
		}
		size += recordSize(r)
	}
	return size
}

// After implements event.Records.
func (p *polled) After(n int) (next int64, epoch int32) {
	if n == len(p.records) {
		return p.last.Next, p.last.Epoch
	}
	r := p.records[n-1]
	return r.Offset + 1, r.LeaderEpoch
}

// headers counts those of n records from index from on.
func (p *polled) headers(from, n int) (count int) {
	for _, r := range p.records[from : from+n] {
		count += len(r.Headers)
	}
	return count
}
