package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Health is what the state of a pipeline means for readiness.
type Health int

// The healths of a pipeline.
const (
	// Up: events flow.
	Up Health = iota
	// Degraded: events flow, but an operator should look.
	Degraded
	// Waiting: not yet, or no longer, by plan: starting or draining.
	Waiting
	// Down: not any more, by an error, because it ended, or while no broker
	// answers.
	Down
)

// Pipeline is the state of one pipeline. State and Reason are shown as they
// are; Health decides.
type Pipeline struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
	Health Health `json:"-"`
}

// readiness is the body of /readyz.
type readiness struct {
	Status    string     `json:"status"`
	Reasons   []string   `json:"reasons,omitempty"`
	Pipelines []Pipeline `json:"pipelines"`
}

// judge decides: ready unless a pipeline is starting or draining, or all are
// down. What is degraded or down beside others that run is listed, and ready:
// taking the process out of service would stop those as well.
func judge(pipelines []Pipeline) (readiness, bool) {
	r := readiness{Status: "ready", Pipelines: pipelines}
	if pipelines == nil {
		r.Pipelines = []Pipeline{}
	}
	waiting, down := false, 0
	for _, p := range pipelines {
		if p.Health == Up {
			continue
		}
		reason := fmt.Sprintf("pipeline %s is %s", p.Name, p.State)
		if p.Reason != "" {
			reason += ": " + p.Reason
		}
		r.Reasons = append(r.Reasons, reason)
		switch p.Health {
		case Waiting:
			waiting = true
		case Down:
			down++
		}
	}
	switch {
	case len(pipelines) == 0:
		r.Status, r.Reasons = "not ready", []string{"no pipeline has been set up yet"}
	case waiting || down == len(pipelines):
		r.Status = "not ready"
	case len(r.Reasons) > 0:
		r.Status = "degraded"
	}
	return r, r.Status != "not ready"
}

type readyz struct {
	pipelines func() []Pipeline
}

func (h *readyz) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body, ready := judge(h.pipelines())
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The client may have gone; nobody is left to tell.
	_, _ = w.Write(append(data, '\n'))
}
