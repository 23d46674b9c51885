// Package plugins holds weir's ready-made processors, each a WebAssembly
// module built from the Rust sources in the folder of its name. A pipeline
// uses one as "module: builtin:NAME".
package plugins

import _ "embed"

//go:embed topic-selector/topic-selector.wasm
var topicSelector []byte

//go:embed json-fields/json-fields.wasm
var jsonFields []byte

// Lookup returns the module of a ready-made processor. The caller must not
// change it.
func Lookup(name string) (wasm []byte, ok bool) {
	switch name {
	case "topic-selector":
		return topicSelector, true
	case "json-fields":
		return jsonFields, true
	}
	return nil, false
}

// Names lists the ready-made processors in alphabetical order.
func Names() []string { return []string{"json-fields", "topic-selector"} }
