package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// want is what a case expects. What is not given is not compared, but for
// failures: an input that fails has to be expected to.
type want struct {
	outputs  []wantEvent // with givenOutputs
	dropped  []int       // with givenDropped
	rejected map[int]*matcher
	trapped  map[int]*matcher
	opens    *matcher // why the module does not open
	logs     []wantLine
	metrics  []wantMetric

	givenOutputs, givenDropped, givenLogs bool
	outputsPos, droppedPos, logsPos       config.Pos
}

// wantEvent is an output. Fields that are nil are not compared, or with exact
// have to be absent.
type wantEvent struct {
	pos                         config.Pos
	exact                       bool
	value, key, from            *matcher
	topic, partition, timestamp *matcher
	headers                     []wantNamed // with givenHeaders
	context                     []wantNamed
	givenHeaders                bool
}

// wantNamed is a header or a name of the context.
type wantNamed struct {
	name string
	is   *matcher
}

// wantLine is a line of the log.
type wantLine struct {
	level string
	is    *matcher
}

// wantMetric is a measurement: its value, or the sum of a histogram.
type wantMetric struct {
	pos   config.Pos
	name  string
	value float64
}

// says tells whether anything is expected.
func (w *want) says() bool { return w.opens != nil || w.besides() }

// besides tells whether anything is expected of events.
func (w *want) besides() bool {
	return w.givenOutputs || w.givenDropped || w.givenLogs || len(w.rejected) > 0 || len(w.trapped) > 0 || len(w.metrics) > 0
}

// readWant reads what is expected of a batch of so many events.
func readWant(s *config.Section, events int) want {
	w := want{}
	if n, ok := field(s, "expect"); ok {
		w.givenOutputs, w.outputsPos = true, n.Pos
		for i, n := range listOf(s, n, "expect") {
			w.outputs = append(w.outputs, readWantEvent(s, n, fmt.Sprintf("expect[%d]", i)))
		}
	}
	if n, ok := field(s, "dropped"); ok {
		w.givenDropped, w.droppedPos = true, n.Pos
		for _, n := range listOf(s, n, "dropped") {
			if i, ok := inputIndex(s, n.Pos, "dropped", n.Value, events); ok {
				w.dropped = append(w.dropped, i)
			}
		}
	}
	w.rejected = readFailures(s, "rejected", events)
	w.trapped = readFailures(s, "trapped", events)
	if n := s.Get("open_fails"); n != nil {
		w.opens = readMatcher(s, n, "open_fails", false)
	}
	if n, ok := field(s, "logs"); ok {
		w.givenLogs, w.logsPos = true, n.Pos
		for i, n := range listOf(s, n, "logs") {
			w.logs = append(w.logs, readLines(s.Open(n, fmt.Sprintf("logs[%d]", i)))...)
		}
	}
	metrics := s.Section("metrics")
	for _, e := range metrics.Entries() {
		metrics.Take(e)
		v, err := strconv.ParseFloat(e.Node.Value, 64)
		if e.Node.Kind != config.Scalar || err != nil {
			metrics.Fault(e.Node.Pos, e.Key, "is no number", "give the value, of a histogram the sum")
		}
		w.metrics = append(w.metrics, wantMetric{pos: e.Pos, name: e.Key, value: v})
	}
	return w
}

// listOf is the elements of a list; a null is a list of none.
func listOf(s *config.Section, n *config.Node, name string) []*config.Node {
	if n.Kind != config.List && !n.IsNull() {
		s.Fault(n.Pos, name, "must be a list, not a "+n.Kind.String(), "begin each element with a dash")
	}
	return n.List
}

// inputIndex reads the number of an input, from 0.
func inputIndex(s *config.Section, pos config.Pos, name, text string, events int) (int, bool) {
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i >= events {
		s.Fault(pos, name, fmt.Sprintf("%q is not the number of an event: the case has %d, counted from 0", text, events), "")
		return 0, false
	}
	return i, true
}

func readFailures(s *config.Section, name string, events int) map[int]*matcher {
	sub := s.Section(name)
	failures := make(map[int]*matcher)
	for _, e := range sub.Entries() {
		sub.Take(e)
		if i, ok := inputIndex(s, e.Pos, name, e.Key, events); ok {
			failures[i] = readMatcher(sub, e.Node, e.Key, false)
		}
	}
	return failures
}

// readLines reads a map of levels to messages.
func readLines(s *config.Section) []wantLine {
	var lines []wantLine
	s.Know(levels...)
	for _, level := range levels {
		if n, ok := field(s, level); ok {
			lines = append(lines, wantLine{level, readMatcher(s, n, level, false)})
		}
	}
	return lines
}

// readWantEvent reads an output: a map of fields, or the value alone.
func readWantEvent(parent *config.Section, n *config.Node, name string) wantEvent {
	w := wantEvent{pos: n.Pos}
	if n.Kind == config.Scalar {
		w.value = readMatcher(parent, n, name, false)
		return w
	}
	s := parent.Open(n, name)
	w.exact = s.Bool(fieldExact, false)
	w.value = readField(s, fieldValue)
	w.key = readField(s, fieldKey)
	w.from = readField(s, fieldFrom)
	w.topic = readField(s, fieldTopic)
	w.partition = readField(s, fieldPartition)
	w.timestamp = readTime(s, fieldTimestamp)
	if n, ok := field(s, fieldHeaders); ok {
		w.givenHeaders = true
		eachHeader(s, n, func(name string, n *config.Node, path string) {
			w.headers = append(w.headers, wantNamed{name, readMatcher(s, n, path, false)})
		})
	}
	w.readContext(s.Section(fieldContext))
	return w
}

// readContext reads names of the context. What a processor chose for the sink
// has fields of its own, which are the same.
func (w *wantEvent) readContext(context *config.Section) {
	if m := readField(context, kafkaTopic); m != nil {
		w.topic = m
	}
	if m := readField(context, kafkaPartition); m != nil {
		w.partition = m
	}
	if m := readTime(context, kafkaTimestamp); m != nil {
		w.timestamp = m
	}
	for _, entry := range context.Entries() {
		context.Take(entry)
		if event.Reserved(entry.Key) {
			context.Fault(entry.Pos, entry.Key, "cannot be compared here", "give key, headers and from beside the context")
			continue
		}
		w.context = append(w.context, wantNamed{entry.Key, readMatcher(context, entry.Node, entry.Key, true)})
	}
}

// readField takes a field of an output, in either spelling of a field of bytes.
func readField(s *config.Section, name string) *matcher {
	n, ok := field(s, name)
	switch {
	case ok:
		return readMatcher(s, n, name, false)
	case name != fieldValue && name != fieldKey:
		return nil
	}
	if n, ok = field(s, name+suffixBase64); !ok {
		return nil
	}
	m := &matcher{pos: n.Pos}
	m.add(howEqual, textValue(decoded(s, n, name+suffixBase64)))
	return m
}

// readTime takes a time, of which a scalar may be written in any way that input
// times are.
func readTime(s *config.Section, name string) *matcher {
	n, ok := field(s, name)
	if !ok {
		return nil
	}
	if n.Kind != config.Scalar || n.IsNull() {
		return readMatcher(s, n, name, false)
	}
	m := &matcher{pos: n.Pos}
	if ms, ok := milliseconds(s, n, name); ok {
		m.add(howEqual, textValue(strconv.AppendInt(nil, ms, 10)))
	}
	return m
}

// readGoldenFile reads what a golden file expects; one that is not there
// expects that it is written.
func readGoldenFile(path string, events int) (want, config.Faults) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return want{}, nil
	}
	s := config.ReadDocument(path)
	w := readWant(s, events)
	return w, s.Finish().Errors()
}

// sameMeasure compares metrics: what was written in decimals equals what was
// summed up.
func sameMeasure(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}
