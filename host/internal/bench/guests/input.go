package main

import (
	"fmt"

	"github.com/weirhq/weir/host/event"
)

// orders makes a batch of count JSON orders of exactly size bytes each, as a
// source hands them on.
func orders(count, size int) []event.Event {
	from := &event.Partition{Topic: "orders", Number: 3}
	events := make([]event.Event, count)
	for i := range events {
		events[i] = event.Event{
			Value: order(i, size), Key: fmt.Appendf(nil, "key-%d", i), Timestamp: 1000,
			From: from, Offset: int64(i), Origin: int32(i), Partition: event.AnyPartition,
		}
	}
	return events
}

// order is an order with as many items as fit.
func order(i, size int) []byte {
	value := fmt.Appendf(make([]byte, 0, size), `{"id":"ord-%08d","customer":"c-%05d","weight":%d,"items":[`, i, i*7, i%20)
	const item, tail = `{"sku":"A-17","qty":2,"price":19.9}`, `],"paid":true,"note":""}`
	for n := 0; len(value)+len(item)+1+len(tail) <= size; n++ {
		if n > 0 {
			value = append(value, ',')
		}
		value = append(value, item...)
	}
	value = append(value, tail[:len(tail)-2]...)
	for len(value) < size-2 {
		value = append(value, '.')
	}
	return append(value, `"}`...)
}
