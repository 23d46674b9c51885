package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"regexp"
	"strings"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

// matcher is what a field has to be: all of its conditions hold.
type matcher struct {
	pos   config.Pos
	conds []cond
}

type how string

const (
	howEqual    how = "equal"
	howJSON     how = "json"
	howContains how = "contains"
	howMatches  how = "matches"
	howAbsent   how = "absent"
)

type cond struct {
	how    how
	value  event.Value // of equal, json and contains
	regexp *regexp.Regexp
}

// readMatcher reads a value that has to be equal, or a map of conditions. With
// typed, the types that YAML gives are the kinds of the context; else all is
// text.
func readMatcher(s *config.Section, n *config.Node, name string, isTyped bool) *matcher {
	m := &matcher{pos: n.Pos}
	if n.Kind != config.Map {
		m.add(howEqual, equalTo(s, n, name, isTyped))
		return m
	}
	sub := s.Open(n, name)
	if n, ok := field(sub, string(howEqual)); ok {
		m.add(howEqual, equalTo(sub, n, string(howEqual), isTyped))
	}
	if n, ok := field(sub, keyBase64); ok {
		kind := event.Text
		if isTyped {
			kind = event.Bytes
		}
		m.add(howEqual, event.Value{Kind: kind, Data: decoded(sub, n, keyBase64)})
	}
	if n, ok := field(sub, keyJSON); ok {
		m.add(howJSON, event.Value{Kind: event.JSON, Data: rendered(sub, n, keyJSON)})
	}
	if text, _, ok := sub.Text(string(howContains)); ok {
		m.add(howContains, event.Value{Kind: event.Text, Data: []byte(text)})
	}
	if text, pos, ok := sub.Text(string(howMatches)); ok {
		re, err := regexp.Compile(text)
		if err != nil {
			sub.Fault(pos, string(howMatches), err.Error(), "quote it with single quotes, so that \\ stays \\")
		}
		m.conds = append(m.conds, cond{how: howMatches, regexp: re})
	}
	if sub.Bool(string(howAbsent), false) {
		m.add(howAbsent, event.Value{})
	}
	if len(m.conds) == 0 && len(sub.Entries()) == 0 {
		sub.Fault(n.Pos, "", "says nothing", "give equal, json, contains, matches, base64 or absent")
	}
	return m
}

func (m *matcher) add(how how, v event.Value) { m.conds = append(m.conds, cond{how: how, value: v}) }

func equalTo(s *config.Section, n *config.Node, name string, isTyped bool) event.Value {
	if isTyped {
		return typed(s, n, name)
	}
	return textValue(literal(s, n, name))
}

// textValue is bytes of an event as a value; nil is a null.
func textValue(b []byte) event.Value {
	if b == nil {
		return event.Value{}
	}
	return event.Value{Kind: event.Text, Data: b}
}

// holds tells whether a value is as the condition says. A value that is not
// there is nil.
func (c cond) holds(got *event.Value) bool {
	switch {
	case c.how == howAbsent:
		return got == nil
	case got == nil:
		return false
	case c.how == howEqual:
		return got.Kind == c.value.Kind && got.Num == c.value.Num && bytes.Equal(got.Data, c.value.Data)
	case c.how == howJSON:
		return got.Kind != event.Null && got.Data != nil && jsonEqual(got.Data, c.value.Data)
	case c.how == howContains:
		return bytes.Contains(plainText(got), c.value.Data)
	}
	return c.regexp.Match(plainText(got))
}

// plainText is what contains and matches look at.
func plainText(v *event.Value) []byte {
	if v.Data != nil {
		return v.Data
	}
	return []byte(ShowValue(*v))
}

// check compares a field; got is nil when it is not there.
func (m *matcher) check(what string, got *event.Value, into *[]Mismatch) {
	if m == nil {
		return
	}
	for _, c := range m.conds {
		if !c.holds(got) {
			want, have := c.describe(got)
			*into = append(*into, Mismatch{Pos: m.pos, What: what, Want: want, Got: have})
		}
	}
}

func (m *matcher) holds(got *event.Value) bool {
	for _, c := range m.conds {
		if !c.holds(got) {
			return false
		}
	}
	return true
}

// describe says what is wanted, in one line.
func (m *matcher) describe() string {
	parts := make([]string, len(m.conds))
	for i, c := range m.conds {
		parts[i], _ = c.describe(nil)
	}
	return strings.Join(parts, " and ")
}

// describe shows what is wanted and what is there, by lines that can be
// compared.
func (c cond) describe(got *event.Value) (want, have string) {
	have = "absent"
	if got != nil {
		have = ShowValue(*got)
	}
	switch c.how {
	case howAbsent:
		return "absent", have
	case howContains:
		return fmt.Sprintf("contains %q", c.value.Data), have
	case howMatches:
		return fmt.Sprintf("matches %s", c.regexp), have
	}
	if got != nil {
		w, okWant := prettyJSON(c.value.Data)
		g, okGot := prettyJSON(got.Data)
		if okWant && okGot && w != g {
			return w, g
		}
	}
	if c.how == howJSON {
		return "json " + string(c.value.Data), have
	}
	return ShowValue(c.value), have
}

// prettyJSON indents objects and arrays.
func prettyJSON(data []byte) (string, bool) {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || !json.Valid(trimmed) {
		return "", false
	}
	var b bytes.Buffer
	if err := json.Indent(&b, trimmed, "", "  "); err != nil {
		return "", false
	}
	return b.String(), true
}

// ShowValue writes a value for people. Text is quoted, so that null, numbers
// and text are told apart; the kinds that look alike are named.
func ShowValue(v event.Value) string {
	switch v.Kind {
	case event.Null:
		return "null"
	case event.Bool:
		return fmt.Sprint(v.Num != 0)
	case event.Int:
		return fmt.Sprint(int64(v.Num))
	case event.Float:
		return fmt.Sprintf("float %v", math.Float64frombits(v.Num))
	case event.Text:
		return quote(v.Data)
	case event.JSON:
		return "json " + string(v.Data)
	}
	return fmt.Sprintf("%s %s", v.Kind, quote(v.Data))
}

// quote prefers the form without escapes: payloads are full of quotes.
func quote(b []byte) string {
	quoted := fmt.Sprintf("%q", b)
	if strings.Contains(quoted, `\"`) {
		return fmt.Sprintf("%#q", b) // which falls back to "..." by itself
	}
	return quoted
}

// jsonEqual compares two JSON texts by what they say: blanks, the order of
// members and ways to write a number or a string do not count.
func jsonEqual(a, b []byte) bool {
	x, okX := decodeJSON(a)
	y, okY := decodeJSON(b)
	return okX && okY && sameJSON(x, y)
}

func decodeJSON(data []byte) (v any, ok bool) {
	if !json.Valid(data) { // also says that nothing follows the value
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return v, dec.Decode(&v) == nil
}

func sameJSON(x, y any) bool {
	switch x := x.(type) {
	case map[string]any:
		y, ok := y.(map[string]any)
		return ok && maps.EqualFunc(x, y, sameJSON)
	case []any:
		y, ok := y.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameJSON(x[i], y[i]) {
				return false
			}
		}
		return true
	case json.Number:
		y, ok := y.(json.Number)
		return ok && sameNumber(x, y)
	}
	return x == y
}

// sameNumber compares integers in full and others as doubles.
func sameNumber(x, y json.Number) bool {
	var i, j big.Int
	_, okX := i.SetString(x.String(), 10)
	_, okY := j.SetString(y.String(), 10)
	if okX && okY {
		return i.Cmp(&j) == 0
	}
	f, errX := x.Float64()
	g, errY := y.Float64()
	return errX == nil && errY == nil && f == g || x == y
}
