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
	if s.kind == kindAvro {
		s.codec, err = compileAvro(given.Schema, refs)
	} else {
		s.messages, err = compileProtobuf(ctx, id, given.Schema, refs)
		if err == nil {
			s.codec = s.messages
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		s.codec, s.broken = nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return s, nil
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
