package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weirhq/weir/host/broker"
)

// errDemo says that the demo's numbers do not add up.
var errDemo = errors.New("the numbers do not add up")

// maxComplaints bounds what is printed of a great mess.
const maxComplaints = 5

// verify reads all topics back from the broker and compares them with what was
// sent: every order once, in the topic where it has to arrive.
func (d *demo) verify(ctx context.Context, sent []order) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	l := &ledger{count: counts{}, reasons: map[string]int{}}
	arrives := make(map[string]string, len(sent)) // by value, until it arrived
	for _, o := range sent {
		arrives[o.value] = o.arrives
	}
	err := d.client.Read(ctx, append([]string{topicOrders}, outputTopics...), func(r *broker.Record) {
		l.count[r.Topic]++
		if r.Topic == topicOrders {
			return
		}
		if r.Topic == topicDead {
			l.reasons[reasonKind(string(r.Header("weir.error.message")))]++
		}
		l.judge(arrives, r)
	})
	if err != nil {
		return fmt.Errorf("read the topics back: %w", err)
	}
	for value, topic := range arrives {
		l.complain("%s never arrived in %s", value, topic)
	}
	d.showLedger(l, sent)
	if l.count[topicOrders] != len(sent) {
		l.complain("%d orders were sent, %s holds %d", len(sent), topicOrders, l.count[topicOrders])
	}
	if len(l.wrong) == 0 {
		writeLine(d.out, "%s: %d in = %d heavy + %d light + %d dead letters;\nevery order arrived once, in the right topic",
			d.out.green("adds up"), len(sent), l.count[topicHeavy], l.count[topicLight], l.count[topicDead])
		return nil
	}
	slices.Sort(l.wrong)
	for _, complaint := range l.wrong[:min(len(l.wrong), maxComplaints)] {
		writeLine(d.err, "%s", complaint)
	}
	return fmt.Errorf("%w: %s", errDemo, plural(len(l.wrong), "complaint"))
}

// judge takes an order that arrived off the list.
func (l *ledger) judge(arrives map[string]string, r *broker.Record) {
	want, waited := arrives[string(r.Value)]
	switch {
	case !waited:
		l.complain("%s[%d]@%d: %s was never sent, or arrived before", r.Topic, r.Partition, r.Offset, r.Value)
	case want != r.Topic:
		l.complain("%s[%d]@%d: %s had to arrive in %s", r.Topic, r.Partition, r.Offset, r.Value, want)
	}
	delete(arrives, string(r.Value))
}

func (l *ledger) complain(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// showLedger prints what had to be where, and what is there.
func (d *demo) showLedger(l *ledger, sent []order) {
	expected := counts{}
	for _, o := range sent {
		expected[o.arrives]++
	}
	const line = "%-14s %10d %10d"
	writeLine(d.out, "")
	writeLine(d.out, "%s", d.out.bold(fmt.Sprintf("%-14s %10s %10s", "topic", "expected", "read back")))
	writeLine(d.out, line, topicOrders, len(sent), l.count[topicOrders])
	for _, topic := range outputTopics {
		writeLine(d.out, line, "  "+topic, expected[topic], l.count[topic])
	}
	for _, reason := range slices.Sorted(maps.Keys(l.reasons)) {
		writeLine(d.out, "%-14s %10s %10d  %s", "", "", l.reasons[reason], d.out.dim(reason))
	}
	writeLine(d.out, line+"\n", "sum of outputs", expected.total(), l.count.total())
}
