package tap

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/host/event"
)

func TestCondition(t *testing.T) {
	const value = `{"weight": 11, "customer": {"country": "CZ", "a-b": null, "two words": 1}, "items": [{"name": "box 1"}, {"name": "bag"}], "ok": true, "big": 12345678901234567890}`
	for text, want := range map[string]bool{
		`weight`:                             true,
		`!weight`:                            false,
		`colour`:                             false,
		`!colour`:                            true,
		`weight > 10`:                        true,
		`weight>10&&weight<12`:               true,
		`weight > 11`:                        false,
		`weight >= 11`:                       true,
		`weight <= 11.0`:                     true,
		`weight == 11.0`:                     true,
		`weight == "11"`:                     false,
		`weight != 11`:                       false,
		`weight != x`:                        true,
		`colour != x`:                        false, // what is not there is not compared
		`customer.country == CZ`:             true,
		`customer.country == "CZ"`:           true,
		`customer.country == "CZ" && ok`:     true,
		`customer.country < "DE"`:            true,
		`customer.country > 1`:               false,
		`customer["country"] == CZ`:          false, // see the errors
		`customer."two words" == 1`:          true,
		`customer.a-b == null`:               true,
		`customer.country.code`:              false,
		`items[0].name ~ "^box [0-9]+$"`:     true,
		`items[1].name ~ "^box"`:             false,
		`items[7]`:                           false,
		`weight[0]`:                          false,
		`ok == true`:                         true,
		`ok == false`:                        false,
		`ok == 1`:                            false,
		`items == 1`:                         false,
		`items != 1`:                         true,
		`weight ~ "1"`:                       false,
		`big > 1e18`:                         true,
		` weight  ==  11 `:                   true,
		`customer.country ~ "C" && !missing`: true,
	} {
		c, err := ParseCondition(text)
		if err != nil {
			if text != `customer["country"] == CZ` {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		x := &Exchange{Before: []Event{{Event: event.Event{Value: []byte(value)}}}}
		if got := c.holdsFor(x); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// An event that is as wanted after counts as one that was before; no JSON never
// does.
func TestConditionLooksAtBoth(t *testing.T) {
	c, err := ParseCondition(`!a`)
	if err != nil {
		t.Fatal(err)
	}
	of := func(values ...string) (events []Event) {
		for _, v := range values {
			events = append(events, Event{Event: event.Event{Value: []byte(v)}})
		}
		return events
	}
	for _, tt := range []struct {
		before, after []Event
		want          bool
	}{
		{of(`{"a":1}`), of(`{"b":1}`), true},
		{of(`{"a":1}`), of(`{"a":1}`, `{}`), true},
		{of(`{"a":1}`), nil, false},
		{of(`no JSON`), of(`{} {}`), false},
		{of(``), of(`1`), true},
	} {
		if got := c.holdsFor(&Exchange{Before: tt.before, After: tt.after}); got != tt.want {
			t.Errorf("%v: %v, want %v", tt, got, tt.want)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for text, want := range map[string]string{
		``:                          `"" begins with no name of a member`,
		`> 1`:                       `begins with no name`,
		`.a`:                        `begins with no name`,
		`a ==`:                      "there is nothing to compare with",
		`a == &&`:                   "there is nothing to compare with",
		`a == 1 b`:                  `"b" follows where && or the end was due`,
		`a = 1`:                     `"= 1" follows`,
		`!a == 1`:                   "! stands before a path alone",
		`a ~ 1`:                     "a regular expression in quotes",
		`a ~ "("`:                   "missing closing )",
		`a == "x`:                   `"x: unexpected EOF`,
		`a == [1]`:                  "has parts",
		`a > true`:                  "> compares numbers and text",
		`a."\q" == 1`:               "invalid character",
		strings.Repeat("a", 10_000): "more than 1000 characters",
	} {
		if _, err := ParseCondition(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: error %v, want %q", text, err, want)
		}
	}
}

// FuzzCondition parses any text and holds what comes of it against any payload.
func FuzzCondition(f *testing.F) {
	f.Add(`a.b[0] == "x" && !c`, []byte(`{"a":{"b":["x"]}}`))
	f.Add(`a > 1e999`, []byte(`{"a":1e999}`))
	f.Fuzz(func(t *testing.T, text string, value []byte) {
		if c, err := ParseCondition(text); err == nil {
			c.holdsFor(&Exchange{Before: []Event{{Event: event.Event{Value: value}}}})
		}
	})
}
