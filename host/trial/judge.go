package trial

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/plugin"
)

// Mismatch is one thing that is not as expected. Want and Got are text, of
// several lines where there is much to compare.
type Mismatch struct {
	Pos  config.Pos
	What string
	Want string
	Got  string
}

// judge compares what came of a batch with what was expected.
func (w *want) judge(r *Result, logs []Line, metrics []plugin.Metric) []Mismatch {
	var found []Mismatch
	w.judgeFailures(r, &found)
	w.judgeOutputs(r, &found)
	if w.givenDropped && !slices.Equal(sorted(w.dropped), r.Dropped) {
		found = append(found, Mismatch{w.droppedPos, "dropped events", indexes(sorted(w.dropped)), indexes(r.Dropped)})
	}
	w.judgeLogs(logs, &found)
	w.judgeMetrics(metrics, &found)
	return found
}

func sorted(list []int) []int { return slices.Sorted(slices.Values(list)) }

func countEvents(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

func indexes(list []int) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), ", "), "[]")
}

func (w *want) judgeOutputs(r *Result, found *[]Mismatch) {
	if !w.givenOutputs {
		return
	}
	if len(w.outputs) != len(r.Outputs) {
		var lines []string
		for i := range r.Outputs {
			lines = append(lines, ShowOutput(&r.Outputs[i]))
		}
		got := strings.Join(append([]string{countEvents(len(r.Outputs))}, lines...), "\n  ")
		*found = append(*found, Mismatch{w.outputsPos, "outputs", countEvents(len(w.outputs)), got})
		return
	}
	for i := range w.outputs {
		w.outputs[i].judge(fmt.Sprintf("output %d: ", i), &r.Outputs[i], found)
	}
}

func (w *want) judgeFailures(r *Result, found *[]Mismatch) {
	rejected, trapped := maps.Clone(w.rejected), maps.Clone(w.trapped)
	for _, f := range r.Failures {
		expected, what := rejected, "rejected"
		if f.Class != event.Reject {
			expected, what = trapped, string(f.Class)
		}
		m, ok := expected[f.Index]
		if !ok {
			*found = append(*found, Mismatch{What: fmt.Sprintf("event %d", f.Index), Want: "passes or is dropped", Got: what + ": " + f.Message})
			continue
		}
		delete(expected, f.Index)
		message := textValue([]byte(f.Message))
		m.check(fmt.Sprintf("event %d: %s", f.Index, what), &message, found)
	}
	for _, missing := range []struct {
		what string
		left map[int]*matcher
	}{{"rejected", rejected}, {"traps", trapped}} {
		for _, i := range slices.Sorted(maps.Keys(missing.left)) {
			*found = append(*found, Mismatch{missing.left[i].pos, fmt.Sprintf("event %d", i), missing.what, "does not fail so"})
		}
	}
}

// judgeLogs wants the expected lines in their order; others may stand between.
func (w *want) judgeLogs(logs []Line, found *[]Mismatch) {
	if !w.givenLogs {
		return
	}
	shown := make([]string, len(logs))
	for i, l := range logs {
		shown[i] = l.Level + " " + l.Message
	}
	if len(w.logs) == 0 && len(logs) > 0 {
		*found = append(*found, Mismatch{w.logsPos, "logs", "none", strings.Join(shown, "\n")})
	}
	at := 0
	for _, line := range w.logs {
		i := slices.IndexFunc(logs[at:], line.matches)
		if i < 0 {
			*found = append(*found, Mismatch{line.is.pos, "logs", "a line, " + line.level + ": " + line.is.describe(), strings.Join(shown, "\n")})
			continue
		}
		at += i + 1
	}
}

func (l wantLine) matches(got Line) bool {
	message := textValue([]byte(got.Message))
	return got.Level == l.level && l.is.holds(&message)
}

func (w *want) judgeMetrics(metrics []plugin.Metric, found *[]Mismatch) {
	for _, m := range w.metrics {
		i := slices.IndexFunc(metrics, func(got plugin.Metric) bool { return got.Name == m.name })
		got := "absent"
		if i >= 0 {
			if sameMeasure(metrics[i].Value, m.value) {
				continue
			}
			got = fmt.Sprint(metrics[i].Value)
		}
		*found = append(*found, Mismatch{m.pos, "metric " + m.name, fmt.Sprint(m.value), got})
	}
}

// judge compares one output.
func (w *wantEvent) judge(prefix string, e *event.Event, found *[]Mismatch) {
	for _, f := range []struct {
		what string
		is   *matcher
		got  event.Value
	}{
		{fieldValue, w.value, textValue(e.Value)},
		{fieldKey, w.key, textValue(e.Key)},
		{fieldTopic, w.topic, chosen(e.Topic != "", e.Topic)},
		{fieldPartition, w.partition, chosen(e.Partition != event.AnyPartition, strconv.Itoa(int(e.Partition)))},
		{fieldTimestamp, w.timestamp, chosen(e.Stamped, strconv.FormatInt(e.Timestamp, 10))},
	} {
		if f.is == nil && w.exact {
			f.is = w.nothing()
		}
		f.is.check(prefix+f.what, &f.got, found)
	}
	from := textValue(strconv.AppendInt(nil, int64(e.Origin), 10))
	w.from.check(prefix+fieldFrom, &from, found)
	w.judgeHeaders(prefix, e, found)
	w.judgeContext(prefix, e, found)
}

// nothing is the matcher of a field that has to be null.
func (w *wantEvent) nothing() *matcher {
	m := &matcher{pos: w.pos}
	m.add(howEqual, event.Value{})
	return m
}

// chosen is what a processor told the sink, or null.
func chosen(ok bool, text string) event.Value {
	if !ok {
		return event.Value{}
	}
	return textValue([]byte(text))
}

// judgeHeaders wants the expected headers in their order; with exact, no
// others. One that is to be absent has no place in the order.
func (w *wantEvent) judgeHeaders(prefix string, e *event.Event, found *[]Mismatch) {
	used := make([]bool, len(e.Headers))
	at := 0
	for _, h := range w.headers {
		var got *event.Value
		for i := at; i < len(e.Headers); i++ {
			if e.Headers[i].Name != h.name {
				continue
			}
			v := textValue(e.Headers[i].Value)
			if holds := h.is.holds(&v); got == nil || holds {
				got, used[i] = &v, true
				if holds {
					at = i + 1
					break
				}
			}
		}
		h.is.check(prefix+"header "+h.name, got, found)
	}
	for i := range used {
		if w.exact && !used[i] {
			*found = append(*found, Mismatch{w.pos, prefix + "header " + e.Headers[i].Name, "absent", ShowValue(textValue(e.Headers[i].Value))})
		}
	}
}

func (w *wantEvent) judgeContext(prefix string, e *event.Event, found *[]Mismatch) {
	used := make([]bool, len(e.Context))
	for _, p := range w.context {
		var got *event.Value
		for i := range e.Context {
			if e.Context[i].Name == p.name && got == nil {
				got, used[i] = &e.Context[i].Value, true
			}
		}
		p.is.check(prefix+"context "+p.name, got, found)
	}
	for i := range used {
		if w.exact && !used[i] {
			*found = append(*found, Mismatch{w.pos, prefix + "context " + e.Context[i].Name, "absent", ShowValue(e.Context[i].Value)})
		}
	}
}

// ShowOutput writes an output in one line.
func ShowOutput(e *event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from %d: value %s", e.Origin, ShowValue(textValue(e.Value)))
	if e.Key != nil {
		fmt.Fprintf(&b, ", key %s", quote(e.Key))
	}
	for _, h := range e.Headers {
		fmt.Fprintf(&b, ", header %s %s", h.Name, ShowValue(textValue(h.Value)))
	}
	for _, p := range e.Context {
		fmt.Fprintf(&b, ", context %s %s", p.Name, ShowValue(p.Value))
	}
	if e.Topic != "" {
		fmt.Fprintf(&b, ", topic %s", e.Topic)
	}
	if e.Partition != event.AnyPartition {
		fmt.Fprintf(&b, ", partition %d", e.Partition)
	}
	if e.Stamped {
		fmt.Fprintf(&b, ", timestamp %d", e.Timestamp)
	}
	return b.String()
}
