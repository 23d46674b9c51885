package schema

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/weirhq/weir/host/event"
)

// Processor is a step of one lane.
type Processor struct {
	config   *Config
	registry *Registry
	names    names
	recent   recent
	scratch  []byte
	path     [maxPath]int

	fixedMessage []byte
	hits         uint64 // not in the books yet

	// Of the batch that runs: the schema that the step fixes, and what the
	// outputs point to.
	fixed *schema
	bytes slab
	pairs []event.Pair
}

// NewProcessor makes a processor that asks a registry. It asks nothing before
// events come.
func NewProcessor(c *Config, r *Registry) *Processor {
	return &Processor{config: c, registry: r, names: namesOf(c.Of), fixedMessage: []byte(c.Message)}
}

// Close has nothing to let go of: the registry is shared.
func (p *Processor) Close(context.Context) error { return nil }

// errAbsent says that an event has no schema id.
var errAbsent = errors.New("no schema id")

// badEvent marks what is the fault of an event.
type badEvent struct{ error }

func (e badEvent) Unwrap() error { return e.error }

// Process appends what becomes of in to out. What an event is to blame for
// fails the event; an error is the registry's. A null stays a null: it has no
// schema.
func (p *Processor) Process(ctx context.Context, in, out []event.Event, fail func(int, *event.Failure)) ([]event.Event, error) {
	defer func() {
		p.fixed, p.bytes, p.pairs = nil, slab{}, nil // the outputs hold them now
		p.config.Lookups.add(p.hits)
		p.hits = 0
	}()
	work := p.decode
	if p.config.Op == Encode {
		work = p.encode
	}
	for i := range in {
		out = append(out, in[i])
		if p.payload(&in[i]) == nil {
			continue
		}
		err := work(ctx, &out[len(out)-1], len(in)-i)
		if err == nil {
			continue
		}
		stays, failure, err := p.judge(err)
		if err != nil {
			return out, err
		}
		if !stays {
			out = out[:len(out)-1]
		}
		if failure != nil {
			fail(i, failure)
		}
	}
	return out, nil
}

// judge says what becomes of an event that met an error: whether it goes on as
// it is, and how it failed. An error that it returns is no fault of the event.
func (p *Processor) judge(err error) (stays bool, f *event.Failure, other error) {
	switch {
	case !errors.As(err, new(badEvent)):
		return false, nil, err
	case errors.Is(err, errAbsent) && p.config.OnMissing != FailMissing:
		return p.config.OnMissing == PassMissing, nil, nil
	}
	return false, &event.Failure{Class: event.Schema, Message: clip(err.Error()), Attempt: 1}, nil
}

// clip bounds a message, which may quote a payload and goes into a header.
func clip(text string) string {
	const most = 1000
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}

func (p *Processor) payload(e *event.Event) []byte {
	if p.config.Of == Key {
		return e.Key
	}
	return e.Value
}

func (p *Processor) set(e *event.Event, payload []byte) {
	if p.config.Of == Key {
		e.Key = payload
		return
	}
	e.Value = payload
}

// bad says what is wrong with an event's part.
func (p *Processor) bad(format string, args ...any) error {
	return badEvent{fmt.Errorf("the "+string(p.config.Of)+" "+format, args...)}
}

// decode changes e. left is how many events of the batch may still come.
func (p *Processor) decode(ctx context.Context, e *event.Event, left int) error {
	id, payload, err := splitID(p.payload(e))
	if err != nil {
		return p.bad("%w: %w", errAbsent, err)
	}
	s, err := p.schema(ctx, id)
	if err != nil {
		return err
	}
	var m *message
	if s.kind == kindProtobuf {
		if m, payload, err = p.message(s, payload); err != nil {
			return err
		}
	}
	p.note(e, id, m, left)
	switch p.config.Mode {
	case Keep:
		return nil
	case Strip:
		p.set(e, payload)
		return nil
	}
	if err := s.usable(); err != nil {
		return badEvent{err}
	}
	p.scratch, err = s.codec.toJSON(p.scratch[:0], payload, m, p.config.Unions)
	if err != nil {
		return p.bad("does not fit its schema, id %d: %w", id, err)
	}
	p.set(e, p.bytes.keep(p.scratch, left))
	return nil
}

func (p *Processor) message(s *schema, payload []byte) (*message, []byte, error) {
	if err := s.usable(); err != nil {
		return nil, nil, badEvent{err}
	}
	path, rest, err := splitPath(p.path[:0], payload)
	if err != nil {
		return nil, nil, p.bad("%w, which is %d", err, s.id)
	}
	m, err := s.messages.at(path)
	if err != nil {
		return nil, nil, p.bad("%w, id %d", err, s.id)
	}
	return m, rest, nil
}

// encode changes e, as decode does.
func (p *Processor) encode(ctx context.Context, e *event.Event, left int) error {
	s, err := p.target(ctx, e)
	if err != nil {
		return err
	}
	if err := s.usable(); err != nil && (p.config.Mode == JSON || s.kind == kindProtobuf) {
		return p.blame(err)
	}
	p.scratch = appendID(p.scratch[:0], s.id)
	var m *message
	if s.kind == kindProtobuf {
		if m, err = s.messages.named(p.messageName(e)); err != nil {
			return p.blame(fmt.Errorf("schema id %d: %w", s.id, err))
		}
		p.scratch = appendPath(p.scratch, m.path)
	}
	if p.config.Mode == Apply {
		p.scratch = append(p.scratch, p.payload(e)...)
	} else if p.scratch, err = s.codec.fromJSON(p.scratch, p.payload(e), m); err != nil {
		return p.bad("does not fit schema id %d: %w", s.id, err)
	}
	p.set(e, p.bytes.keep(p.scratch, left))
	return nil
}

// messageName is the step's, or that of the context, or none, which is the
// first message of the schema. A step that fixes the schema does not look at
// what the context says of another one.
func (p *Processor) messageName(e *event.Event) []byte {
	if p.config.Message != "" || p.config.Fixed() {
		return p.fixedMessage
	}
	for i := range e.Context {
		if pair := &e.Context[i]; pair.Name == p.names.message && pair.Value.Kind == event.Text {
			return pair.Value.Data
		}
	}
	return nil
}

// blame makes the event's fault of what is wrong with a schema that the event
// names; of one that the step names it is the configuration's.
func (p *Processor) blame(err error) error {
	if p.config.Fixed() {
		return err
	}
	return badEvent{err}
}

// target is the schema to encode with: the step's own, looked up once a batch,
// or the one that the event names.
func (p *Processor) target(ctx context.Context, e *event.Event) (s *schema, err error) {
	if !p.config.Fixed() {
		return p.named(ctx, e)
	}
	if p.fixed == nil {
		var asked bool
		if p.config.Subject != "" {
			p.fixed, asked, err = p.registry.Subject(ctx, p.config.Subject, p.config.Version)
		} else {
			p.fixed, asked, err = p.registry.ID(ctx, p.config.ID)
		}
		p.config.Lookups.note(asked, err)
	}
	return p.fixed, err
}

func (p *Processor) named(ctx context.Context, e *event.Event) (*schema, error) {
	for i := range e.Context {
		pair := &e.Context[i]
		if pair.Name != p.names.id {
			continue
		}
		if pair.Value.Kind != event.Int || pair.Value.Num > math.MaxInt32 {
			return nil, p.bad("cannot be encoded: %s in its context is no schema id", p.names.id)
		}
		return p.schema(ctx, int(pair.Value.Num))
	}
	return nil, p.bad("cannot be encoded: %w: %s is not in its context", errAbsent, p.names.id)
}

// schema gives a schema that an event names.
func (p *Processor) schema(ctx context.Context, id int) (*schema, error) {
	if s := p.recent.find(id); s != nil {
		p.hits++
		return s, nil
	}
	s, asked, err := p.registry.ID(ctx, id)
	p.config.Lookups.note(asked, err)
	switch {
	case errors.Is(err, ErrUnknown):
		return nil, badEvent{err}
	case err != nil:
		return nil, err
	}
	if s.codec != nil { // one that is broken may be mended by what it refers to
		p.recent.add(s)
	}
	return s, nil
}

// note writes which schema an event had into its context, in a new slice: the
// one that it has is not ours. left bounds how many more may be noted.
func (p *Processor) note(e *event.Event, id int, m *message, left int) {
	if room := len(e.Context) + 2; cap(p.pairs)-len(p.pairs) < room {
		p.pairs = make([]event.Pair, 0, room*left)
	}
	start := len(p.pairs)
	for i := range e.Context {
		if name := e.Context[i].Name; name != p.names.id && name != p.names.message {
			p.pairs = append(p.pairs, e.Context[i])
		}
	}
	p.pairs = append(p.pairs, event.Pair{Name: p.names.id, Value: event.Value{Kind: event.Int, Num: uint64(id)}})
	if m != nil {
		p.pairs = append(p.pairs, event.Pair{Name: p.names.message, Value: event.Value{Kind: event.Text, Data: m.name}})
	}
	e.Context = p.pairs[start:len(p.pairs):len(p.pairs)]
}

// recent remembers the last few schemas of a lane: a look costs less than the
// lock of the registry's cache.
type recent struct {
	schemas [8]*schema
	next    int
}

func (r *recent) find(id int) *schema {
	for _, s := range r.schemas {
		if s != nil && s.id == id {
			return s
		}
	}
	return nil
}

func (r *recent) add(s *schema) {
	r.schemas[r.next] = s
	r.next = (r.next + 1) % len(r.schemas)
}

// slab keeps bytes for as long as the batch lives, many in one allocation.
type slab struct{ free []byte }

const slabSize = 32 << 10

// keep copies b. left is how many more like it may come.
func (s *slab) keep(b []byte, left int) []byte {
	if cap(s.free)-len(s.free) < len(b) {
		s.free = make([]byte, 0, max(len(b), min(len(b)*left, slabSize)))
	}
	start := len(s.free)
	s.free = append(s.free, b...)
	return s.free[start:len(s.free):len(s.free)]
}
