package host

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/schema"
)

// readRegistry takes the schema registry of a connection.
func (l *loader) readRegistry(s *config.Section, connection string) {
	if n := s.Get("schema_registry"); n != nil {
		l.registries[connection] = schema.ReadRegistry(s, n)
	}
}

// readSchema takes a schema step: {decode: {...}}, {encode: {...}}, or one of
// the words alone.
func readSchema(s *config.Section, n *config.Node) *schema.Config {
	if n.Kind == config.Scalar {
		word := n
		n = config.NewMap(word.Pos)
		n.Put(word.Value, word.Pos, config.NewMap(word.Pos))
	}
	return schema.Read(s.Open(n, "schema"))
}

// bindRegistries gives every schema step of a pipeline its registry: decoding
// asks that of the source's connection, encoding that of the sink's, unless the
// step has its own.
func (l *loader) bindRegistries(s *config.Section, p *PipelineSpec) {
	var decoded *schema.RegistryConfig // of the last step that took ids off
	for i := range p.Steps {
		c := p.Steps[i].Schema
		if c == nil {
			continue
		}
		connection := p.Sources[0].Connection
		if c.Op == schema.Encode {
			connection = p.Sink.Connection
		}
		mixed := c.Op == schema.Decode && c.Registry == nil && slices.ContainsFunc(p.Sources, func(s SourceSpec) bool {
			return different(l.registries[s.Connection], l.registries[connection])
		})
		if c.Registry == nil {
			c.Registry = l.registries[connection]
		}
		place := fmt.Sprintf("processors[%d].schema", i)
		switch {
		case mixed:
			s.Fault(c.Pos, place, "the sources' connections have different schema registries", "write schema_registry into the step, or make a pipeline of each source")
		case c.Registry == nil && connection != "":
			s.Fault(c.Pos, place, fmt.Sprintf("connection %q has no schema registry", connection), "write schema_registry: {url: http://HOST:8081} into the connection or the step")
		case c.Op == schema.Encode && !c.Fixed() && decoded != nil && c.Registry != nil && different(decoded, c.Registry):
			s.Fault(c.Pos, place, "would look up ids of another registry, where they mean other schemas", "name the schema: subject: NAME")
		}
		if c.Op == schema.Decode {
			decoded = c.Registry
		}
	}
}

// different tells whether the ids of two registries, if there are two, mean
// different schemas.
func different(a, b *schema.RegistryConfig) bool {
	return a != b && (a == nil || b == nil || !a.Same(b))
}
