package trial

import (
	"fmt"
	"strconv"

	"github.com/weirhq/weir/host/event"
)

// Change is a fact of an event that a module changed. Before and After are text
// for people, "absent" where there is nothing; of several lines where there is
// much to compare.
type Change struct {
	What, Before, After string
}

// absent is the text of what is not there.
const absent = "absent"

// Changes lists what is other in an output than in the input that it derives
// from: value, key, headers and context, then what was chosen for the sink.
func Changes(before, after *event.Event) []Change {
	var found []Change
	add := func(what, b, a string) {
		if a != b {
			found = append(found, Change{what, b, a})
		}
	}
	b, a := showBoth(before.Value, after.Value)
	add(fieldValue, b, a)
	b, a = showBoth(before.Key, after.Key)
	add(fieldKey, b, a)
	diffNamed("header ", headerFacts(before), headerFacts(after), add)
	diffNamed("context ", contextFacts(before), contextFacts(after), add)
	add(fieldTopic, showChoice(before.Topic != "", before.Topic), showChoice(after.Topic != "", after.Topic))
	add(fieldPartition, showPartition(before), showPartition(after))
	add(fieldTimestamp, showTimestamp(before), showTimestamp(after))
	return found
}

// showBoth shows two payloads, as lines of JSON where both are JSON that says
// something else.
func showBoth(before, after []byte) (b, a string) {
	b, okBefore := prettyJSON(before)
	a, okAfter := prettyJSON(after)
	if okBefore && okAfter && (a != b || string(before) == string(after)) {
		return b, a
	}
	return ShowValue(textValue(before)), ShowValue(textValue(after))
}

// fact is a header or a pair of the context.
type fact struct{ name, text string }

func headerFacts(e *event.Event) []fact {
	facts := make([]fact, len(e.Headers))
	for i, h := range e.Headers {
		facts[i] = fact{h.Name, ShowValue(textValue(h.Value))}
	}
	return facts
}

func contextFacts(e *event.Event) []fact {
	facts := make([]fact, len(e.Context))
	for i, p := range e.Context {
		facts[i] = fact{p.Name, ShowValue(p.Value)}
	}
	return facts
}

// diffNamed compares facts by name; of those that share one, the first with the
// first and so on.
func diffNamed(prefix string, before, after []fact, add func(what, before, after string)) {
	used := make([]bool, len(after))
	for _, b := range before {
		text := absent
		for i := range after {
			if !used[i] && after[i].name == b.name {
				used[i], text = true, after[i].text
				break
			}
		}
		add(prefix+b.name, b.text, text)
	}
	for i := range after {
		if !used[i] {
			add(prefix+after[i].name, absent, after[i].text)
		}
	}
}

func showChoice(ok bool, text string) string {
	if !ok {
		return absent
	}
	return text
}

func showPartition(e *event.Event) string {
	return showChoice(e.Partition != event.AnyPartition, strconv.Itoa(int(e.Partition)))
}

func showTimestamp(e *event.Event) string { return showChoice(e.Stamped, fmt.Sprint(e.Timestamp)) }
