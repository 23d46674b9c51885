package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm/section"
)

// Bounds over which a module draws a warning: what it takes is taken once a
// lane, or at every start.
const (
	muchMemory = 8 << 20
	muchCode   = 8 << 20
)

// warn notes what a module can be used with, but should not, each with the
// remedy.
func (r *Report) warn(m *section.Module) {
	if !r.Usable {
		return
	}
	if r.Manifest == nil {
		r.warnf("carries no manifest, so its config is not checked before it runs; write %s and build it with weir build", manifest.File)
	} else if !slices.ContainsFunc(r.Exports, func(e Export) bool { return e.Name == abi.ExportOpen }) && r.takesConfig() {
		r.warnf("has a schema for its config in its manifest, but takes none; export %s, or say config: false", abi.ExportOpen)
	}
	if n := debugSize(m); n > 0 {
		r.warnf("carries %d bytes of debug information, which nothing here reads; build it with weir build, or strip it", n)
	}
	if names, err := m.FunctionNames(); err != nil || len(names) == 0 {
		r.warnf("carries no names of functions, so a trap is reported without them; build without stripping names")
	}
	if r.Memory.Start > muchMemory {
		r.warnf("begins with %d MiB of memory in every instance, one a partition; give the linker a smaller stack or less static data",
			r.Memory.Start>>20)
	}
	if code := m.Find(section.Code); code != nil && code.Size > muchCode {
		r.warnf("has %d MiB of code, which take seconds to compile; leave out what is not used", code.Size>>20)
	}
}

func (r *Report) warnf(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// takesConfig tells whether the manifest speaks of a config that is more than
// none.
func (r *Report) takesConfig() bool {
	text := strings.TrimSpace(string(r.Manifest.Config))
	return text != "" && text != "false"
}

// debugSize is how much there is to strip.
func debugSize(m *section.Module) int {
	stripped := section.Module{Sections: slices.Clone(m.Sections)}
	stripped.StripDebug()
	return len(m.Bytes()) - len(stripped.Bytes())
}
