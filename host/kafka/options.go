// Package kafka connects pipelines to Kafka: the source, which feeds lanes and
// commits what has ended; the sink; the key filter; the topic initializer; and
// the table of options that all of them are configured by. Nothing else speaks
// to brokers, and nothing of the client shows outside.
package kafka

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/weirhq/weir/host/config"
)

// Role is what a client is for. Options apply to some roles; Roles is a set.
type Role uint8

// The roles.
const (
	Consumer Role = 1 << iota
	Producer
	Admin

	anyRole = Consumer | Producer | Admin
)

func (r Role) String() string {
	switch r {
	case Consumer:
		return "source"
	case Producer:
		return "sink"
	}
	return "client"
}

// Options are the effective options of one client, resolved from the layers
// defaults < [kafka] < connection < component.
type Options struct {
	role     Role
	settings map[string]*setting // by canonical name
}

// setting is one option as given, or its default.
type setting struct {
	row      *row
	value    value
	layer    string
	path     string
	spelling string
	pos      config.Pos
	origin   int    // the config layer it came from
	note     string // what became of it, for Explain
	secret   bool
	given    bool
}

// Explained is one effective option for a reader.
type Explained struct {
	// Name is canonical; Spelling is what the configuration wrote.
	Name, Spelling string
	// Value is what is in force; secrets are masked.
	Value string
	// Layer says where it came from: default, kafka, connection NAME, source, sink.
	Layer string
	Pos   config.Pos
	// MapsTo is the client's own option, or what else acts on it.
	MapsTo string
	// Note says what is special about the value.
	Note string
	// Doc says what the option is for.
	Doc string
}

// ClientOpts returns everything that the table maps for the role: seeds,
// security, timeouts and tuning. Topics, call-backs and the ways to commit are
// not in it.
func (o *Options) ClientOpts() ([]kgo.Opt, error) {
	var opts []kgo.Opt
	for i := range table {
		r := &table[i]
		if r.opts == nil || r.role&o.role == 0 {
			continue
		}
		more, err := r.opts(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		opts = append(opts, more...)
	}
	return opts, nil
}

// Role is what the options were resolved for.
func (o *Options) Role() Role { return o.role }

// String is the text of an option, "" when it is not set. Like all getters it
// takes any spelling and panics on a name that the table does not have.
func (o *Options) String(name string) string { return o.get(name).value.text }

// Int is the number of an option: bytes for sizes, milliseconds for times.
func (o *Options) Int(name string) int64 { return o.get(name).value.number }

// Bool tells whether an option is on.
func (o *Options) Bool(name string) bool { return o.get(name).value.flag }

// Duration is the time that an option says.
func (o *Options) Duration(name string) time.Duration { return o.get(name).value.duration }

// List is the elements of an option.
func (o *Options) List(name string) []string { return o.get(name).value.list }

// Set tells whether the configuration gives the option.
func (o *Options) Set(name string) bool { return o.get(name).given }

// Pos is where the configuration gives the option, or the zero Pos.
func (o *Options) Pos(name string) config.Pos { return o.get(name).pos }

func (o *Options) get(name string) *setting {
	r := rowOf(name)
	if r == nil {
		panic("kafka: no option is called " + name)
	}
	if s := o.settings[r.name]; s != nil {
		return s
	}
	return &setting{row: r}
}

// Principal finds an option of the layer that says which brokers to talk to, or
// as whom.
func (l Layer) Principal() (spelling string, pos config.Pos, ok bool) {
	for _, name := range slices.Sorted(maps.Keys(l.settings)) {
		if name == "bootstrap.servers" || name == "security.protocol" || strings.HasPrefix(name, "sasl.") || strings.HasPrefix(name, "ssl.") {
			return l.settings[name].spelling, l.settings[name].pos, true
		}
	}
	return "", config.Pos{}, false
}

// Explain lists the effective options of the role, set ones and defaults, in
// the order of the table.
func (o *Options) Explain() []Explained {
	var out []Explained
	for i := range table {
		r := &table[i]
		s := o.settings[r.name]
		if r.role&o.role == 0 || r.treat == reject || s == nil || s.value.text == "" {
			continue
		}
		e := Explained{
			Name: r.name, Spelling: s.spelling, Value: s.value.text, Layer: s.layer,
			Pos: s.pos, MapsTo: r.maps, Note: s.note, Doc: r.doc,
		}
		if r.secret || s.secret {
			e.Value = "***"
		}
		if r.treat == warn {
			e.Note = cmp.Or(s.note, "no effect: "+r.why)
		}
		out = append(out, e)
	}
	return out
}

// Layer is the options that one section of the configuration gives.
type Layer struct {
	name     string
	settings map[string]*setting
	// misplaced warns of options that belong to the other end of a pipeline.
	misplaced config.Faults
}

// ReadLayer takes every option of the table out of a section. role is the
// component's, or 0 for a section that several components share, where options
// that do not fit a client are passed over. Faults go to the section.
func ReadLayer(name string, s *config.Section, role Role) Layer {
	l := Layer{name: name, settings: map[string]*setting{}}
	s.Know(spellings(role)...)
	for _, e := range s.Entries() {
		r := rowOf(e.Key)
		if r == nil {
			continue
		}
		s.Take(e)
		if role == 0 && r.own {
			s.Fault(e.Pos, e.Key, "belongs to a source or a sink", "move it there")
			continue
		}
		if role != 0 && r.role&role == 0 {
			l.misplaced.Add(config.Fault{
				Pos: e.Pos, Path: e.Path, Message: fmt.Sprintf("has no effect on a %s", role),
				Hint: "remove it here; it is an option of the " + other(role).String(), Warning: true,
			})
			continue
		}
		l.read(s, e, r)
	}
	maps.DeleteFunc(l.settings, func(_ string, s *setting) bool { return s.value.text == "" })
	return l
}

// read adds one entry, minding other spellings of the same option: a later
// origin wins, even one that is empty, and one origin must not contradict
// itself.
func (l Layer) read(s *config.Section, e config.Entry, r *row) {
	v, err := r.parse(e.Node)
	if err != nil {
		s.Fault(e.Node.Pos, e.Key, r.complaint(e.Node, err), r.remedy())
		return
	}
	next := &setting{
		row: r, value: v, layer: l.name, path: e.Path, spelling: e.Key, pos: e.Node.Pos,
		origin: e.Node.Layer, secret: e.Node.Secret, given: true,
	}
	old := l.settings[r.name]
	switch {
	case old == nil || next.origin > old.origin || next.origin == old.origin && old.value.text == "":
		l.settings[r.name] = next
	case next.origin == old.origin && v.text != "" && !v.equal(old.value):
		s.Fault(e.Pos, e.Key, fmt.Sprintf("says something else than %s, the same option, at %s", old.spelling, old.pos), "keep one")
	}
}

func other(role Role) Role {
	if role == Consumer {
		return Producer
	}
	return Consumer
}

// Resolve lays the layers over the defaults, checks what options say about
// each other, and returns what is in force with all faults. clientID is the
// default of client.id. A fault about something missing points at pos and path;
// that there are no brokers is said for Admin, the role in which every
// connection is resolved.
func Resolve(role Role, clientID string, pos config.Pos, path string, layers ...Layer) (*Options, config.Faults) {
	o := &Options{role: role, settings: map[string]*setting{}}
	for i := range table {
		r := &table[i]
		text := r.defaultFor(role)
		if r.name == "client.id" {
			text = clientID
		}
		if r.role&role == 0 || text == "" && r.kind != kindText && r.kind != kindList {
			continue
		}
		o.settings[r.name] = &setting{row: r, value: r.mustParse(text), layer: "default", spelling: r.name}
	}
	for _, l := range layers {
		for name, s := range l.settings {
			if s.row.role&role != 0 {
				c := *s
				o.settings[name] = &c
			}
		}
	}
	var faults config.Faults
	for _, l := range layers {
		for _, f := range l.misplaced {
			faults.Add(f)
		}
	}
	for _, p := range o.check() {
		s := o.get(p.name)
		f := config.Fault{Pos: s.pos, Path: s.path, Message: p.message, Hint: p.hint, Warning: p.warning}
		if !s.given {
			f.Pos, f.Path = pos, path
			f.Message = p.name + " " + p.message
		}
		faults.Add(f)
	}
	if o.String("kafka.options") == "strict" {
		for i := range faults {
			faults[i].Warning = false
		}
	}
	return o, faults
}

// spellings lists every spelling that fits a role, for hints; canonical ones
// first, and none that is refused.
func spellings(role Role) []string {
	var out, aliases []string
	for i := range table {
		r := &table[i]
		if !r.fits(role) || !r.writable() {
			continue
		}
		out = append(out, r.name)
		aliases = append(aliases, r.aliases...)
	}
	return slices.Concat(out, aliases)
}
