package api

import (
	"context"
	"net/http"
)

// Reload is what a configuration that is read anew changes.
type Reload struct {
	Applied   bool           `json:"applied" doc:"Whether it was done; false with dryRun, and where there is nothing to do."`
	Pipelines []ReloadedPart `json:"pipelines" doc:"Those of the new configuration, in its order, and then those that are gone."`
}

// ReloadedPart is what becomes of one pipeline.
type ReloadedPart struct {
	Name    string         `json:"name"`
	Action  string         `json:"action" enum:"keep,swap,restart,add,remove" doc:"keep: nothing of it changes; swap: it goes on with other processors or rules; restart: it is drained and starts anew; add: it starts; remove: it is drained."`
	Changes []ReloadChange `json:"changes" doc:"Why."`
}

// ReloadChange is a setting that is another one.
type ReloadChange struct {
	Path string `json:"path" doc:"Where in the configuration of the pipeline."`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

const reloadPath = "/api/v1/reload"

var reloadOperation = &operation{
	id: "reload", method: http.MethodPost, path: reloadPath, role: Admin, whole: true, reply: typeOf[Reload](), codes: []Code{Refused, NeedsRestart, NotAvailable, TookTooLong},
	summary: "read the configuration and its modules anew, and apply what changed",
	about:   "Everything that changes is built and proved first; with any fault nothing changes. With dryRun=true it says what would change.",
	query:   []parameter{{name: "dryRun", kind: "boolean", about: "Only say what would change; everything is built and proved for that, too."}},
	do: func(ctx context.Context, s *Server, c *call) (any, error) {
		return s.cfg.Host.Reload(ctx, c.query["dryRun"] == "true")
	},
}
