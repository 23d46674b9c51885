package host

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
	"github.com/weirhq/weir/host/pipeline"
)

// The bounds of on_error and circuit_breaker.
const (
	mostRetries = 1000
	longestWait = time.Hour
)

// onError takes on_error: a policy, {retry: {...}}, or a map with such a rule for
// each class of failure and for the rest, default. What is not said is as in def.
// The classes of the sink are the pipeline's, not a step's.
func onError(s *config.Section, def pipeline.Rules, step bool) pipeline.Rules {
	n := s.Get("on_error")
	if n == nil {
		return def
	}
	if n.Kind != config.Map || n.Find("retry") != nil {
		if rule, ok := errorRule(s, n, "on_error"); ok {
			return pipeline.All(rule)
		}
		return def
	}
	rules := def
	m := s.Open(n, "on_error")
	if d := m.Get("default"); d != nil {
		if rule, ok := errorRule(m, d, "default"); ok {
			rules = pipeline.All(rule)
		}
	}
	for _, class := range event.Classes {
		c := m.Get(string(class))
		if c != nil && step && class.OfSink() {
			m.Fault(c.Pos, string(class), "events fail so in the sink, not in a processor", "say it in the on_error of the pipeline")
		} else if c != nil {
			if rule, ok := errorRule(m, c, string(class)); ok {
				*rules.Of(class) = rule
			}
		}
	}
	return rules
}

// errorRule reads a policy or {retry: {...}}.
func errorRule(s *config.Section, n *config.Node, name string) (pipeline.Rule, bool) {
	if n.Kind == config.Scalar {
		policy, ok := policyWord(s, n, name)
		return pipeline.Rule{Then: policy}, ok
	}
	if n.Kind != config.Map {
		s.Fault(n.Pos, name, "must be a policy, or a map", "write "+policyWords()+", or {retry: {max: 3, then: dead_letter}}")
		return pipeline.Rule{}, false
	}
	r := s.Open(n, name).Section("retry")
	if !r.Present() {
		s.Fault(n.Pos, name, "a map here holds retry", "write {retry: {max: 3, then: dead_letter}}, or a policy: "+policyWords())
		return pipeline.Rule{}, false
	}
	rule := pipeline.Rule{Then: pipeline.Stop}
	rule.Retry.Max = int(r.Int("max", 3, 1, mostRetries))
	rule.Retry.Backoff = r.Duration("backoff", 100*time.Millisecond, time.Millisecond)
	rule.Retry.MaxBackoff = r.Duration("max_backoff", max(10*time.Second, rule.Retry.Backoff), time.Millisecond)
	rule.Retry.Jitter = share(r, "jitter", 0.2)
	if then := r.Get("then"); then != nil {
		rule.Then, _ = policyWord(r, then, "then")
	}
	switch retry := rule.Retry; {
	case retry.Backoff <= 0:
		r.Fault(r.Pos(), "backoff", "must be greater than 0", "write backoff: 100ms")
	case retry.MaxBackoff < retry.Backoff:
		r.Fault(r.Pos(), "max_backoff", fmt.Sprintf("%v is less than backoff, %v", retry.MaxBackoff, retry.Backoff), "waits grow from backoff to max_backoff")
	case retry.MaxBackoff > longestWait:
		r.Fault(r.Pos(), "max_backoff", fmt.Sprintf("%v is more than %v", retry.MaxBackoff, longestWait), "the partition waits as long")
	}
	return rule, true
}

func policyWord(s *config.Section, n *config.Node, name string) (pipeline.Policy, bool) {
	policy := pipeline.Policy(strings.ToLower(n.Value))
	if n.Kind == config.Scalar && slices.Contains(pipeline.Policies, policy) {
		return policy, true
	}
	hint := ""
	if near := config.Nearest(n.Value, policyNames()); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	s.Fault(n.Pos, name, fmt.Sprintf("%q must be one of %s", n.Value, policyWords()), hint)
	return pipeline.Stop, false
}

func policyNames() []string {
	names := make([]string, len(pipeline.Policies))
	for i, p := range pipeline.Policies {
		names[i] = string(p)
	}
	return names
}

func policyWords() string { return strings.Join(policyNames(), ", ") }

// breaker takes circuit_breaker: a share, or {errors, window, min_events}.
func breaker(s *config.Section) pipeline.Breaker {
	n := s.Get("circuit_breaker")
	if n == nil {
		return pipeline.Breaker{}
	}
	if n.Kind == config.Scalar {
		m := config.NewMap(n.Pos)
		m.Put("errors", n.Pos, n)
		n = m
	}
	m := s.Open(n, "circuit_breaker")
	b := pipeline.Breaker{
		Share:  share(m, "errors", 0),
		Window: m.Duration("window", time.Minute, time.Second),
		Least:  int(m.Int("min_events", 100, 1, 1<<31-1)),
	}
	if m.Get("errors") == nil {
		m.Fault(n.Pos, "errors", "is missing", "write errors: 20%, the share of events that may fail")
	}
	if b.Window < time.Second || b.Window > 24*time.Hour {
		m.Fault(n.Pos, "window", fmt.Sprintf("%v is not from 1s to 24h", b.Window), "write window: 1m")
	}
	return b
}

// share reads a share of a whole, as 20% or 0.2.
func share(s *config.Section, name string, def float64) float64 {
	text, pos, ok := s.Text(name)
	if !ok {
		return def
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		s.Fault(pos, name, fmt.Sprintf("%q is not from 0%% to 100%%", text), "write "+name+": 20%")
		return def
	}
	return v
}

// ruleSchema is a policy or {retry: {...}}.
func ruleSchema() config.Schema {
	return config.AnySchema(
		config.WordSchema(policyNames()...),
		config.MapSchema(map[string]any{"retry": retrySchema()}).With("required", []string{"retry"}),
	)
}

func retrySchema() config.Schema {
	wait := func() config.Schema { return config.DurationSchema(0, 0, time.Millisecond) }
	return config.MapSchema(map[string]any{
		"max":         config.IntSchema(1, mostRetries).Doc("Further attempts.").With("default", 3),
		"backoff":     wait().Doc("The wait before the first of them; it doubles with each.").With("default", "100ms"),
		"max_backoff": wait().Doc("The longest wait.").With("default", "10s"),
		"jitter":      config.TextSchema().Doc("The share of a wait that is left to chance.").With("default", "20%"),
		"then":        config.WordSchema(policyNames()...).Doc("What becomes of an event that fails them all.").With("default", string(pipeline.Stop)),
	}).Doc("Try again, in order: the partition waits.")
}

func onErrorSchema() config.Schema {
	classes := map[string]any{"default": config.Ref("rule")}
	for _, class := range event.Classes {
		classes[string(class)] = config.Ref("rule")
	}
	return config.AnySchema(config.Ref("rule"), config.MapSchema(classes)).Doc("What becomes of an event that fails: one rule, or one for each class of failure.")
}

func breakerSchema() config.Schema {
	return config.AnySchema(config.Ref("text"), config.MapSchema(map[string]any{
		"errors":     config.TextSchema().Doc("The share of events that may fail, such as 20%."),
		"window":     config.DurationSchema(0, 0, time.Second).Doc("How far back to look.").With("default", "1m"),
		"min_events": config.IntSchema(1, 1<<31-1).Doc("How many events there must have been.").With("default", 100),
	})).Doc("Stops the pipeline when too much fails.")
}
