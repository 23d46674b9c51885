package tenant

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func patterns(t testing.TB, texts ...string) Patterns {
	t.Helper()
	var ps Patterns
	for _, text := range texts {
		p, err := ParsePattern(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		ps = append(ps, p)
	}
	return ps
}

func TestAllow(t *testing.T) {
	ps := patterns(t, "prices", "acme.*", `^shared\.(a|b)`, "^x|y")
	for name, want := range map[string]bool{
		"prices": true, "prices.eu": false, "price": false, "Prices": false,
		"acme.orders": true, "acme.": true, "acme": false, "acme2.orders": false, "other.acme.orders": false,
		"shared.a": true, "shared.ab": false, "shared.c": false, "not.shared.a": false,
		"x": true, "y": true, "xy": false, "evil.y": false,
		"": false,
	} {
		if got := ps.Allow(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
	if got := patterns(t, "*").Allow("anything"); !got {
		t.Error("* does not allow all")
	}
	if Patterns(nil).Allow("") {
		t.Error("no pattern allows something")
	}
}

func TestCheck(t *testing.T) {
	ps := patterns(t, "acme.*", "prices")
	if err := ps.Check("read", "prices"); err != nil {
		t.Error(err)
	}
	got := ps.Check("read", "umbrella.orders").Error() + "\n" + Patterns(nil).Check("write", "a").Error()
	const want = `the tenant may not read "umbrella.orders"; it may read: acme.*, prices
the tenant may not write "a"; it may write: none`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParsePattern(t *testing.T) {
	for text, want := range map[string]string{
		"":        "is empty",
		"a*b":     "has a *",
		"a*b*":    "has a *",
		"^(":      "missing closing",
		"^a)|(?:": "unexpected )",
	} {
		if _, err := ParsePattern(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestCover(t *testing.T) {
	ps := patterns(t, "acme.*", "prices", `^shared\.(a|b)$`, "^open|any$")
	for expression, want := range map[string]bool{
		`^acme\.orders\..*`:       true,
		`^acme\.`:                 true,
		`^acme\.(a|b)`:            true,
		`^(acme\.a|acme\.b)`:      true,
		`^acme\.x*`:               true,
		`^acme\.orders$`:          true,
		`^prices$`:                true,
		`^prices`:                 false,
		`^shared\.(a|b)$`:         true,
		`^shared\.(a|b)`:          false,
		`^acme.orders`:            false, // a dot is any letter
		`acme\.orders`:            false, // anywhere in the name
		`^acme\.x|^evil`:          false,
		`^acme\.x|evil`:           false,
		`^(acme\.x|evil)`:         false,
		`^(?i)acme\.x`:            false,
		`^acme\.?`:                false,
		`^(acme\.)*evil`:          false,
		`^(acme\.)?evil`:          false,
		`^.*`:                     false,
		`^`:                       false,
		`^open|any$`:              false, // "any" ends names of others
		`^acme[.]orders`:          true,
		`(?m)^acme\.`:             false,
		`^(`:                      false,
		`^acme`:                   false,
		`^(?:(acme)\.)orders.{3}`: true,
	} {
		if got := ps.Cover(expression); got != want {
			t.Errorf("%q: %t, want %t", expression, got, want)
		}
	}
	if Patterns(nil).Cover("^a$") {
		t.Error("no pattern covers something")
	}
	if !patterns(t, "*").Cover("^.*") {
		t.Error("* does not cover all")
	}
}

// Whatever is covered matches no name that is not allowed.
func TestCoverIsSafe(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "b", `\.`, ".", "*", "?", "|", "(", ")", "(?:", "[ab]", "^", "$", "{2}", "(?i)", "(?m)", "(?s)", `\b`, "\n"})
	expression := rapid.Custom(func(t *rapid.T) string {
		return "^" + strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
	}).Filter(func(s string) bool { _, err := regexp.Compile(s); return err == nil })
	pattern := rapid.OneOf(rapid.SampledFrom([]string{"a", "a.*", "ab*", "^a$", "^(a|b)$", `^a\.b*$`, "^a|b$"}), expression)
	name := rapid.StringOfN(rapid.SampledFrom([]rune("abAB.\n")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, err := ParsePattern(pattern.Draw(t, "pattern"))
		if err != nil {
			return
		}
		source := rapid.OneOf(expression, rapid.Just(p.text)).Draw(t, "source")
		if !(Patterns{p}).Cover(source) {
			return
		}
		re, err := regexp.Compile(source)
		if err != nil {
			t.Fatalf("%q is covered and no expression: %v", source, err)
		}
		for range 50 {
			if n := name.Draw(t, "name"); re.MatchString(n) && !p.Match(n) {
				t.Fatalf("%q is covered by %q, but matches %q, which is not allowed", source, p.text, n)
			}
		}
	})
}
