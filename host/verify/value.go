// Package verify decides whether a run of weir kept its promises.
//
// The inputs of a run are numbered: each value says its partition, its
// sequence number there, and carries a checksum (Value, Parse). A Checker is
// told how many inputs each partition had and every output that the brokers
// hold, and reports what is lost, out of order, doubled, foreign or corrupt.
//
// An Audit judges the runs of "weir verify" by it, and more strictly. It knows
// every byte of the inputs (Workload), what the group had committed whenever
// the process was ended (Stop), and what a reader saw on the way.
//
// The package knows no Kafka: a history can be written by hand, and the tests
// prove that each kind of fault is found.
package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// Origin names one input of a run.
type Origin struct {
	Partition int32 `json:"partition"`
	Seq       int64 `json:"seq"`
}

func (o Origin) String() string { return fmt.Sprintf("%d/%d", o.Partition, o.Seq) }

// ErrCorrupt is the error of Parse for bytes that no Value gave.
var ErrCorrupt = errors.New("corrupt value")

type body struct {
	Run string `json:"run"`
	Origin
	Weight int64  `json:"weight"`
	Pad    string `json:"pad"`
}

// crcField ends a value; the checksum covers everything before it.
const crcField = `,"crc":"`

// Value makes the value of one input: a JSON object of at least size bytes
// with the run's name, the origin, a weight between 0 and 20 that depends on
// the origin alone, and a checksum.
func Value(run string, o Origin, size int) []byte {
	b := body{Run: run, Origin: o, Weight: Weight(o)}
	value := encode(b)
	if missing := size - len(value); missing > 0 {
		b.Pad = string(bytes.Repeat([]byte{'.'}, missing))
		value = encode(b)
	}
	return value
}

// Weight is the weight in the value of an origin, so that a test knows which
// way a topic selector sends it.
func Weight(o Origin) int64 { return (o.Seq*7 + int64(o.Partition)*3) % 21 }

func encode(b body) []byte {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // a struct of strings and integers always encodes
	}
	text = text[:len(text)-1]
	return fmt.Appendf(text, `%s%08x"}`, crcField, crc32.ChecksumIEEE(text))
}

// Parse reads back a value of the run. The error is ErrCorrupt when a byte of
// it has changed.
func Parse(value []byte) (run string, o Origin, err error) {
	at := bytes.LastIndex(value, []byte(crcField))
	if at < 0 {
		return "", Origin{}, fmt.Errorf("%w: no checksum in %.80q", ErrCorrupt, value)
	}
	want := fmt.Appendf(nil, `%s%08x"}`, crcField, crc32.ChecksumIEEE(value[:at]))
	if !bytes.Equal(value[at:], want) {
		return "", Origin{}, fmt.Errorf("%w: checksum %.20q, want %q", ErrCorrupt, value[at:], want)
	}
	var b body
	if err := json.Unmarshal(append(bytes.Clone(value[:at]), '}'), &b); err != nil {
		return "", Origin{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return b.Run, b.Origin, nil
}
