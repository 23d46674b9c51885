// Package weir is for event processors that run in weir, compiled to
// WebAssembly:
//
//	package main
//
//	import "github.com/weirhq/weir/sdk/go/weir"
//
//	func init() { weir.Process(selectTopic) }
//
//	func main() {}
//
//	func selectTopic(ctx *weir.Context, ev *weir.Event) error {
//		weight, err := ev.Number("weight")
//		if err != nil {
//			return err
//		}
//		if weight > 10 {
//			ctx.Set("kafka_topic", "heavy")
//		} else {
//			ctx.Set("kafka_topic", "light")
//		}
//		return nil
//	}
//
// Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o processor.wasm .
//
// A processor is a function of a context and an event. It may change the event,
// route it, drop it, emit several, or return an error, which hands the event to
// the pipeline's error policy. One with a config reads it in a function that it
// registers with Open. The package needs the standard library only; package
// weirtest runs processors natively in tests.
//
// Events live where the host put them. What passes through is not copied, and
// handling an event allocates nothing. All calls come one after the other.
// Instances are thrown away between batches and several are used at a time: a
// package variable is a cache, not a store.
package weir
