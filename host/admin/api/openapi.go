package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of the document.
type object = map[string]any

// common are the problems that every operation may meet; those of authentication
// are added where it is wanted.
var common = []Code{BadRequest, BadParameter, CrossSite, TooLarge, BadType, Unnamed, InternalError}

// Document is the OpenAPI document, made of the table of operations. open says
// that a request needs no proof of who makes it.
func Document(version Version, open bool) ([]byte, error) {
	components := schemas{}
	problem := components.of(typeOf[Problem]())
	paths := object{}
	for _, op := range operations {
		item, _ := paths[op.path].(object)
		if item == nil {
			item = object{}
			paths[op.path] = item
		}
		item[strings.ToLower(op.method)] = op.document(components, problem)
	}
	var codes []string
	for _, k := range kinds {
		codes = append(codes, string(k.code))
	}
	components["Problem"].(object)["properties"].(object)["code"].(object)["enum"] = codes
	security := []any{object{"token": []any{}}, object{"certificate": []any{}}}
	if open {
		security = append([]any{object{}}, security...)
	}
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "weir admin API", "version": version.Version,
			"description": "Looks after the pipelines of one weir process. Answers that are no good ones are problems as in RFC 9457, with a stable code.",
		},
		"paths": paths,
		"components": object{
			"schemas": components,
			"securitySchemes": object{
				"token":       object{"type": "http", "scheme": "bearer", "description": "A token of admin.tokens."},
				"certificate": object{"type": "mutualTLS", "description": "A certificate with a name of admin.clients."},
			},
		},
		"security": security,
	}
	return json.MarshalIndent(document, "", "  ")
}

func (op *operation) document(components schemas, problem object) object {
	good := object{"description": "done"}
	switch {
	case op.stream != nil:
		good["content"] = object{streamType: object{"schema": op.messages(components)}}
	case op.reply != nil:
		good["content"] = object{"application/json": object{"schema": components.of(op.reply)}}
	default:
		good["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	}
	answers := object{strconv.Itoa(http.StatusOK): good}
	for status, codes := range op.problems() {
		var lines []string
		for _, c := range codes {
			lines = append(lines, fmt.Sprintf("%s: %s", c, c.kind().title))
		}
		answers[strconv.Itoa(status)] = object{
			"description": strings.Join(lines, "; "),
			"content":     object{problemType: object{"schema": problem}},
		}
	}
	out := object{"operationId": op.id, "summary": op.summary, "responses": answers}
	if parameters := op.parameters(); len(parameters) > 0 {
		out["parameters"] = parameters
	}
	about := op.about
	if op.role == anybody {
		out["security"] = []any{object{}}
	} else {
		about = strings.TrimSpace(about + " Needs the role " + string(op.role) + ".")
		out["x-weir-role"] = string(op.role)
	}
	if about != "" {
		out["description"] = about
	}
	return out
}

// problems are the codes that the operation may answer with, by status.
func (op *operation) problems() map[int][]Code {
	all := append(slices.Clone(common), op.codes...)
	if op.role != anybody {
		all = append(all, NoToken, BadToken, RoleTooLow)
		if op.method == http.MethodGet && op.stream == nil {
			all = append(all, TookTooLong) // of the wait for its turn
		}
	}
	if op.whole {
		all = append(all, TenantOnly)
	}
	out := map[int][]Code{}
	for _, k := range kinds {
		if slices.Contains(all, k.code) {
			out[k.status] = append(out[k.status], k.code)
		}
	}
	return out
}

// messages describes each message of an answer that goes on, as what there is to
// know of a server-sent event.
func (op *operation) messages(components schemas) object {
	var kinds []any
	for _, name := range slices.Sorted(maps.Keys(op.stream)) {
		data := object{"type": "string", "contentMediaType": "application/json", "contentSchema": components.of(op.stream[name])}
		kinds = append(kinds, object{
			"type": "object", "required": []string{"event", "data"},
			"properties": object{"event": object{"type": "string", "const": name}, "data": data},
		})
	}
	return object{"anyOf": kinds, "description": "Each server-sent event. Its data is JSON. The last one is end."}
}

func (op *operation) parameters() []any {
	var out []any
	for _, p := range pathParameters {
		if strings.Contains(op.path, "{"+p.name+"}") {
			out = append(out, p.document("path"))
		}
	}
	for _, p := range op.query {
		out = append(out, p.document("query"))
	}
	return out
}

func (p *parameter) document(in string) object {
	schema := object{"type": p.kind}
	if p.kind == "integer" {
		schema["minimum"], schema["maximum"] = p.low, p.high
	}
	if len(p.enum) > 0 {
		schema["enum"] = p.enum
	}
	return object{"name": p.name, "in": in, "required": in == "path" || p.required, "description": p.about, "schema": schema}
}

// schemas are those of the document's components, made of Go types: of what
// their fields are called in JSON, whether they may be left out, and their tags doc
// and enum.
type schemas object

func (s schemas) of(t reflect.Type) object {
	if t == typeOf[time.Time]() {
		return object{"type": "string", "format": "date-time"}
	}
	if t == typeOf[json.RawMessage]() {
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		of := maps.Clone(s.of(t.Elem()))
		if kind, ok := of["type"].(string); ok { // one that may be null, or left out
			of["type"] = []string{kind, "null"}
		}
		return of
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if _, made := s[t.Name()]; !made {
			s[t.Name()] = object{} // for types that have themselves
			s[t.Name()] = s.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + t.Name()}
	}
	panic(fmt.Sprintf("the document has no form for %s", t)) // which the tests meet
}

func (s schemas) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			inner := s.structure(f.Type)
			maps.Copy(properties, inner["properties"].(object))
			required = append(required, inner["required"].([]string)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := maps.Clone(s.of(f.Type))
		if doc := f.Tag.Get("doc"); doc != "" {
			property["description"] = doc
		}
		if words := f.Tag.Get("enum"); words != "" {
			property["enum"] = strings.Split(words, ",")
		}
		properties[name] = property
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}
