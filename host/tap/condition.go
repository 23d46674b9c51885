package tap

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Condition says what a JSON payload has to be like: terms, all of which hold.
//
//	weight > 10 && customer.country == "CZ" && !error && items[0].name ~ "^box"
type Condition struct{ terms []term }

// term is a path with what it is compared with. Without an operator the path has
// to be there, or with not must not.
type term struct {
	path    []step
	not     bool
	op      string
	value   any // string, json.Number, bool or nil
	pattern *regexp.Regexp
}

// step is a member, or with isIndex an element.
type step struct {
	name    string
	index   int
	isIndex bool
}

// operators, those first that begin like others.
var operators = []string{"==", "!=", "<=", ">=", "<", ">", "~"}

// maxCondition bounds its text.
const maxCondition = 1000

// ParseCondition reads a condition.
func ParseCondition(text string) (*Condition, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("the condition has more than %d characters", maxCondition)
	}
	p := parser{rest: text}
	c := &Condition{}
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		c.terms = append(c.terms, t)
		if p.space(); p.rest == "" {
			return c, nil
		}
		if !p.accept("&&") {
			return nil, fmt.Errorf("%q follows where && or the end was due", p.rest)
		}
	}
}

type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n") }

func (p *parser) accept(word string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, word)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *parser) term() (t term, err error) {
	t.not = p.accept("!")
	if t.path, err = p.path(); err != nil {
		return t, err
	}
	for _, op := range operators {
		if p.accept(op) {
			t.op = op
			break
		}
	}
	switch {
	case t.op == "":
		return t, nil
	case t.not:
		return t, errors.New("! stands before a path alone; write != to compare")
	}
	if t.value, err = p.literal(); err != nil {
		return t, err
	}
	_, isText := t.value.(string)
	if t.op == "~" {
		if !isText {
			return t, errors.New("behind ~ stands a regular expression in quotes")
		}
		t.pattern, err = regexp.Compile(t.value.(string))
	} else if _, isNumber := t.value.(json.Number); !isText && !isNumber && t.op != "==" && t.op != "!=" {
		err = fmt.Errorf("%s compares numbers and text", t.op)
	}
	return t, err
}

var nameOrIndex = regexp.MustCompile(`^(?:\[([0-9]{1,9})\]|\.?("(?:[^"\\]|\\.)*"|[\pL_][\pL\pN_-]*))`)

// path reads names, parted by dots, and indexes in brackets.
func (p *parser) path() ([]step, error) {
	p.space()
	var path []step
	for {
		found := nameOrIndex.FindStringSubmatch(p.rest)
		if found == nil || len(path) == 0 && strings.HasPrefix(found[0], ".") || len(path) > 0 && found[1] == "" && !strings.HasPrefix(found[0], ".") {
			break
		}
		s := step{name: found[2]}
		var err error
		switch {
		case found[1] != "":
			s.isIndex = true
			s.index, err = strconv.Atoi(found[1])
		case strings.HasPrefix(s.name, `"`):
			err = json.Unmarshal([]byte(found[2]), &s.name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", found[0], err)
		}
		path = append(path, s)
		p.rest = p.rest[len(found[0]):]
	}
	if len(path) == 0 {
		return nil, fmt.Errorf("%q begins with no name of a member", p.rest)
	}
	return path, nil
}

// literal reads a JSON value that has no parts, or a bare word as text.
func (p *parser) literal() (any, error) {
	p.space()
	dec := json.NewDecoder(strings.NewReader(p.rest))
	dec.UseNumber()
	var v any
	if strings.HasPrefix(p.rest, `"`) {
		if err := dec.Decode(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", p.rest, err)
		}
		p.rest = p.rest[dec.InputOffset():]
		return v, nil
	}
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '&' })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	if word == "" {
		return nil, errors.New("there is nothing to compare with")
	}
	v, ok := decode([]byte(word))
	if !ok {
		return word, nil
	}
	switch v.(type) {
	case map[string]any, []any:
		return nil, fmt.Errorf("%s has parts; compare with a number, text, true, false or null", word)
	}
	return v, nil
}

// holdsFor tells whether one of the events before or after is as the condition
// wants. What is no JSON never is.
func (c *Condition) holdsFor(x *Exchange) bool {
	holds := func(e Event) bool {
		v, ok := decode(e.Value)
		return ok && c.holds(v)
	}
	return slices.ContainsFunc(x.Before, holds) || slices.ContainsFunc(x.After, holds)
}

func (c *Condition) holds(v any) bool {
	for i := range c.terms {
		if !c.terms[i].holds(v) {
			return false
		}
	}
	return true
}

func (t *term) holds(v any) bool {
	got, there := follow(v, t.path)
	switch {
	case t.op == "":
		return there != t.not
	case !there:
		return false
	case t.op == "~":
		text, ok := got.(string)
		return ok && t.pattern.MatchString(text)
	}
	order, comparable := compare(got, t.value)
	switch t.op {
	case "==":
		return comparable && order == 0
	case "!=":
		return !comparable || order != 0
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	case ">":
		return comparable && order > 0
	}
	return comparable && order >= 0
}

func follow(v any, path []step) (any, bool) {
	for _, s := range path {
		if s.isIndex {
			list, ok := v.([]any)
			if !ok || s.index >= len(list) {
				return nil, false
			}
			v = list[s.index]
			continue
		}
		members, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = members[s.name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// compare orders two values of one kind. Others, and those with parts, cannot be
// compared.
func compare(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return strings.Compare(a, b), ok
	case json.Number:
		other, ok := b.(json.Number)
		x, errX := a.Float64()
		y, errY := other.Float64()
		switch {
		case !ok || errX != nil || errY != nil:
			return 0, false
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	case bool:
		b, ok := b.(bool)
		if a == b {
			return 0, ok
		}
		return 1, ok
	case nil:
		return 0, b == nil
	}
	return 0, false
}
