package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
)

// operation is one thing that the API does. Everything that is said of it,
// anywhere, stands here.
type operation struct {
	id, method, path string
	summary, about   string
	// role is the least that may do it; whole says that it concerns the whole
	// process and is not for who belongs to a tenant.
	role  Role
	whole bool
	query []parameter
	// reply is the type of the answer's body; nil is none.
	reply reflect.Type
	// stream are the messages of an answer that goes on, by their names; the
	// last one is end. Then there is no reply.
	stream map[string]reflect.Type
	// codes are the problems that it may meet, besides those of every operation.
	codes []Code
	do    func(ctx context.Context, s *Server, c *call) (any, error)
}

// parameter is one of a path or a query.
type parameter struct {
	name, about string
	kind        string // string, boolean or integer, as JSON Schema calls them
	enum        []string
	low, high   int // of an integer
	required    bool
}

// call is one request of an operation, checked.
type call struct {
	who   principal
	path  map[string]string
	query map[string]string
}

// pathParameters are those that stand in paths.
var pathParameters = []parameter{
	{name: "pipeline", kind: "string", about: "The name of the pipeline."},
}

// PipelineList is what there is to look at.
type PipelineList struct {
	Pipelines []Pipeline `json:"pipelines" doc:"In the order of the configuration."`
}

// DifferenceList is what candidates made otherwise.
type DifferenceList struct {
	Differences []Difference `json:"differences" doc:"By processor and kind, the newest last."`
}

// ModuleList is what the pipelines run.
type ModuleList struct {
	Modules []Module `json:"modules"`
}

// Paths of the API.
const (
	DocumentPath  = "/openapi.json"
	versionPath   = "/api/v1/version"
	pipelinesPath = "/api/v1/pipelines"
	pipelinePath  = "/api/v1/pipelines/{pipeline}"
	modulesPath   = "/api/v1/modules"

	differencesPath = "/api/v1/pipelines/{pipeline}/differences"
)

// operations are all of them, in the order of the document.
var operations []*operation

// They refer to the document, and it to them.
func init() {
	operations = []*operation{
		{
			id: "openapi", method: http.MethodGet, path: DocumentPath, role: anybody,
			summary: "this document",
			do:      func(_ context.Context, s *Server, _ *call) (any, error) { return rawJSON(s.document), nil },
		},
		{
			id: "version", method: http.MethodGet, path: versionPath, role: Viewer, reply: typeOf[Version](),
			summary: "which weir answers",
			do:      func(_ context.Context, s *Server, _ *call) (any, error) { return s.cfg.Version, nil },
		},
		{
			id: "listPipelines", method: http.MethodGet, path: pipelinesPath, role: Viewer, reply: typeOf[PipelineList](),
			summary: "all pipelines, in short",
			query:   []parameter{{name: "health", kind: "string", enum: []string{string(Up), string(Degraded), string(Waiting), string(Down)}, about: "Only those of this health."}},
			do:      listPipelines,
		},
		{
			id: "showPipeline", method: http.MethodGet, path: pipelinePath, role: Viewer, reply: typeOf[PipelineDetail](), codes: []Code{NoPipeline},
			summary: "one pipeline, with its sources, processors and sink",
			do:      func(_ context.Context, s *Server, c *call) (any, error) { return s.pipeline(c) },
		},
		{
			id: "pausePipeline", method: http.MethodPost, path: pipelinePath + ":pause", role: Operator, reply: typeOf[PipelineDetail](), codes: []Code{NoPipeline, TookTooLong},
			summary: "read nothing more",
			about:   "What was read goes through to the sink and is committed; the sources stay in their groups. The answer comes when no batch begins any more. A pipeline that is paused stays so.",
			do:      steer(Host.Pause),
		},
		{
			id: "resumePipeline", method: http.MethodPost, path: pipelinePath + ":resume", role: Operator, reply: typeOf[PipelineDetail](), codes: []Code{NoPipeline},
			summary: "read on",
			about:   "A pipeline that is not paused goes on as it does.",
			do:      steer(Host.Resume),
		},
		{
			id: "clearError", method: http.MethodPost, path: pipelinePath + ":clear-error", role: Operator, reply: typeOf[PipelineDetail](), codes: []Code{NoPipeline, NotNow, NotAvailable, TookTooLong},
			summary: "go on after a failure",
			about:   "For a pipeline that a failure stopped. It goes on at the offsets that its group has committed; a guilty event is tried again, by the modules that are there now.",
			do:      steer(Host.ClearError),
		},
		{
			id: "seekPipeline", method: http.MethodPost, path: pipelinePath + ":seek", role: Operator, reply: typeOf[PipelineDetail](), codes: []Code{NoPipeline, NotNow, NotAvailable, TookTooLong},
			summary: "go on at another place",
			about:   "Sets the offsets of the pipeline's groups in all partitions of its topics, so that events are skipped or read again. The pipeline has to be paused, and is drained for it and paused again, or stopped by a failure. Its groups must have no members in other processes.",
			query:   []parameter{{name: "to", kind: "string", required: true, about: "earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z."}},
			do: func(ctx context.Context, s *Server, c *call) (any, error) {
				return steer(func(h Host, ctx context.Context, pipeline string) error { return h.Seek(ctx, pipeline, c.query["to"]) })(ctx, s, c)
			},
		},
		tapOperation,
		reloadOperation,
		{
			id: "listDifferences", method: http.MethodGet, path: differencesPath, role: Operator, reply: typeOf[DifferenceList](), codes: []Code{NoPipeline},
			summary: "where candidates differ from what is live",
			about:   "The newest records of each kind of difference, of all processors with a shadow. They show parts of payloads, so that looking is not enough of a role.",
			do:      listDifferences,
		},
		{
			id: "listModules", method: http.MethodGet, path: modulesPath, role: Viewer, reply: typeOf[ModuleList](),
			summary: "the modules that pipelines run, by digest",
			do:      listModules,
		},
		{
			id: "listTenants", method: http.MethodGet, path: tenantsPath, role: Viewer, reply: typeOf[TenantList](),
			summary: "the tenants, with what they may use and have used",
			do:      listTenants,
		},
	}
}

// rawJSON is an answer that is JSON already.
type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// visible are the pipelines that exist for who asks.
func (s *Server) visible(who principal) []PipelineDetail {
	return slices.DeleteFunc(s.cfg.Host.Pipelines(), func(p PipelineDetail) bool { return !who.sees(p.Tenant) })
}

// pipeline finds the one that a call names.
func (s *Server) pipeline(c *call) (PipelineDetail, error) {
	name := c.path["pipeline"]
	all := s.visible(c.who)
	i := slices.IndexFunc(all, func(p PipelineDetail) bool { return p.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for k := range all {
			names[k] = all[k].Name
		}
		return PipelineDetail{}, refuse(NoPipeline, didYouMean(name, names), "no pipeline is called %q", name)
	}
	return all[i], nil
}

func listPipelines(_ context.Context, s *Server, c *call) (any, error) {
	list := PipelineList{Pipelines: []Pipeline{}}
	for _, p := range s.visible(c.who) {
		if health := c.query["health"]; health == "" || health == string(p.Health) {
			list.Pipelines = append(list.Pipelines, p.Pipeline)
		}
	}
	return list, nil
}

// steer does something to a pipeline and answers with what it is then.
func steer(do func(h Host, ctx context.Context, pipeline string) error) func(context.Context, *Server, *call) (any, error) {
	return func(ctx context.Context, s *Server, c *call) (any, error) {
		p, err := s.pipeline(c)
		if err != nil {
			return nil, err
		}
		if err := do(s.cfg.Host, ctx, p.Name); err != nil {
			return nil, err
		}
		return s.pipeline(c)
	}
}

func listDifferences(_ context.Context, s *Server, c *call) (any, error) {
	p, err := s.pipeline(c)
	if err != nil {
		return nil, err
	}
	return DifferenceList{append([]Difference{}, s.cfg.Host.Differences(p.Name)...)}, nil
}

func listModules(_ context.Context, s *Server, c *call) (any, error) {
	list := ModuleList{Modules: []Module{}}
	for _, p := range s.visible(c.who) {
		for _, step := range p.Processors {
			if step.Digest == "" {
				continue
			}
			i := slices.IndexFunc(list.Modules, func(m Module) bool { return m.Digest == step.Digest && m.Module == step.Module })
			if i < 0 {
				i = len(list.Modules)
				list.Modules = append(list.Modules, Module{Digest: step.Digest, Module: step.Module})
			}
			list.Modules[i].UsedBy = append(list.Modules[i].UsedBy, ModuleUse{p.Name, step.Name})
		}
	}
	return list, nil
}
