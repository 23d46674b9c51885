package cli

import (
	"encoding/json"
	"testing"
)

// The book's verdicts are those of an independent reading of the payload, all
// verdicts occur, and no two orders are alike.
func TestOrderBook(t *testing.T) {
	book, again := newOrderBook(), newOrderBook()
	seen, arrived := map[string]bool{}, map[string]int{}
	for range 20000 {
		o := book.next()
		if o != again.next() {
			t.Fatal("two books differ")
		}
		if seen[o.value] {
			t.Fatalf("order %s occurs twice", o.value)
		}
		seen[o.value] = true
		arrived[o.arrives]++
		want := topicDead
		var payload struct{ Weight *float64 }
		if err := json.Unmarshal([]byte(o.value), &payload); err == nil && payload.Weight != nil {
			want = topicLight
			if *payload.Weight > threshold {
				want = topicHeavy
			}
		}
		if o.arrives != want {
			t.Errorf("order %s arrives in %s, want %s", o.value, o.arrives, want)
		}
	}
	for _, topic := range outputTopics {
		if arrived[topic] < 500 {
			t.Errorf("%d of 20000 orders arrive in %s, want 500 or more", arrived[topic], topic)
		}
	}
}
