package kafka

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/weirhq/weir/host/config"
)

// SchemaDefinitions describe every option that may be written, by canonical
// name, for a JSON Schema.
func SchemaDefinitions() map[string]any {
	out := map[string]any{}
	for i := range table {
		if r := &table[i]; r.writable() {
			out["option."+r.name] = r.schema()
		}
	}
	return out
}

// SchemaProperties are the options that a section of a role may have, in their
// usual spellings; role 0 is a section that several components share.
func SchemaProperties(role Role) map[string]any {
	out := map[string]any{}
	for i := range table {
		r := &table[i]
		if !r.writable() || !r.fits(role) {
			continue
		}
		for _, name := range append([]string{r.name}, r.aliases...) {
			for _, spelling := range config.Spellings(name) {
				out[spelling] = config.Ref("option." + r.name)
			}
		}
	}
	return out
}

// writable is false for options that are refused whatever they say.
func (r *row) writable() bool { return r.treat != reject || r.std != "" }

func (r *row) schema() config.Schema {
	s := r.valueSchema().Doc(r.doc)
	switch r.treat {
	case warn:
		s.Doc(r.doc + " No effect: " + r.why + ".")
	case reject:
		s = config.WordSchema(r.std).Doc(r.doc)
	}
	if r.secret {
		s.With("x-secret", true)
	}
	if r.def != "" {
		s.With("default", r.schemaDefault())
	}
	return s
}

func (r *row) valueSchema() config.Schema {
	switch r.kind {
	case kindList, kindFlags:
		return config.ListSchema()
	case kindPartitions:
		return config.AnySchema(config.Ref("list"), config.Schema{"type": "object", "additionalProperties": config.Ref("list")})
	case kindEnum:
		return config.WordSchema(slices.Concat(r.words, slices.Sorted(maps.Keys(r.synonyms)))...)
	case kindBool:
		return config.BoolSchema()
	case kindInt, kindKBytes:
		return config.IntSchema(r.low, r.high)
	case kindBytes:
		return config.SizeSchema(r.low, r.high)
	case kindMillis:
		return config.DurationSchema(r.low, r.high, time.Millisecond)
	case kindSeconds:
		return config.DurationSchema(r.low, r.high, time.Second)
	}
	return config.TextSchema()
}

// schemaDefault is the default in the type that a file would have.
func (r *row) schemaDefault() any {
	switch v := r.mustParse(r.def); r.kind {
	case kindBool:
		return v.flag
	case kindInt, kindMillis, kindSeconds, kindBytes:
		return v.number
	case kindKBytes:
		return v.number >> 10
	default:
		return cmp.Or(v.text, r.def)
	}
}
