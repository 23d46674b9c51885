//go:build !wasip1

package border

import (
	"sync"
	"unsafe"
)

// Functions are the host's functions.
type Functions interface {
	Log(level uint32, text string)
	Error(text string)
	Reject(index uint32, text string)
	Metric(kind uint32, name string, value float64)
	Now() int64
}

// Host is the host of a native test.
var Host Functions = noHost{}

type noHost struct{}

const outside = "weir: there is no host here: build a module, or test with package weirtest"

func (noHost) Log(uint32, string)             { panic(outside) }
func (noHost) Error(string)                   { panic(outside) }
func (noHost) Reject(uint32, string)          { panic(outside) }
func (noHost) Metric(uint32, string, float64) { panic(outside) }
func (noHost) Now() int64                     { panic(outside) }

// Log writes a line to the host's log.
func Log(level uint32, text string) { Host.Log(level, text) }

// Error is the reason for the failure that the running call will report.
func Error(text string) { Host.Error(text) }

// Reject hands an input of the batch to the error policy.
func Reject(index uint32, text string) { Host.Reject(index, text) }

// Metric reports a measurement.
func Metric(kind uint32, name string, value float64) { Host.Metric(kind, name, value) }

// Now is the time of the batch, in nanoseconds since 1970.
func Now() int64 { return Host.Now() }

// Abort goes on with a panic.
func Abort(r any) { panic(r) }

// linear is the linear memory of a test. Its pages cost nothing until they are
// used; what is allocated is never given back.
var linear = sync.OnceValue(func() []byte { return make([]byte, 256<<20) })

// used begins beyond address 0, which means nothing, as it does in a module.
var used = 8

func base() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(linear())) }

// Alloc returns memory of n bytes, 8-aligned.
func Alloc(n int) []byte {
	n = (max(n, 1) + 7) &^ 7
	if n > len(linear())-used {
		panic("weir: the linear memory of the test is full")
	}
	used += n
	return linear()[used-n : used : used]
}
