package scan_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirhq/weir/sdk/go/internal/scan"
)

func TestFind(t *testing.T) {
	text := []byte(`{"a": {"b": 1, "c.d": 2}, "a.b": 3, "\u0065": 4, "x": {"y": 5}, "x": {"z": 6}, "l": [{"m": 7}]}`)
	for path, want := range map[string]string{
		"a.b": "3", "a.c.d": "2", "e": "4", "x.z": "6", "x.y": "", "a": `{"b": 1, "c.d": 2}`, "l.m": "", "nothing": "", "": "", ".": "",
	} {
		got, err := scan.Find(text, path)
		if err != nil || string(got) != want {
			t.Errorf("Find(%q) = %q, %v; want %q", path, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "malformed JSON at byte 0: the text ends too early",
		`{"a": 01}`:           "malformed JSON at byte 7: a number cannot begin with 0",
		`{"a" 1}`:             "malformed JSON at byte 5: expected ':' after a name",
		`[1 2]`:               "malformed JSON at byte 3: expected ',' or ']' after an item",
		`{"a":1 2}`:           "malformed JSON at byte 7: expected ',' or '}' after a member",
		`{a:1}`:               "malformed JSON at byte 1: expected a name in quotes",
		`[1,2`:                "malformed JSON at byte 4: the text ends too early",
		"\"a\tb\"":            "malformed JSON at byte 2: a control character in a string",
		`"\q"`:                "malformed JSON at byte 2: an unknown escape in a string",
		"nope":                "malformed JSON at byte 0: expected a value",
		"1 1":                 "malformed JSON at byte 2: more text after the value",
		"[\"ok\", \"a\xff\"]": "malformed JSON at byte 9: a string is not UTF-8",
		"1\x00":               "malformed JSON at byte 1: more text after the value",
	} {
		if _, err := scan.Find([]byte(text), "a"); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func TestNestingIsBounded(t *testing.T) {
	for levels, ok := range map[int]bool{504: true, 505: false, 100_000: false} {
		text := strings.Repeat("[", levels) + strings.Repeat("]", levels)
		if _, err := scan.Find([]byte(text), "a"); (err == nil) != ok {
			t.Errorf("%d levels: error %v", levels, err)
		}
	}
}

func TestText(t *testing.T) {
	for _, str := range []string{`""`, `"plain é"`, `"\"\\\/\b\f\n\r\t\u00e9\u20AC"`, `"\ud83d\ude00!"`, `"\ud83d!"`, `"\ude00\ud83d"`, `"\ud83d\u0041"`} {
		var want string
		if err := json.Unmarshal([]byte(str), &want); err != nil {
			t.Fatal(err)
		}
		if got := scan.Text([]byte(str)); got != want || !scan.Is([]byte(str), want) || scan.Is([]byte(str), want+"x") {
			t.Errorf("%s decodes to %q, want %q", str, got, want)
		}
	}
}

// FuzzFind compares with encoding/json, which takes strings that are not UTF-8
// and nests deeper.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,-2.5e3,true,null,"x\u00e9\n"]},"a.b":""}`, `[]`, ` "é" `, `{"a":1,"a":2}`, `1e5`, `{"a`, `[01]`} {
		f.Add([]byte(seed), "a.b")
	}
	f.Add([]byte(`{"0\0`), "0")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		got, err := scan.Find(text, path)
		valid := json.Valid(text) && utf8.Valid(text)
		if valid != (err == nil) && strings.Count(string(text), "[")+strings.Count(string(text), "{") < 500 {
			t.Fatalf("error %v, but valid is %t", err, valid)
		}
		if got != nil && !json.Valid(got) {
			t.Fatalf("found %q, which is no value", got)
		}
		var members map[string]json.RawMessage
		if err != nil || strings.Contains(path, ".") || !utf8.ValidString(path) || json.Unmarshal(text, &members) != nil {
			return
		}
		if want := members[path]; string(got) != string(want) && !strings.Contains(path, "\ufffd") {
			t.Fatalf("found %q, want %q", got, want)
		}
	})
}

func TestDoesNotAllocate(t *testing.T) {
	text := []byte(`{"id": "x", "tags": ["é", 1.5, {"k": null}], "weight": 12}`)
	if n := testing.AllocsPerRun(100, func() {
		if v, err := scan.Find(text, "weight"); err != nil || string(v) != "12" {
			t.Fatalf("%q, %v", v, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
