package cli

import (
	"fmt"
	"math/rand/v2"
)

// The topics of the demo, as the example's configuration names them.
const (
	topicOrders = "orders"
	topicHeavy  = "heavy"
	topicLight  = "light"
	topicDead   = "orders.dead"
)

var outputTopics = []string{topicHeavy, topicLight, topicDead}

// order is one event of the demo and where it has to arrive.
type order struct {
	key, value string
	arrives    string
}

// orderBook makes the same orders in every demo.
type orderBook struct {
	random *rand.Rand
	id     int
}

func newOrderBook() *orderBook { return &orderBook{random: rand.New(rand.NewPCG(1, 2))} }

// goods have names and typical weights.
var goods = []struct {
	name   string
	weight float64
}{
	{"anvil", 45}, {"bicycle", 11}, {"feather", 0.1}, {"kettle", 1.2}, {"lamp", 3},
	{"piano", 310}, {"stamp", 0.01}, {"stone", 12}, {"table", 24}, {"teapot", 0.9},
}

// threshold is the example's, above which an order is heavy.
const threshold = 10

// next makes one order. Of a hundred, about two are cut off in the middle, two
// have no weight and one has its weight in quotes: none of those can be weighed.
func (b *orderBook) next() order {
	b.id++
	thing := goods[b.random.IntN(len(goods))]
	weight := float64(int(thing.weight*(0.5+b.random.Float64())*100)) / 100
	o := order{key: fmt.Sprintf("c-%02d", b.random.IntN(40)), arrives: topicDead}
	whole := fmt.Sprintf(`{"id":%d,"item":%q,"weight":%g}`, b.id, thing.name, weight)
	switch b.random.IntN(100) {
	case 0, 1:
		o.value = whole[:len(whole)-9]
	case 2, 3:
		o.value = fmt.Sprintf(`{"id":%d,"item":%q}`, b.id, thing.name)
	case 4:
		o.value = fmt.Sprintf(`{"id":%d,"item":%q,"weight":"%g"}`, b.id, thing.name, weight)
	default:
		o.value, o.arrives = whole, topicLight
		if weight > threshold {
			o.arrives = topicHeavy
		}
	}
	return o
}
