package config

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patternsOf are the patterns of text that a schema allows.
func patternsOf(s Schema) []*regexp.Regexp {
	var out []*regexp.Regexp
	if p, ok := s["pattern"].(string); ok {
		out = append(out, regexp.MustCompile(p))
	}
	if ref, ok := s["$ref"].(string); ok {
		out = append(out, patternsOf(SchemaDefinitions()[strings.TrimPrefix(ref, "#/definitions/")].(Schema))...)
	}
	if alternatives, ok := s["anyOf"].([]Schema); ok {
		for _, one := range alternatives {
			out = append(out, patternsOf(one)...)
		}
	}
	return out
}

// TestSchemasReadAsParsers gives the same text to a schema and to the function
// that reads it.
func TestSchemasReadAsParsers(t *testing.T) {
	parsers := []struct {
		name   string
		schema Schema
		parse  func(string) error
	}{
		{"boolean", BoolSchema(), func(text string) error { _, err := ParseBool(text); return err }},
		{"integer", IntSchema(0, 0), func(text string) error { _, err := ParseInt(text); return err }},
		{"size", SizeSchema(0, 0), func(text string) error { _, err := ParseSize(text); return err }},
		{"count", CountSchema(0, 0), func(text string) error { _, err := ParseCount(text); return err }},
		{"duration", DurationSchema(0, 0, time.Second), func(text string) error { _, err := ParseDuration(text, time.Second); return err }},
	}
	texts := strings.Fields("true T 1 Yes oN FALSE f 0 no off maybe 12 -7 0x1F 017 1.5 .5 1e3 5s 1m30s 500ms 2h 10us -5s 64KiB 1MB 3k 2G 7b 0x10 1KiBs five 5d 1,000 s 5ss --1")
	for _, p := range parsers {
		patterns := patternsOf(p.schema)
		for _, text := range texts {
			allowed := false
			for _, pattern := range patterns {
				allowed = allowed || pattern.MatchString(text)
			}
			if err := p.parse(text); allowed != (err == nil) {
				t.Errorf("%s %q: the schema allows it: %t, the parser says %v", p.name, text, allowed, err)
			}
		}
		for _, text := range []string{"", "${NAME}", "${file:secret}", "a${X:-5}b"} {
			allowed := false
			for _, pattern := range patterns {
				allowed = allowed || pattern.MatchString(text)
			}
			if !allowed {
				t.Errorf("%s: the schema does not allow %q, which may become one", p.name, text)
			}
		}
	}
}

func TestSpellings(t *testing.T) {
	for name, want := range map[string][]string{
		"linger.ms":             {"linger_ms", "linger.ms"},
		"acks":                  {"acks"},
		"max_in_flight_records": {"max_in_flight_records", "max.in.flight.records"},
		"a.b_c":                 {"a_b_c", "a.b.c", "a.b_c"},
	} {
		if diff := cmp.Diff(want, Spellings(name)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestAnyCase(t *testing.T) {
	re := regexp.MustCompile("^(?:" + anyCase("SCRAM-SHA-256", "a.b") + ")$")
	for text, want := range map[string]bool{"scram-sha-256": true, "Scram-SHA-256": true, "A.b": true, "axb": false} {
		if re.MatchString(text) != want {
			t.Errorf("%s: got %t", text, !want)
		}
	}
}
