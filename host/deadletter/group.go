package deadletter

import (
	"cmp"
	"regexp"
	"slices"
	"time"
)

// Group is the letters of one cause.
type Group struct {
	Class, Pipeline, Processor, Module string
	// Cause is the reason with what differs between events taken out.
	Cause       string
	Count       int
	First, Last time.Time
	// Example is the latest of the letters.
	Example *Letter
}

// Groups gathers letters by their causes. It keeps one letter a group.
type Groups struct {
	of map[groupKey]*Group
}

type groupKey struct{ class, pipeline, processor, module, cause string }

// Add counts a letter.
func (g *Groups) Add(l *Letter) {
	key := groupKey{l.Class, l.Pipeline, l.Processor, l.Module, Cause(l.Message)}
	if g.of == nil {
		g.of = map[groupKey]*Group{}
	}
	group := g.of[key]
	if group == nil {
		group = &Group{Class: l.Class, Pipeline: l.Pipeline, Processor: l.Processor, Module: l.Module, Cause: key.cause, First: l.Time, Last: l.Time}
		g.of[key] = group
	}
	group.Count++
	if l.Time.Before(group.First) {
		group.First = l.Time
	}
	if group.Example == nil || !l.Time.Before(group.Last) {
		group.Last, group.Example = l.Time, l
	}
}

// List gives the groups, the largest first.
func (g *Groups) List() []*Group {
	all := make([]*Group, 0, len(g.of))
	for _, group := range g.of {
		all = append(all, group)
	}
	slices.SortFunc(all, func(a, b *Group) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Processor, b.Processor), cmp.Compare(a.Cause, b.Cause))
	})
	return all
}

var (
	quoted  = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	address = regexp.MustCompile(`0x[0-9a-fA-F]+`)
	digits  = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)?`)
)

// Cause takes out of a reason what differs between events: quoted text, addresses
// and numbers. Of several lines, as a trap's stack has, the first counts.
func Cause(message string) string {
	for i, r := range message {
		if r == '\n' {
			message = message[:i]
			break
		}
	}
	message = quoted.ReplaceAllString(message, `"…"`)
	message = address.ReplaceAllString(message, "N")
	return digits.ReplaceAllString(message, "N")
}
