package wasm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/host/abi"
)

// The most bytes of one text that a guest hands over; what is longer is cut.
const (
	maxText       = 4 << 10
	maxLine       = 8 << 10
	maxMetricName = 128
)

// guestBytes returns n bytes of the guest's memory at ptr, and traps the guest
// when they are not inside. They alias the memory, and cost fuel.
func (in *Instance) guestBytes(field string, ptr, n uint64) []byte {
	b, ok := in.mem.Read(uint32(ptr), uint32(n))
	if !ok {
		violation(abi.Errorf(field, "pointer %d with length %d ends beyond the memory of %d bytes",
			uint32(ptr), uint32(n), in.mem.Size()))
	}
	in.fuel.charge(uint64(len(b)))
	return b
}

// violation traps the guest.
func violation(err *abi.Error) { panic(err) }

func (in *Instance) hostLog(stack []uint64) {
	level := uint32(stack[0])
	if level > uint32(abi.LevelError) {
		violation(abi.Errorf("log level", "%d, the highest is %d", level, abi.LevelError))
	}
	line := in.guestBytes("log text", stack[1], stack[2])
	in.host.Log(abi.Level(level), line[:min(len(line), maxLine)])
}

func (in *Instance) hostError(stack []uint64) {
	in.said = cleanText(in.guestBytes("error text", stack[0], stack[1]))
}

func (in *Instance) hostReject(stack []uint64) {
	index := uint32(stack[0])
	if index >= in.count {
		violation(abi.Errorf("reject index", "%d, but the batch has %d events", index, in.count))
	}
	text := in.guestBytes("reject text", stack[1], stack[2])
	if len(in.rejects) == 0 {
		in.rejected = slices.Grow(in.rejected[:0], int(in.count))[:in.count]
		clear(in.rejected)
	}
	if !in.rejected[index] {
		in.rejected[index] = true
		in.rejects = append(in.rejects, Reject{Index: index, Message: cleanText(text)})
	}
}

func (in *Instance) hostMetric(stack []uint64) {
	kind := abi.MetricKind(uint32(stack[0]))
	if kind > abi.MetricHistogram {
		violation(abi.Errorf("metric kind", "%d is unknown", kind))
	}
	name := in.guestBytes("metric name", stack[1], stack[2])
	if len(name) == 0 || len(name) > maxMetricName || !utf8.Valid(name) {
		violation(abi.Errorf("metric name", "%.160q is not 1 to %d bytes of UTF-8", name, maxMetricName))
	}
	in.host.Metric(kind, name, math.Float64frombits(stack[3]))
}

func (in *Instance) hostNow(stack []uint64) { stack[0] = uint64(in.host.Now()) }

// hostAbort is how AssemblyScript's runtime ends: message and file are pointers
// to its UTF-16 strings, whose length in bytes stands before them.
func (in *Instance) hostAbort(stack []uint64) {
	panic(fmt.Errorf("abort: %s (%s:%d:%d)", in.utf16(stack[0]), in.utf16(stack[1]), uint32(stack[2]), uint32(stack[3])))
}

func (in *Instance) utf16(ptr uint64) string {
	if uint32(ptr) < 4 {
		return "no message"
	}
	size, ok := in.mem.ReadUint32Le(uint32(ptr) - 4)
	if !ok {
		return "unreadable message"
	}
	b, ok := in.mem.Read(uint32(ptr), min(size, maxText)&^1)
	if !ok {
		return "unreadable message"
	}
	var text strings.Builder
	for i := 0; i < len(b); i += 2 {
		text.WriteRune(rune(b[i]) | rune(b[i+1])<<8) // a surrogate becomes U+FFFD, enough for a message
	}
	return text.String()
}

// cleanText copies text of the guest: cut to its bound, and invalid bytes
// replaced.
func cleanText(b []byte) string {
	return strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "\uFFFD")
}
