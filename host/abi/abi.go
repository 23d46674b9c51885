// Package abi is the binary contract between the host and a processor's
// module, version 1, as docs/abi.md describes it: the names, the numbers and
// the codec.
//
// A batch goes in by Measure and Layout.Encode, which write a table of
// fixed-size entries and the bytes that they point to into the guest's memory.
// What the guest returns comes out by Decoder.Decode, which trusts nothing: it
// checks every pointer, length, count and index before it uses it, and finds
// out by comparing what the guest changed. Unchanged bytes stay the host's own
// slices; changed ones are copied once, into one slab a batch.
package abi

// Version is the version of the ABI that this package implements.
const Version = 1

// The exports of a module.
const (
	ExportMemory     = "memory"
	ExportInitialize = "_initialize"
	ExportStart      = "_start"
	// ExportMarkPrefix and a version number make the name of the function that
	// marks a module's version; ExportMark is that of this version. The mark is
	// never called.
	ExportMarkPrefix = "weir_abi_"
	ExportMark       = "weir_abi_1"
	ExportBuffer     = "weir_buffer"
	ExportOpen       = "weir_open"
	ExportProcess    = "weir_process"
	ExportClose      = "weir_close"
)

// The modules that a module may import from, and what it finds in Module.
const (
	Module = "weir"
	WASI   = "wasi_snapshot_preview1"

	ImportLog    = "log"
	ImportError  = "error"
	ImportReject = "reject"
	ImportMetric = "metric"
	ImportNow    = "now"
)

// The sizes of the records in guest memory. BufferAlign is the alignment of
// the buffer and of every table and array that the host writes into it.
const (
	EntrySize   = 80
	HeaderSize  = 16
	ContextSize = 32
	BufferAlign = 8
)

// The offsets of an entry's fields. A field of two words is a pointer and a
// length or count.
const (
	offSource          = 0
	offFlags           = 4
	offValue           = 8
	offKey             = 16
	offHeaders         = 24
	offContext         = 32
	offTopic           = 40
	offSourceTopic     = 48
	offTimestamp       = 56
	offOffset          = 64
	offSourcePartition = 72
	offPartition       = 76
)

// The offsets of a pair's fields, headers first.
const (
	offHeaderName  = 0
	offHeaderValue = 8

	offContextName     = 0
	offContextKind     = 8
	offContextReserved = 12
	offContextPayload  = 16
	offContextTail     = 24
)

// The flags of an entry.
const (
	FlagValueNull uint32 = 1 << iota // the value is a null, distinct from empty
	FlagKeyNull                      // there is no key, distinct from an empty one
	FlagRouted                       // the topic is a target that a processor chose
	FlagStamped                      // the timestamp was set by a processor

	knownFlags = FlagValueNull | FlagKeyNull | FlagRouted | FlagStamped
)

// nullHeader is the pointer and length of a header value that is a null.
const nullHeader = uint64(0xFFFFFFFF) << 32

// Level is the level of a log line.
type Level uint32

// The levels of the log import.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// MetricKind is the kind of a measurement of the metric import.
type MetricKind uint32

// The kinds of measurements.
const (
	MetricCounter   MetricKind = iota // add
	MetricGauge                       // set
	MetricHistogram                   // observe
)
