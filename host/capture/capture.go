// Package capture keeps batches that failed in a module, with all that the
// module's answer depends on, so that they can be run again elsewhere.
package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/weirhq/weir/host/event"
)

// version is that of the form of a file.
const version = 1

// Batch is a batch of which something failed.
type Batch struct {
	Version int `json:"version"`
	// Module is the reference of the module, Digest its sha256.
	Module string `json:"module"`
	Digest string `json:"digest"`
	// Pipeline, Processor and Config are what the module was opened with.
	Pipeline  string          `json:"pipeline"`
	Processor string          `json:"processor"`
	Config    json.RawMessage `json:"config"`
	// Limits are those of the module.
	Limits Limits `json:"limits"`
	// Time is the time of the batch, in ns since 1970. Random numbers follow from
	// where the events came from.
	Time     int64     `json:"time"`
	Events   []Event   `json:"events"`
	Failures []Failure `json:"failures"`
	// Outputs is the digest of the events that came of the batch.
	Outputs string `json:"outputs"`
	// Redacted says that values, messages and the digest were taken out.
	Redacted bool `json:"redacted,omitempty"`
}

// Limits bound a module; a 0 is the default.
type Limits struct {
	Memory       uint64 `json:"memory,omitempty"`
	FuelPerEvent uint64 `json:"fuel_per_event,omitempty"`
	FuelPerBatch uint64 `json:"fuel_per_batch,omitempty"`
	// Timeout is in ns.
	Timeout         int64  `json:"timeout,omitempty"`
	CallDepth       uint32 `json:"call_depth,omitempty"`
	TableElements   uint32 `json:"table_elements,omitempty"`
	ModuleSize      uint64 `json:"module_size,omitempty"`
	OutputsPerEvent uint32 `json:"outputs_per_event,omitempty"`
	OutputBytes     uint64 `json:"output_bytes,omitempty"`
}

// Failure is an event that failed, by its index.
type Failure struct {
	Index   int         `json:"index"`
	Class   event.Class `json:"class"`
	Message string      `json:"message"`
}

// Event is an event as it came to the processor. Bytes are base64 in the file,
// so that a null stays one and all bytes stay as they are.
type Event struct {
	Value     []byte   `json:"value"`
	Key       []byte   `json:"key"`
	Headers   []Header `json:"headers,omitempty"`
	Context   []Pair   `json:"context,omitempty"`
	Topic     string   `json:"topic,omitempty"`
	Partition int32    `json:"partition"`
	Timestamp int64    `json:"timestamp"`
	Stamped   bool     `json:"stamped,omitempty"`
	From      *From    `json:"from,omitempty"`
	Offset    int64    `json:"offset"`
}

// From is where an event came from.
type From struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

// Header is a header. Its name need not be text.
type Header struct {
	Name  []byte `json:"name"`
	Value []byte `json:"value"`
}

// Pair is a name of the context with its value.
type Pair struct {
	Name string `json:"name"`
	Kind uint32 `json:"kind"`
	Num  uint64 `json:"num,omitempty"`
	Data []byte `json:"data,omitempty"`
}

// FromEvents makes events of a file.
func FromEvents(in []event.Event) []Event {
	out := make([]Event, len(in))
	for i := range in {
		e := &in[i]
		out[i] = Event{
			Value: e.Value, Key: e.Key, Topic: e.Topic, Partition: e.Partition,
			Timestamp: e.Timestamp, Stamped: e.Stamped, Offset: e.Offset,
		}
		if e.From != nil {
			out[i].From = &From{e.From.Topic, e.From.Number}
		}
		for _, h := range e.Headers {
			out[i].Headers = append(out[i].Headers, Header{[]byte(h.Name), h.Value})
		}
		for _, p := range e.Context {
			out[i].Context = append(out[i].Context, Pair{p.Name, uint32(p.Value.Kind), p.Value.Num, p.Value.Data})
		}
	}
	return out
}

// ToEvents makes events to process.
func ToEvents(in []Event) []event.Event {
	out := make([]event.Event, len(in))
	for i, e := range in {
		out[i] = event.Event{
			Value: e.Value, Key: e.Key, Topic: e.Topic, Partition: e.Partition,
			Timestamp: e.Timestamp, Stamped: e.Stamped, Offset: e.Offset, Origin: int32(i),
		}
		if e.From != nil {
			out[i].From = &event.Partition{Topic: e.From.Topic, Number: e.From.Partition}
		}
		for _, h := range e.Headers {
			out[i].Headers = append(out[i].Headers, event.Header{Name: string(h.Name), Value: h.Value})
		}
		for _, p := range e.Context {
			out[i].Context = append(out[i].Context, event.Pair{Name: p.Name, Value: event.Value{Kind: event.Kind(p.Kind), Num: p.Num, Data: p.Data}})
		}
	}
	return out
}

// Digest is that of events that came of a batch: of all that leaves.
func Digest(outputs []event.Event) (string, error) {
	text, err := json.Marshal(FromEvents(outputs))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Same tells whether what came of a batch is what came of it when it was kept.
// The stacks of traps are not compared: debug information changes them. Of a
// redacted batch only which events fail, and how, can be compared.
func (b *Batch) Same(outputs []event.Event, failures []Failure) (bool, error) {
	digest, err := Digest(outputs)
	if err != nil || digest != b.Outputs && !b.Redacted || len(failures) != len(b.Failures) {
		return false, err
	}
	for i, f := range failures {
		was := b.Failures[i]
		if f.Index != was.Index || f.Class != was.Class || !b.Redacted && withoutStack(f.Message) != withoutStack(was.Message) {
			return false, nil
		}
	}
	return true, nil
}

func withoutStack(message string) string {
	text, _, _ := strings.Cut(message, "\n    ")
	return text
}

// maxFile is the most bytes of a file.
const maxFile = 256 << 20

// Read reads a file.
func Read(name string) (*Batch, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	b := new(Batch)
	switch err := json.Unmarshal(text, b); {
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s: is larger than %d bytes", name, maxFile)
	case err != nil:
		return nil, fmt.Errorf("%s: is not a captured batch: %w", name, err)
	case b.Version != version || len(b.Events) == 0:
		return nil, fmt.Errorf("%s: is not a captured batch of version %d", name, version)
	}
	return b, nil
}
