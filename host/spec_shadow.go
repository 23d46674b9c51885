package host

import (
	"encoding/json"

	"github.com/weirhq/weir/host/config"
)

// ShadowSpec is a candidate that runs beside a module.
type ShadowSpec struct {
	// Module is a reference as that of the step.
	Module string
	// Config is the candidate's: that of the step where it has none of its own.
	Config json.RawMessage
	// Sample is the share of the batches that are compared, above 0 and up to 1.
	Sample float64
	// ConfigNode is Config with its places, nil when there is none.
	ConfigNode *config.Node
	// Path is the shadow's place in the configuration, Pos the one in its file.
	Path string
	Pos  config.Pos
}

// readShadow takes {module: ..., sample: 10%}, or the module alone. step has its
// own config.
func (l *loader) readShadow(s *config.Section, step *StepSpec) *ShadowSpec {
	n := s.Get("shadow")
	if n == nil {
		return nil
	}
	if n.Kind == config.Scalar {
		module := n
		n = config.NewMap(module.Pos)
		n.Put("module", module.Pos, module)
	}
	sub := s.Open(n, "shadow")
	c := &ShadowSpec{Sample: share(sub, "sample", 1), Config: step.Config, ConfigNode: step.ConfigNode, Path: sub.Path(), Pos: n.Pos}
	if c.Sample == 0 {
		sub.Fault(sub.Get("sample").Pos, "sample", "is nothing: no batch would be compared", "write sample: 10%, or leave the shadow out")
	}
	if own := moduleConfig(sub); own != nil {
		c.ConfigNode, c.Config = own, sub.NodeJSON(own, "config")
	}
	switch module := sub.Get("module"); {
	case module == nil:
		sub.Fault(n.Pos, "module", "is missing", "name the module that is to be compared")
	case module.Kind != config.Scalar:
		sub.Fault(module.Pos, "module", "must be the name of a module", `write module: path.wasm or module: "builtin:NAME"`)
	default:
		c.Module = l.module(sub, module)
		l.checkModule(sub, module, c.Module)
	}
	return c
}

func shadowSchema() config.Schema {
	return config.AnySchema(config.Ref("text"), config.MapSchema(map[string]any{
		"module":      config.Schema{"type": "string"}.Doc("The module to compare."),
		"digest":      config.TextSchema().Doc("The sha256 that it must have."),
		"config":      config.Schema{}.Doc("What it is configured with; that of the processor when there is none."),
		"config_file": config.TextSchema().Doc("A YAML or JSON file with more of it; config beats its keys."),
		"sample":      config.TextSchema().Doc("The share of the batches that are compared, such as 10%.").With("default", "100%"),
	}).With("required", []string{"module"})).Doc("A candidate that gets the same batches; what comes of them is compared, and not written.")
}
