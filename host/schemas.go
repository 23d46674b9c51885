package host

import (
	"context"

	"go.uber.org/zap"

	"github.com/weirhq/weir/host/pipeline"
	"github.com/weirhq/weir/host/schema"
)

// schemaOpener makes what opens a schema step's processors. Steps with one
// registry share what it said.
func (h *Host) schemaOpener(c *schema.Config) (func(context.Context) (pipeline.Processor, error), error) {
	r, ok := h.registries[c.Registry]
	if !ok {
		var err error
		if r, err = schema.NewRegistry(c.Registry, h.log.With(zap.Strings("schema_registry", c.Registry.URLs))); err != nil {
			return nil, err
		}
		h.registries[c.Registry] = r
	}
	return func(context.Context) (pipeline.Processor, error) { return schema.NewProcessor(c, r), nil }, nil
}

func (h *Host) closeRegistries() {
	for _, r := range h.registries {
		r.Close()
	}
}
