package kafka

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/event"
)

// TestFillHeaders: each event has its own record's headers, all of them in one
// array a batch, and appending to one event's does not reach its neighbour's.
func TestFillHeaders(t *testing.T) {
	var records []*kgo.Record
	for i := range 256 {
		r := &kgo.Record{Offset: int64(i)}
		for range i % 3 {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "n", Value: []byte{byte(i)}}, kgo.RecordHeader{Key: "null"})
		}
		records = append(records, r)
	}
	p := newPolled(&event.Partition{Topic: "in"}, records, -1)
	dst := make([]event.Event, 256)
	p.Fill(dst, 0, 0)
	_ = append(dst[1].Headers, event.Header{Name: "more"})
	for i := range dst {
		var want []event.Header
		for _, h := range records[i].Headers {
			want = append(want, event.Header{Name: h.Key, Value: h.Value})
		}
		if diff := cmp.Diff(want, dst[i].Headers); diff != "" && len(want)+len(dst[i].Headers) > 0 {
			t.Fatalf("event %d (-want +got):\n%s", i, diff)
		}
	}
	if n := testing.AllocsPerRun(20, func() { p.Fill(dst, 0, 0) }); n > 1 {
		t.Errorf("%v allocations for a batch of 256 events with headers", n)
	}
}
