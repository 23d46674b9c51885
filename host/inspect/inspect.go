// Package inspect says what a module is, without running it: its version of the
// ABI, its manifest, what it imports, exports and needs, of what it is made, and
// whether the host takes it; if not, why.
package inspect

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/wasm"
	"github.com/weirhq/weir/host/wasm/section"
)

// Report is what was found. The keys of its JSON are an interface to scripts.
type Report struct {
	// Digest is the sha256 of the file.
	Digest string `json:"digest"`
	Size   int    `json:"size"`
	// Usable says that the host takes the module; Faults is why not.
	Usable bool     `json:"usable"`
	Faults []string `json:"faults,omitempty"`
	// Warnings are what the module can be used with, but should not.
	Warnings []string `json:"warnings,omitempty"`
	// ABI is the version of the ABI, 0 when the module does not say.
	ABI int `json:"abi"`
	// Manifest is nil when the module has none.
	Manifest *manifest.Manifest `json:"manifest,omitempty"`
	// Tests is the size of the test cases in the module, in bytes.
	Tests int `json:"tests,omitempty"`
	// Memory is nil when the module has none of its own.
	Memory *Memory `json:"memory,omitempty"`
	// Functions and Tables are how many the module has, imported ones aside.
	Functions int `json:"functions"`
	Tables    int `json:"tables"`
	// StartSection says that a function runs at instantiation, Command that the
	// module exports _start.
	StartSection bool `json:"start_section"`
	Command      bool `json:"command"`
	// Asks are the capabilities that the imports ask for.
	Asks      []Capability `json:"asks_for"`
	Imports   []Import     `json:"imports"`
	Exports   []Export     `json:"exports"`
	Sections  []Section    `json:"sections"`
	Producers []Producer   `json:"producers,omitempty"`
}

// Memory is what an instance needs, in bytes.
type Memory struct {
	Start uint64 `json:"start"`
	// Max is what the module bounds itself to, 0 without a bound.
	Max uint64 `json:"max,omitempty"`
	// Limit is what the host allows by default.
	Limit uint64 `json:"limit"`
}

// Capability is something that a module may be granted, with the functions that
// it imports of it.
type Capability struct {
	Name      string   `json:"name"`
	Meaning   string   `json:"meaning"`
	Functions []string `json:"functions"`
}

// Import is something that the module needs of its host.
type Import struct {
	Module string `json:"module"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Type   string `json:"type,omitempty"`
	// WASI says that it is a function of WASI, Refused that it only answers that
	// it is not supported.
	WASI    bool `json:"wasi,omitempty"`
	Refused bool `json:"refused,omitempty"`
}

// Export is something that the module gives.
type Export struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"`
	// ABI says that it is part of the ABI.
	ABI bool `json:"abi,omitempty"`
}

// Section is a section of the file; Name is that of a custom one, else what it
// holds. Size is that of the whole, head included.
type Section struct {
	Name   string `json:"name"`
	Custom bool   `json:"custom,omitempty"`
	Offset int    `json:"offset"`
	Size   int    `json:"size"`
}

// Producer is a tool that had a part in the module.
type Producer struct {
	Field   string `json:"field"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// Module inspects the bytes of a file. They may be anything: what keeps them
// from being a module is a fault of the report. The error is one of the host, such
// as a cache that cannot be used.
func Module(ctx context.Context, file []byte, cfg wasm.Config) (*Report, error) {
	r := &Report{Digest: section.Digest(file), Size: len(file), Asks: []Capability{}, Imports: []Import{}, Exports: []Export{}, Sections: []Section{}}
	if err := r.compile(ctx, file, cfg); err != nil {
		return nil, err
	}
	m, err := section.Parse(file)
	if err != nil {
		return r, nil // which compile has found too
	}
	r.sections(m)
	if found, err := manifest.Read(m); err != nil {
		r.Faults = append(r.Faults, err.Error())
	} else {
		r.Manifest = found
	}
	r.Tests = len(manifest.Tests(m))
	if producers, err := m.Producers(); err == nil { // a note of tools, not worth a fault
		for _, p := range producers {
			r.Producers = append(r.Producers, Producer(p))
		}
	}
	if o, err := m.Outline(); err == nil { // as above
		r.outline(o, cfg)
	}
	r.Usable = len(r.Faults) == 0
	r.warn(m)
	return r, nil
}

// compile takes the host's own verdict.
func (r *Report) compile(ctx context.Context, file []byte, cfg wasm.Config) error {
	runtime, err := wasm.NewRuntime(ctx, cfg)
	if err != nil {
		return err
	}
	_, err = runtime.Compile(ctx, file, wasm.Bounds{})
	var fault *wasm.ModuleError
	if errors.As(err, &fault) {
		r.Faults, err = fault.Faults, nil
	}
	return errors.Join(err, runtime.Close(ctx))
}

func (r *Report) sections(m *section.Module) {
	for _, s := range m.Sections {
		name := s.ID.String()
		if s.ID == section.Custom {
			name = s.Name
		}
		r.Sections = append(r.Sections, Section{name, s.ID == section.Custom, s.Offset, s.Size})
	}
}

func (r *Report) outline(o *section.Outline, cfg wasm.Config) {
	r.Functions, r.Tables, r.StartSection = len(o.Funcs)-o.ImportedFuncs(), len(o.Tables), o.Start
	for _, c := range wasm.Asks(o.Imports) {
		r.Asks = append(r.Asks, Capability(c))
	}
	for _, im := range o.Imports {
		one := Import{Module: im.Module, Name: im.Name, Kind: im.Kind.String(), WASI: strings.HasPrefix(im.Module, "wasi"), Refused: wasm.Refuses(im)}
		if typ, ok := o.TypeAt(im.Type); ok && im.Kind == section.FuncKind {
			one.Type = typ.String()
		}
		r.Imports = append(r.Imports, one)
	}
	for _, e := range o.Exports {
		one := Export{Name: e.Name, Kind: e.Kind.String(), ABI: wasm.OfABI(e)}
		if typ, ok := o.FuncType(e.Index); ok && e.Kind == section.FuncKind {
			one.Type = typ.String()
		}
		r.Exports = append(r.Exports, one)
		if version, ok := strings.CutPrefix(e.Name, abi.ExportMarkPrefix); ok {
			if n, err := strconv.ParseUint(version, 10, 31); err == nil { // else the name is another's
				r.ABI = int(n)
			}
		}
		r.Command = r.Command || e.Name == abi.ExportStart
	}
	if len(o.Memories) > 0 && !o.Memories[0].Wide() {
		own := o.Memories[0]
		r.Memory = &Memory{Start: uint64(own.Min) * wasm.PageSize, Max: uint64(own.Max) * wasm.PageSize, Limit: cfg.MemoryLimit()}
	}
}
