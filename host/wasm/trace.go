package wasm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/wasm/demangle"
	"github.com/weirhq/weir/host/wasm/meter"
)

// The runtime tells of a trap in one text: the cause, and after this line the
// guest's stack, innermost call first.
const traceBegins = "\nwasm stack trace:\n\t"

// maxFrames is how much of a stack is told.
const maxFrames = 16

// frame is a call of the guest's stack. Places are its line in the sources, and
// before it those of what was inlined there; none without debug information.
type frame struct {
	name   string
	places []string
}

// report tells of a trap the way that people read it: the cause, and the stack
// without what the language's own runtime does to end. module is the name that
// the module gives itself, which the runtime puts before the names of functions.
func report(err error, module string) string {
	cause, trace, ok := strings.Cut(err.Error(), traceBegins)
	cause = strings.TrimSuffix(cause, " (recovered by wazero)")
	if !ok {
		return cause
	}
	trace, _, _ = strings.Cut(trace, "\n\n") // a stack of the host itself may follow
	frames := withoutRuntime(parseTrace(trace, module))
	var b strings.Builder
	b.WriteString(cause)
	for _, f := range frames[:min(len(frames), maxFrames)] {
		b.WriteString("\n    at " + f.name)
		if len(f.places) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(f.places, ", in "))
		}
	}
	if more := len(frames) - maxFrames; more > 0 {
		fmt.Fprintf(&b, "\n    and %d more", more)
	}
	return b.String()
}

// signatureEnds matches the types that the runtime puts behind a name.
var signatureEnds = regexp.MustCompile(`\((?:(?:i32|i64|f32|f64|v128|externref|funcref),?)*\)(?: \w+| \([\w,]+\))?$`)

func parseTrace(trace, module string) []frame {
	var frames []frame
	for line := range strings.SplitSeq(trace, "\n\t") {
		switch place, isPlace := strings.CutPrefix(line, "\t"); {
		case isPlace && len(frames) > 0:
			f := &frames[len(frames)-1]
			f.places = append(f.places, shortPlace(place))
		case strings.HasPrefix(line, "..."):
			// there are more, which the runtime has left out
		default:
			name := strings.TrimPrefix(strings.TrimPrefix(line, module), ".")
			name = signatureEnds.ReplaceAllString(name, "")
			if index, ok := strings.CutPrefix(name, "$"); ok {
				name = "function " + index
			}
			frames = append(frames, frame{name: demangle.Name(name)})
		}
	}
	return frames
}

// library matches where Rust's own library was built.
var library = regexp.MustCompile(`^/rustc/[0-9a-f]+/`)

// shortPlace keeps file, line and column of a place.
func shortPlace(place string) string {
	place = strings.TrimSpace(place)
	if address, rest, ok := strings.Cut(place, ": "); ok && strings.HasPrefix(address, "0x") {
		place = rest
	}
	place = strings.TrimSuffix(place, " (inlined)")
	return library.ReplaceAllString(place, "")
}

// runtimes begin the names of what the runtimes of languages do to end.
var runtimes = []string{
	"core::", "std::", "alloc::", "<core::", "<std::", "<alloc::", "__rustc::", "rust_", "__rust", // Rust
	"runtime.", "syscall.", "os.Exit", "github.com_weirhq_weir_sdk_go_weir.report", "wasi_snapshot_preview1.", // Go
	"~lib/", "abort", "env.abort", // AssemblyScript, C
	meter.Module + ".", // which ends those that use too much
}

func (f frame) ofRuntime() bool {
	return slices.ContainsFunc(runtimes, func(prefix string) bool { return strings.HasPrefix(f.name, prefix) })
}

// withoutRuntime leaves out how the guest ended, unless nothing else is there.
func withoutRuntime(frames []frame) []frame {
	if i := slices.IndexFunc(frames, func(f frame) bool { return !f.ofRuntime() }); i > 0 {
		return frames[i:]
	}
	return frames
}
