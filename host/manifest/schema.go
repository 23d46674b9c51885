package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/weirhq/weir/host/config"
)

// Schema is the compiled schema of a config.
type Schema struct {
	compiled *jsonschema.Schema
	document any
}

// schemaError is a fault of a schema, at a path in it.
type schemaError struct {
	path []string
	text string
}

func (e *schemaError) Error() string { return e.text }

// location is where schemas are, to the library: fragments of it are places.
const location = "config.json"

var english = message.NewPrinter(language.English)

// compile makes a schema of its JSON. Formats are checked as keywords are, and
// nothing is fetched.
func compile(text json.RawMessage) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := bounded(document); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	c.AssertFormat()
	if err := c.AddResource(location, document); err != nil {
		return nil, fmt.Errorf("is not a schema: %w", err)
	}
	compiled, err := c.Compile(location)
	var invalid *jsonschema.SchemaValidationError
	var violation *jsonschema.ValidationError
	switch {
	case err == nil:
		return &Schema{compiled, document}, nil
	case errors.As(err, &invalid) && errors.As(invalid.Err, &violation):
		first := leaves(violation)[0]
		return nil, &schemaError{first.InstanceLocation, "is not a schema: " + words(first)}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return nil, fmt.Errorf("is not a schema: %s", first)
}

// Check holds a config against the schema. n is the config as it was written,
// nil when none was; at and path are where it stands, or should. None is as good
// as an empty object, or null, whichever the schema takes.
func (s *Schema) Check(n *config.Node, at config.Pos, path string) config.Faults {
	if s.document == false {
		return none(n, path)
	}
	if n == nil {
		if s.compiled.Validate(nil) == nil {
			return nil
		}
		faults := s.Check(config.NewMap(at), at, path)
		for i := range faults {
			faults[i].Message = "there is none: " + faults[i].Message
		}
		return faults
	}
	var faults config.Faults
	text, err := n.JSON()
	if err != nil {
		faults.Add(config.Fault{Pos: n.Pos, Path: path, Message: err.Error()})
		return faults
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		faults.Add(config.Fault{Pos: n.Pos, Path: path, Message: err.Error()})
		return faults
	}
	var violation *jsonschema.ValidationError
	switch err := s.compiled.Validate(value); {
	case err == nil:
	case errors.As(err, &violation):
		for _, leaf := range leaves(violation) {
			s.report(leaf, n, path, &faults)
		}
	default:
		faults.Add(config.Fault{Pos: n.Pos, Path: path, Message: err.Error()})
	}
	faults.Sort()
	return faults
}

// none is the verdict of the schema false, by which a module takes no config.
func none(n *config.Node, path string) config.Faults {
	if n == nil || n.Kind == config.Map && len(n.Items) == 0 {
		return nil
	}
	return config.Faults{{Pos: n.Pos, Path: path, Message: "the module takes no config", Hint: "remove it"}}
}

// report words one violation of the schema. A secret is not shown.
func (s *Schema) report(v *jsonschema.ValidationError, n *config.Node, path string, faults *config.Faults) {
	at := n.At(v.InstanceLocation...)
	own := s.at(v.SchemaURL)
	f := config.Fault{Pos: at.Pos, Path: pathOf(n, path, v.InstanceLocation), Message: words(v), Hint: describes(own)}
	if extra, ok := v.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, key := range extra.Properties {
			f.Pos, f.Message, f.Hint = at.KeyPos(key), fmt.Sprintf("%q is not a key of the config", key), near(key, properties(own))
			faults.Add(f)
		}
		return
	}
	if hides(at) {
		f.Message = fmt.Sprintf("is not what %q of the schema says", strings.Join(v.ErrorKind.KeywordPath(), "."))
	}
	faults.Add(f)
}

// hides tells whether there is a secret in a tree.
func hides(n *config.Node) bool {
	return n.Secret || slices.ContainsFunc(n.List, hides) ||
		slices.ContainsFunc(n.Items, func(item config.Item) bool { return hides(item.Node) })
}

// pathOf writes a place as weir's other messages do: a.b[0].
func pathOf(n *config.Node, path string, location []string) string {
	for i, step := range location {
		if n.At(location[:i]...).Kind == config.List {
			path += "[" + step + "]"
		} else {
			path += "." + step
		}
	}
	return path
}

// leaves are the violations that say something, in a settled order.
func leaves(v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch v.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Not, *kind.Contains:
		return []*jsonschema.ValidationError{v}
	}
	if len(v.Causes) == 0 {
		return []*jsonschema.ValidationError{v}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range v.Causes {
		all = append(all, leaves(cause)...)
	}
	slices.SortFunc(all, func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(slices.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(words(a), words(b)))
	})
	return all
}

// words is what the schema says against a value.
func words(v *jsonschema.ValidationError) string {
	text := v.ErrorKind.LocalizedString(english)
	switch v.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		var each []string
		for _, cause := range v.Causes {
			for _, leaf := range leaves(cause) {
				each = append(each, words(leaf))
			}
		}
		if len(each) > 0 {
			slices.Sort(each)
			text = "fits none of the alternatives: " + strings.Join(slices.Compact(each), "; ")
		}
	}
	return text
}

// at is the part of the schema that a URL of the library points to.
func (s *Schema) at(url string) map[string]any {
	_, fragment, _ := strings.Cut(url, "#")
	part, _ := resolve(s.document, fragment)
	schema, _ := part.(map[string]any)
	return schema
}

func describes(schema map[string]any) string {
	text, _ := schema["description"].(string)
	return strings.TrimSuffix(text, ".")
}

func properties(schema map[string]any) []string {
	own, _ := schema["properties"].(map[string]any)
	names := make([]string, 0, len(own))
	for name := range own {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
