package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"
)

// codec turns payloads into JSON and back. Many lanes use one at once.
type codec interface {
	// toJSON appends a payload as JSON to dst.
	toJSON(dst, payload []byte, m *message, unions Unions) ([]byte, error)
	// fromJSON appends JSON as a payload to dst.
	fromJSON(dst, text []byte, m *message) ([]byte, error)
}

// guarded keeps a panic of a library from ending the process: payloads and
// schemas come from anywhere, and no library is above every one of them. It
// becomes the fault of what met it.
type guarded struct{ codec }

func (g guarded) toJSON(dst, payload []byte, m *message, unions Unions) (_ []byte, err error) {
	defer recovered(&err)
	return g.codec.toJSON(dst, payload, m, unions)
}

func (g guarded) fromJSON(dst, text []byte, m *message) (_ []byte, err error) {
	defer recovered(&err)
	return g.codec.fromJSON(dst, text, m)
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("its library gave up: %v", p)
	}
}

// compile makes a schema usable. Only a registry that cannot be asked is an
// error; what is wrong with the schema itself shows when it is used.
func (r *Registry) compile(ctx context.Context, id int, given sr.Schema) (*schema, error) {
	s := &schema{id: id}
	refs, err := r.references(ctx, given)
	switch {
	case errors.Is(err, errBroken):
		s.broken = err
	case err != nil:
		return nil, err
	}
	switch given.Type {
	case sr.TypeAvro:
		s.kind = kindAvro
	case sr.TypeProtobuf:
		s.kind = kindProtobuf
	case sr.TypeJSON:
		s.kind, s.codec, s.broken = kindJSON, jsonCodec{}, nil // validates nothing, so needs nothing
	default:
		s.broken = fmt.Errorf("%w: its type is unknown", errBroken)
	}
	if s.codec != nil || s.broken != nil {
		return s, nil
	}
	err = s.parse(ctx, given.Schema, refs)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		s.codec, s.broken = nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return s, nil
}

// parse makes the codec of a kind that has one.
func (s *schema) parse(ctx context.Context, text string, refs []reference) (err error) {
	defer recovered(&err)
	var c codec
	if s.kind == kindAvro {
		c, err = compileAvro(text, refs)
	} else {
		s.messages, err = compileProtobuf(ctx, s.id, text, refs)
		c = s.messages
	}
	if err == nil {
		s.codec = guarded{c}
	}
	return err
}

// jsonCodec is for payloads that are JSON already. It sees that they are; that
// they obey their schema it leaves to whoever wrote them.
type jsonCodec struct{}

var errNotJSON = errors.New("is not JSON")

func (jsonCodec) toJSON(dst, payload []byte, _ *message, _ Unions) ([]byte, error) {
	if !json.Valid(payload) {
		return dst, errNotJSON
	}
	return append(dst, payload...), nil
}

func (c jsonCodec) fromJSON(dst, text []byte, m *message) ([]byte, error) {
	return c.toJSON(dst, text, m, "")
}
