package kafka

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// property is one line of testdata/librdkafka.tsv: an option of librdkafka
// 2.15.
type property struct{ name, kind, bounds, std string }

func properties(t *testing.T) []property {
	t.Helper()
	data, err := os.ReadFile("testdata/librdkafka.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []property
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			t.Fatalf("%q has not four columns", line)
		}
		out = append(out, property{f[0], f[1], f[2], f[3]})
	}
	return out
}

// kindsOf says which kinds a type of librdkafka may be here.
var kindsOf = map[string][]kind{
	"string":            {kindText, kindList, kindEnum},
	"boolean":           {kindBool},
	"integer":           {kindInt, kindBytes, kindKBytes, kindMillis, kindSeconds},
	"float":             {kindMillis},
	"enum value":        {kindEnum},
	"CSV flags":         {kindFlags},
	"pattern list":      {kindList},
	"see dedicated API": {kindText},
}

// otherwise has what is not as in librdkafka, and why.
var otherwise = map[string]string{
	"acks":                  "three numbers mean something to brokers: they are words",
	"request.required.acks": "as acks",
	"compression.level":     "zstd has levels up to 22",
}

// TestLibrdkafka compares the table with all that librdkafka documents: every
// name is known, and type, range and default are librdkafka's.
func TestLibrdkafka(t *testing.T) {
	all := properties(t)
	if len(all) != 205 {
		t.Errorf("%d properties, want 205", len(all))
	}
	// Some are there twice, for a client and for a topic: one may differ.
	found := map[string][]string{}
	count := map[string]int{}
	for _, p := range all {
		count[p.name]++
		if why := p.differs(); why != "" && otherwise[p.name] == "" {
			found[p.name] = append(found[p.name], why)
		}
	}
	for name, faults := range found {
		if len(faults) == count[name] {
			t.Errorf("%s: %s", name, strings.Join(faults, "; "))
		}
	}
	for name := range otherwise {
		i := slices.IndexFunc(all, func(p property) bool { return p.name == name })
		if i < 0 || all[i].differs() == "" {
			t.Errorf("%s does not differ any more", name)
		}
	}
}

// differs says how a property is not as its row.
func (p property) differs() string {
	r := rowOf(p.name)
	switch {
	case r == nil:
		return "is in no row"
	case !slices.Contains(kindsOf[p.kind], r.kind):
		return fmt.Sprintf("is %s, not %s", r.kind, p.kind)
	case p.kind == "see dedicated API" && r.treat != reject:
		return "is a pointer, which a configuration cannot give"
	}
	if why := p.bounded(r); why != "" {
		return why
	}
	return p.defaulted(r)
}

func (p property) bounded(r *row) string {
	low, high, numbers := strings.Cut(p.bounds, " .. ")
	if numbers {
		if have := fmt.Sprintf("%d .. %d", r.low, r.high); have != low+" .. "+high {
			return fmt.Sprintf("has range %s, not %s", have, p.bounds)
		}
		return ""
	}
	if p.kind != "enum value" && p.kind != "CSV flags" {
		return ""
	}
	for _, word := range strings.Split(p.bounds, ", ") {
		if word == "" {
			continue
		}
		if _, err := r.word(word); err != nil {
			return word + " " + err.Error()
		}
	}
	return ""
}

func (p property) defaulted(r *row) string {
	if p.std == "" {
		return ""
	}
	std := cmp.Or(r.std, r.def)
	have, err := r.parseText(std)
	if err != nil {
		return err.Error()
	}
	want, err := r.parseText(p.std)
	if err != nil {
		return "its default " + err.Error()
	}
	if !have.equal(want) && !(r.kind == kindBytes && strconv.FormatInt(have.number, 10) == p.std) {
		return fmt.Sprintf("has librdkafka's default as %q, not %q", std, p.std)
	}
	return ""
}
