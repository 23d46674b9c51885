package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/manifest"
)

func TestParts(t *testing.T) {
	m := parse(t, `name: a
version: 1.0.0
description: d
config:
  type: object
  required: [at]
  properties:
    at: {type: string, pattern: "^(/|$)", description: Where.}
    mode: {enum: [a, b], default: a}
    most: {type: [integer, "null"], default: null}
    tags: {type: array, items: {type: string}, default: []}
    rules: {type: array, items: {type: object, properties: {if: {$ref: "#/$defs/test"}}}}
    names: {type: object, additionalProperties: {type: string}}
    any: {}
  $defs:
    test: {type: object, properties: {is: {type: string, default: ""}}}
    flag: {type: boolean}
`)
	want := []manifest.Part{
		{Keys: []manifest.Key{
			{Path: "at", Kind: "JSON pointer", Needed: true, Meaning: "Where."},
			{Path: "mode", Kind: "a, b", Words: []string{"a", "b"}, Default: "a", HasDefault: true},
			{Path: "most", Kind: "integer or null", Default: "null", HasDefault: true},
			{Path: "tags", Kind: "list of string", Default: "[]", HasDefault: true},
			{Path: "rules", Kind: "list of object"},
			{Path: "rules[].if", Kind: "test"},
			{Path: "names", Kind: "map to string"},
			{Path: "any", Kind: "any value"},
		}},
		{Name: "test", Kind: "object", Keys: []manifest.Key{{Path: "is", Kind: "string", HasDefault: true}}},
		{Name: "flag", Kind: "boolean"},
	}
	if diff := cmp.Diff(want, m.Parts()); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	for _, schema := range []string{"", "config: false"} {
		if got := parse(t, "name: a\nversion: 1.0.0\ndescription: d\n"+schema).Parts(); got != nil {
			t.Errorf("%q has parts %+v", schema, got)
		}
	}
}
