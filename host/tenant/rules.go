package tenant

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Rules say what the pipelines of a tenant may name. Who has no pattern for a
// kind of name may have none of it.
type Rules struct {
	// Read and Write are topics.
	Read, Write Patterns
	// Groups are consumer groups, TransactionalIDs those of transactions.
	Groups, TransactionalIDs Patterns
}

// Pattern is a set of names, written as one name, as a prefix with "*" behind
// it, or as a regular expression that begins with "^" and matches whole names.
type Pattern struct {
	text   string
	prefix bool           // text without its "*" begins the names
	match  *regexp.Regexp // nil without one
}

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	p := Pattern{text: text}
	switch before, prefix := strings.CutSuffix(text, "*"); {
	case text == "":
		return p, errors.New("is empty")
	case strings.HasPrefix(text, "^"):
		if _, err := syntax.Parse(text, syntax.Perl); err != nil { // by itself: brackets must not end in what is put around it
			return p, err
		}
		match, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			return p, err
		}
		p.match = match
	case strings.Contains(before, "*"):
		return p, errors.New("has a * that is not at its end")
	default:
		p.prefix = prefix
	}
	return p, nil
}

// String is the pattern as it is written.
func (p Pattern) String() string { return p.text }

// Match tells whether a name is one of the pattern's.
func (p Pattern) Match(name string) bool {
	switch {
	case p.match != nil:
		return p.match.MatchString(name)
	case p.prefix:
		return strings.HasPrefix(name, p.text[:len(p.text)-1])
	}
	return name == p.text
}

// Patterns are a set of names: those of any of them.
type Patterns []Pattern

// Prefixed are the names that begin with a prefix.
func Prefixed(prefix string) Patterns { return Patterns{{text: prefix + "*", prefix: true}} }

// String lists the patterns, for messages.
func (ps Patterns) String() string {
	if len(ps) == 0 {
		return "none"
	}
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.text
	}
	return strings.Join(texts, ", ")
}

// Allow tells whether a name is in the set.
func (ps Patterns) Allow(name string) bool {
	return slices.ContainsFunc(ps, func(p Pattern) bool { return p.Match(name) })
}

// Check is Allow with an error that says what would be allowed. verb is what is
// done with the name.
func (ps Patterns) Check(verb, name string) error {
	if ps.Allow(name) {
		return nil
	}
	return fmt.Errorf("the tenant may not %s %q; it may %s: %s", verb, name, verb, ps)
}

// Cover tells whether each name in which a regular expression can be found is in
// the set. It is sure of what it affirms, and affirms what can be seen from the
// expression's form: that all matches begin with an allowed prefix, or that it is
// one of the patterns and names both ends.
func (ps Patterns) Cover(expression string) bool {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return false
	}
	begins, whole := shape(re)
	return slices.ContainsFunc(ps, func(p Pattern) bool {
		if p.prefix {
			return strings.HasPrefix(begins, p.text[:len(p.text)-1])
		}
		return whole && (p.match != nil && p.text == expression || p.match == nil && expression == "^"+regexp.QuoteMeta(p.text)+"$")
	})
}

// shape is the text that every match begins with, if the expression stands at
// the beginning of a name, and whether it also reaches its end.
func shape(re *syntax.Regexp) (begins string, whole bool) {
	if re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText {
		return "", false
	}
	var text strings.Builder
	literal(re.Sub[1:], &text)
	return text.String(), re.Sub[len(re.Sub)-1].Op == syntax.OpEndText
}

// literal appends the text that a sequence begins with, and tells whether the
// sequence is nothing else.
func literal(sequence []*syntax.Regexp, text *strings.Builder) bool {
	for _, re := range sequence {
		switch {
		case re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0:
			text.WriteString(string(re.Rune))
		case re.Op == syntax.OpCapture, re.Op == syntax.OpConcat:
			if !literal(re.Sub, text) {
				return false
			}
		default:
			return false
		}
	}
	return true
}
