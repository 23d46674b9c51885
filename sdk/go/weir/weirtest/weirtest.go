//go:build !wasip1

// Package weirtest runs a processor natively, in go test, as the host would: it
// puts events into linear memory, calls the exports, and reads back what came
// of them.
//
//	host, err := weirtest.Open(`{"threshold": 5}`)
//	...
//	got := host.Run(weirtest.Event{Value: []byte(`{"weight": 7}`)})
//
// The processor is the one that the package under test registers. As in a
// module, one call runs at a time: tests that use it cannot be parallel.
package weirtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/sdk/go/internal/border"
)

// Header is one header; a nil value is a null.
type Header struct {
	Name  string
	Value []byte
}

// JSON is a JSON document as a value of the context.
type JSON []byte

// Event is an event as the host sends it or gets it back.
type Event struct {
	// Value is the payload; nil is a null.
	Value []byte
	// Key is the key; nil is none.
	Key     []byte
	Headers []Header
	// Context holds the pairs: nil, bool, int64, float64, string, []byte or JSON.
	Context map[string]any
	// Topic is the topic that a processor chose.
	Topic string
	// Timestamp is the record's, in milliseconds since 1970, or the one that a
	// processor set for the sink, which Stamped tells.
	Timestamp int64
	Stamped   bool
	// Partition is the partition that a processor chose, if Partitioned.
	Partition   int32
	Partitioned bool
	// Source and Offset are the event's input and that input's offset; the
	// source's partition is 0 of topic input.
	Source int
	Offset int64
}

// Reject is a rejected input.
type Reject struct {
	Source  int
	Message string
}

// Result is what came of a batch.
type Result struct {
	Events  []Event
	Rejects []Reject
	// Log holds lines as "level: text", Metrics measurements as "kind name value".
	Log, Metrics []string
}

// Now is the time of every batch.
var Now = time.Unix(1_700_000_000, 0)

// Host is the host of an open processor.
type Host struct{ recorder recorder }

// Open opens the processor with a config, which is JSON; empty is none. The
// error is what the host would show.
func Open(config string) (*Host, error) {
	if border.Guest.Open == nil {
		return nil, errors.New("weirtest: the package under test does not import weir")
	}
	if config == "" {
		config = "null"
	}
	h := new(Host)
	border.Host = &h.recorder
	opening, err := json.Marshal(map[string]any{
		"pipeline": "pipeline", "processor": "processor", "config": json.RawMessage(config),
	})
	if err != nil {
		return nil, fmt.Errorf("weirtest: config: %w", err)
	}
	at := border.Guest.Buffer(uint32(len(opening)))
	copy(border.Bytes(border.Span{Ptr: at, Len: uint32(len(opening))}), opening)
	if border.Guest.Open(at, uint32(len(opening))) != 0 {
		return nil, errors.New(h.recorder.err)
	}
	return h, nil
}

// Run runs the processor on one batch.
func (h *Host) Run(events ...Event) Result {
	border.Host = &h.recorder
	h.recorder = recorder{}
	size := encode(nil, 0, events)
	at := border.Guest.Buffer(uint32(size))
	encode(border.Bytes(border.Span{Ptr: at, Len: uint32(size)}), at, events)
	out := border.Guest.Process(at, uint32(len(events)))
	result := h.recorder.Result
	for _, e := range border.Slice[border.Entry](border.Span{Ptr: uint32(out >> 32), Len: uint32(out)}) {
		result.Events = append(result.Events, decode(&e))
	}
	return result
}

// Close closes the processor.
func (h *Host) Close() {
	border.Host = &h.recorder
	border.Guest.Close()
}

type recorder struct {
	Result
	err string
}

var levels = [...]string{"debug", "info", "warn", "error"}

func (r *recorder) Log(level uint32, text string) {
	r.Result.Log = append(r.Result.Log, levels[level]+": "+text)
}

func (r *recorder) Error(text string) { r.err = text }

func (r *recorder) Reject(index uint32, text string) {
	r.Rejects = append(r.Rejects, Reject{Source: int(index), Message: text})
}

var metricKinds = [...]string{"counter", "gauge", "histogram"}

func (r *recorder) Metric(kind uint32, name string, value float64) {
	r.Metrics = append(r.Metrics, fmt.Sprintf("%s %s %v", metricKinds[kind], name, value))
}

func (r *recorder) Now() int64 { return Now.UnixNano() }
