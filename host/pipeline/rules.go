package pipeline

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/weirhq/weir/host/event"
)

// Policy says what becomes of an event that fails in a processor.
type Policy string

// The policies.
const (
	// Stop stops the pipeline with the offset at the guilty event.
	Stop Policy = "stop"
	// Drop counts the event and goes on.
	Drop Policy = "drop"
	// DeadLetter writes the original record with weir.error.* headers to the
	// dead-letter topic and goes on.
	DeadLetter Policy = "dead_letter"
)

// Policies lists the valid ones, for messages.
var Policies = []Policy{Stop, Drop, DeadLetter}

// Rule is what becomes of an event that failed with some class: it is tried
// again as often as Retry allows, and then the policy applies.
type Rule struct {
	Then  Policy // empty is Stop
	Retry Retry
}

func (r Rule) String() string {
	if r.Retry.Max == 0 {
		return string(r.policy())
	}
	return fmt.Sprintf("retry %d, then %s", r.Retry.Max, r.policy())
}

func (r Rule) policy() Policy {
	if r.Then == "" {
		return Stop
	}
	return r.Then
}

// Retry says how often a failed event is given to its processor again. The
// lane waits meanwhile, so the order of events stays. The zero value is never.
type Retry struct {
	Max int
	// Backoff is the wait before the first further attempt. It doubles with each
	// attempt, up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
	// Jitter is the share of a wait, 0 to 1, that is left to chance, so that lanes
	// do not come back in step.
	Jitter float64
}

// wait is how long to wait before attempt n, which counts from 2; chance is
// from 0 to 1.
func (r *Retry) wait(n int, chance float64) time.Duration {
	d := r.Backoff
	for ; n > 2 && d < r.MaxBackoff; n-- {
		d *= 2
	}
	d = min(d, r.MaxBackoff)
	return d - time.Duration(chance*r.Jitter*float64(d))
}

// Rules has a rule for each class of failure, by its index. The zero value
// stops at all of them.
type Rules [len(event.Classes)]Rule

// All makes the same rule for all classes.
func All(rule Rule) Rules {
	var r Rules
	for i := range r {
		r[i] = rule
	}
	return r
}

// Of is the rule for a class.
func (r *Rules) Of(class event.Class) *Rule { return &r[class.Index()] }

// Use tells whether any rule ends in the policy.
func (r *Rules) Use(policy Policy) bool {
	for i := range r {
		if r[i].policy() == policy {
			return true
		}
	}
	return false
}

// String names the rule that most classes have, and those that differ.
func (r Rules) String() string {
	uses := map[string]int{}
	most := ""
	for i := range r {
		rule := r[i].String()
		if uses[rule]++; uses[rule] > uses[most] {
			most = rule
		}
	}
	text := []string{most}
	for i := range r {
		if rule := r[i].String(); rule != most {
			text = append(text, fmt.Sprintf("%s: %s", event.Classes[i], rule))
		}
	}
	return strings.Join(text, "; ")
}

// chance is the randomness of waits.
func chance() float64 { return rand.Float64() }
