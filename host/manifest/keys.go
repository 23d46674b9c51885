package manifest

import (
	"slices"
	"strings"

	"github.com/weirhq/weir/host/config"
)

// Key is a key of a config, as people read of it.
type Key struct {
	// Path is the key with those that it is under: a.b, and a[].b in a list.
	Path string
	// Kind says what its value is; Words are the ones of which it is one.
	Kind  string
	Words []string
	// Default is the value where the key is left out, if HasDefault; Needed says
	// that it cannot be.
	Default    string
	HasDefault bool
	Needed     bool
	Meaning    string
}

// Part is the config, or something that it refers to by name: an object with
// keys, or a value of a kind.
type Part struct {
	// Name is empty for the config itself.
	Name string
	Kind string
	Keys []Key
}

// Parts describes the config by its schema, in the order of the schema. There
// are none without a schema.
func (m *Manifest) Parts() []Part {
	var faults config.Faults
	schema := config.ParseYAML(File, m.Config, &faults) // all JSON is YAML
	if schema == nil || schema.Kind != config.Map {
		return nil
	}
	parts := []Part{{Keys: keysOf("", schema)}}
	if defs := schema.Find("$defs"); defs != nil {
		for _, def := range defs.Items {
			part := Part{Name: def.Key, Keys: keysOf("", def.Node)}
			part.Kind, _ = kindOf(def.Node)
			parts = append(parts, part)
		}
	}
	return parts
}

// keysOf lists the keys of an object, and of the objects inside.
func keysOf(prefix string, object *config.Node) []Key {
	properties := object.Find("properties")
	if properties == nil {
		return nil
	}
	var all []Key
	for _, property := range properties.Items {
		key := Key{Path: prefix + property.Key, Meaning: textOf(property.Node, "description")}
		key.Kind, key.Words = kindOf(property.Node)
		if d := property.Node.Find("default"); d != nil {
			key.Default, key.HasDefault = d.Value, true
			if text, err := d.JSON(); err == nil && d.Kind != config.Scalar {
				key.Default = string(text)
			}
		}
		if required := object.Find("required"); required != nil {
			key.Needed = slices.ContainsFunc(required.List, func(n *config.Node) bool { return n.Value == property.Key })
		}
		all = append(append(all, key), keysOf(key.Path+".", property.Node)...)
		if items := property.Node.Find("items"); items != nil {
			all = append(all, keysOf(key.Path+"[].", items)...)
		}
	}
	return all
}

func textOf(n *config.Node, key string) string {
	if value := n.Find(key); value != nil {
		return value.Value
	}
	return ""
}

// kindOf says of what kind a value is, or of which words.
func kindOf(schema *config.Node) (kind string, words []string) {
	if enum := schema.Find("enum"); enum != nil {
		for _, value := range enum.List {
			words = append(words, value.Value)
		}
		return strings.Join(words, ", "), words
	}
	if ref := textOf(schema, "$ref"); ref != "" {
		return strings.TrimPrefix(ref, "#/$defs/"), nil
	}
	of := schema.Find("type")
	switch {
	case of == nil:
		return "any value", nil
	case of.Kind == config.List:
		names := make([]string, len(of.List))
		for i, name := range of.List {
			names[i] = name.Value
		}
		return orList(names), nil
	case of.Value == "string" && isPointer(textOf(schema, "pattern")):
		return "JSON pointer", nil
	case of.Value == "array" && schema.Find("items") != nil:
		kind, _ = kindOf(schema.Find("items"))
		return "list of " + kind, nil
	case of.Value == "object":
		if each := schema.Find("additionalProperties"); each != nil && each.Kind == config.Map {
			kind, _ = kindOf(each)
			return "map to " + kind, nil
		}
	}
	return of.Value, nil
}

// isPointer tells whether a pattern is what JSON pointers are checked by.
func isPointer(pattern string) bool {
	return strings.HasPrefix(pattern, "^/") || strings.HasPrefix(pattern, "^(/|")
}

func orList(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
