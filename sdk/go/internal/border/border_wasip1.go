package border

import (
	"os"
	"unsafe"
)

func base() unsafe.Pointer { return nil }

// Alloc returns memory of n bytes, 8-aligned. The caller keeps it reachable for
// as long as an entry refers to it: the collector does not see addresses.
func Alloc(n int) []byte {
	words := make([]uint64, (max(n, 1)+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
}

//go:wasmimport weir log
func hostLog(level uint32, text string)

//go:wasmimport weir error
func hostError(text string)

//go:wasmimport weir reject
func hostReject(index uint32, text string)

//go:wasmimport weir metric
func hostMetric(kind uint32, name string, value float64)

//go:wasmimport weir now
func hostNow() int64

// Log writes a line to the host's log.
func Log(level uint32, text string) { hostLog(level, text) }

// Error is the reason for the failure that the running call will report.
func Error(text string) { hostError(text) }

// Reject hands an input of the batch to the error policy.
func Reject(index uint32, text string) { hostReject(index, text) }

// Metric reports a measurement.
func Metric(kind uint32, name string, value float64) { hostMetric(kind, name, value) }

// Now is the time of the batch, in nanoseconds since 1970.
func Now() int64 { return hostNow() }

// Abort ends the instance after a panic.
func Abort(any) { os.Exit(2) }

//go:wasmexport weir_abi_1
func mark() {}

//go:wasmexport weir_buffer
func buffer(size uint32) uint32 { return Guest.Buffer(size) }

//go:wasmexport weir_open
func open(ptr, n uint32) int32 { return Guest.Open(ptr, n) }

//go:wasmexport weir_process
func process(table, count uint32) uint64 { return Guest.Process(table, count) }

//go:wasmexport weir_close
func closeGuest() { Guest.Close() }
