package host

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/schema"
)

// Change is a setting of a pipeline that differs between two configurations. It
// is empty where it is not set. Secrets are masked.
type Change struct {
	Path string `json:"path"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// movable are the fields of a PipelineSpec that change between two batches; of all
// others, also those that are added one day, a change makes the pipeline anew.
var movable = []string{"Steps", "OnError", "Breaker", "DeadLetterTopic"}

// diffPipelines lists what differs between two pipelines of one name, and tells
// whether the pipeline can go on with it.
func diffPipelines(was, is *PipelineSpec) (changes []Change, moves bool) {
	a, b := reflect.ValueOf(was).Elem(), reflect.ValueOf(is).Elem()
	moves = true
	for i := range a.NumField() {
		field := a.Type().Field(i)
		var d differ
		d.field(field, "", a.Field(i), b.Field(i))
		if len(d.changes) > 0 && !slices.Contains(movable, field.Name) {
			moves = false
		}
		changes = append(changes, d.changes...)
	}
	return changes, moves
}

// sameStep tells whether a processor of was is one of is, too, whatever becomes of
// events that fail in it.
func sameStep(was, is *StepSpec) bool {
	a, b := *was, *is
	a.OnError = b.OnError
	var d differ
	d.diff("", reflect.ValueOf(a), reflect.ValueOf(b))
	return len(d.changes) == 0
}

// differ compares the exported fields of two values of one type. It knows what
// a Spec is made of only where that is special.
type differ struct{ changes []Change }

// names are those of fields that the configuration calls something else.
var names = map[string]string{
	"Sources": "source", "Steps": "processors", "Options": "", "Breaker": "circuit_breaker",
	"DeadLetterTopic": "dead_letter.topic", "Provenance": "provenance_header", "Share": "errors", "Least": "min_events", "URLs": "url",
}

// told are fields that others tell of too: options have the topics of a source.
var told = []string{"Name", "Path", "Topics", "Topic", "Regex"}

func (d *differ) field(f reflect.StructField, path string, was, is reflect.Value) {
	if !f.IsExported() || slices.Contains(told, f.Name) {
		return
	}
	name, ok := names[f.Name]
	if !ok {
		name = snake(f.Name)
	}
	d.diff(join(path, name), was, is)
}

func (d *differ) diff(path string, was, is reflect.Value) {
	switch a := was.Interface().(type) {
	case config.Pos, *config.Node:
		return
	case config.Secret:
		b := is.Interface().(config.Secret)
		if !a.Equal(b) && !(a.IsZero() && b.IsZero()) {
			d.add(path, a.String(), b.String())
		}
		return
	case []StepSpec:
		d.steps(path, a, is.Interface().([]StepSpec))
		return
	case *kafka.Options:
		for _, c := range a.Changes(is.Interface().(*kafka.Options)) {
			d.add(join(path, c.Name), c.Was, c.Is)
		}
		return
	case pipeline.Rules:
		d.rules(path, a, is.Interface().(pipeline.Rules))
		return
	case json.RawMessage, time.Duration, kafka.KeyPattern:
		d.text(path, was, is)
		return
	}
	switch was.Kind() {
	case reflect.Struct:
		d.structs(path, was, is)
	case reflect.Map:
		d.maps(path, was, is)
	case reflect.Pointer:
		if was.IsNil() || is.IsNil() {
			if was.IsNil() != is.IsNil() {
				d.add(path, set(!was.IsNil()), set(!is.IsNil()))
			}
			return
		}
		d.diff(path, was.Elem(), is.Elem())
	case reflect.Slice:
		d.slice(path, was, is)
	default:
		d.text(path, was, is)
	}
}

func (d *differ) structs(path string, was, is reflect.Value) {
	open := false
	for i := range was.NumField() {
		open = open || was.Type().Field(i).IsExported()
		d.field(was.Type().Field(i), path, was.Field(i), is.Field(i))
	}
	if !open && !reflect.DeepEqual(was.Interface(), is.Interface()) {
		d.add(path, set(true), set(true))
	}
}

// maps compares maps with texts as keys.
func (d *differ) maps(path string, was, is reflect.Value) {
	keys := map[string]bool{}
	for _, m := range []reflect.Value{was, is} {
		for _, key := range m.MapKeys() {
			keys[key.String()] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		key := reflect.ValueOf(name)
		a, b := was.MapIndex(key), is.MapIndex(key)
		if a.IsValid() && b.IsValid() {
			d.diff(join(path, name), a, b)
		} else {
			d.add(join(path, name), set(a.IsValid()), set(b.IsValid()))
		}
	}
}

func (d *differ) slice(path string, was, is reflect.Value) {
	element := was.Type().Elem()
	switch {
	case element.Kind() != reflect.Struct || element.Implements(reflect.TypeFor[fmt.Stringer]()):
		d.text(path, was, is)
	case was.Len() != is.Len():
		d.add(path, fmt.Sprint(was.Len()), fmt.Sprint(is.Len()))
	case was.Len() == 1:
		d.diff(path, was.Index(0), is.Index(0))
	default:
		for i := range was.Len() {
			d.diff(fmt.Sprintf("%s[%d]", path, i), was.Index(i), is.Index(i))
		}
	}
}

// rules compares what becomes of events that fail, by class where the classes
// change in different ways.
func (d *differ) rules(path string, was, is pipeline.Rules) {
	var changed []Change
	alike := true
	for i, class := range event.Classes {
		if was[i] == is[i] {
			continue
		}
		c := Change{join(path, string(class)), ruleText(was[i]), ruleText(is[i])}
		if len(changed) > 0 && (c.Was != changed[0].Was || c.Is != changed[0].Is) {
			alike = false
		}
		changed = append(changed, c)
	}
	if alike && len(changed) == len(event.Classes) {
		changed = []Change{{path, changed[0].Was, changed[0].Is}}
	}
	d.changes = append(d.changes, changed...)
}

func ruleText(r pipeline.Rule) string {
	text := r.String()
	if t := r.Retry; t.Max > 0 {
		text += fmt.Sprintf(" (backoff %v to %v, jitter %g%%)", t.Backoff, t.MaxBackoff, t.Jitter*100)
	}
	return text
}

// steps compares processors by their names, and then their order.
func (d *differ) steps(path string, was, is []StepSpec) {
	for i := range was {
		name := join(path, was[i].Name)
		switch k := indexStep(is, was[i].Name); {
		case k < 0:
			d.add(name, set(true), set(false))
		default:
			before := len(d.changes)
			d.diff(name, reflect.ValueOf(was[i]), reflect.ValueOf(is[k]))
			if secretly(was[i].ConfigNode) || secretly(is[k].ConfigNode) {
				d.mask(before, name+".config")
			}
		}
	}
	for i := range is {
		if indexStep(was, is[i].Name) < 0 {
			d.add(join(path, is[i].Name), set(false), set(true))
		}
	}
	if a, b := order(was, is), order(is, was); a != b {
		d.add(path, a, b)
	}
}

func indexStep(steps []StepSpec, name string) int {
	return slices.IndexFunc(steps, func(s StepSpec) bool { return s.Name == name })
}

// order names the steps that others have too.
func order(steps, others []StepSpec) string {
	var in []string
	for i := range steps {
		if indexStep(others, steps[i].Name) >= 0 {
			in = append(in, steps[i].Name)
		}
	}
	return strings.Join(in, ", ")
}

// secretly tells whether a secret is somewhere in a config.
func secretly(n *config.Node) bool {
	if n == nil {
		return false
	}
	return n.Secret || slices.ContainsFunc(n.List, secretly) ||
		slices.ContainsFunc(n.Items, func(i config.Item) bool { return secretly(i.Node) })
}

// mask hides the values of the changes of a path from an index on.
func (d *differ) mask(from int, path string) {
	for i := range d.changes[from:] {
		if c := &d.changes[from+i]; c.Path == path {
			c.Was, c.Is = "***", "***"
		}
	}
}

// text compares values as they are written.
func (d *differ) text(path string, was, is reflect.Value) {
	if a, b := written(was), written(is); a != b {
		d.add(path, a, b)
	}
}

func written(v reflect.Value) string {
	if raw, ok := v.Interface().(json.RawMessage); ok {
		return string(raw)
	}
	if v.IsZero() {
		return ""
	}
	if raw, ok := v.Interface().([][]byte); ok {
		return fmt.Sprintf("%q", raw)
	}
	return fmt.Sprint(v.Interface())
}

func (d *differ) add(path, was, is string) {
	d.changes = append(d.changes, Change{path, was, is})
}

func set(yes bool) string {
	if yes {
		return "set"
	}
	return ""
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// snake writes the name of a field as the configuration does.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(rune(name[i-1])) || i+1 < len(name) && unicode.IsLower(rune(name[i+1]))) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// diffProcess lists what differs of what belongs to the process and not to any of
// its pipelines.
func diffProcess(was, is *Spec) []Change {
	var d differ
	d.diff("admin", reflect.ValueOf(was.Admin), reflect.ValueOf(is.Admin))
	d.diff("modules", reflect.ValueOf(was.Modules), reflect.ValueOf(is.Modules))
	d.diff("tenants", reflect.ValueOf(was.tenantsByName()), reflect.ValueOf(is.tenantsByName()))
	return d.changes
}

func (s *Spec) tenantsByName() map[string]TenantSpec {
	all := map[string]TenantSpec{}
	for _, t := range s.Tenants {
		all[t.Name] = *t
	}
	return all
}

// sameRegistry tells whether one client can serve both.
func sameRegistry(a, b *schema.RegistryConfig) bool {
	var d differ
	d.diff("", reflect.ValueOf(a), reflect.ValueOf(b))
	return len(d.changes) == 0
}
