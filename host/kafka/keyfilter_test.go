package kafka

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/event"
)

func TestKeyFilter(t *testing.T) {
	in := []event.Event{
		{Value: []byte("0"), Key: []byte("a")},
		{Value: []byte("1"), Key: []byte("b")},
		{Value: []byte("2")},
		{Value: []byte("3"), Key: []byte{}},
		{Value: []byte("4"), Key: []byte{0, 0xff}},
	}
	tests := []struct {
		missing OnMissing
		keys    []string
		want    string
		failed  string
	}{
		{DropMissing, []string{"a", "\x00\xff"}, "04", ""},
		{"", []string{"a"}, "0", ""},
		{PassMissing, []string{"b"}, "12", ""},
		{FailMissing, []string{"b"}, "1", "2"},
		{FailMissing, []string{""}, "3", "2"},
	}
	for _, test := range tests {
		c := KeyFilterConfig{OnMissing: test.missing}
		for _, key := range test.keys {
			c.Keys = append(c.Keys, []byte(key))
		}
		var failed strings.Builder
		f := newFilter(t, c)
		out, err := f.Lane().Process(context.Background(), in, nil, func(i int, f *event.Failure) {
			failed.Write(in[i].Value)
			if f.Class != event.MissingKey {
				t.Errorf("class %s, want missing_key", f.Class)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var passed strings.Builder
		for _, e := range out {
			passed.Write(e.Value)
		}
		if got := passed.String(); got != test.want || failed.String() != test.failed {
			t.Errorf("%s %q: passed %q, failed %q; want %q and %q", test.missing, test.keys, got, failed.String(), test.want, test.failed)
		}
	}
}

func newFilter(t *testing.T, c KeyFilterConfig) *KeyFilter {
	t.Helper()
	f, err := NewKeyFilter(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// passed runs keys through a filter; the ones that pass come back.
func passed(t *testing.T, f *KeyFilter, keys ...string) string {
	t.Helper()
	in := make([]event.Event, len(keys))
	for i, key := range keys {
		in[i].Key = []byte(key)
	}
	out, err := f.Lane().Process(context.Background(), in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(out))
	for i := range out {
		names[i] = string(out[i].Key)
	}
	return strings.Join(names, " ")
}

// readFilter makes the filter of a section of YAML.
func readFilter(t *testing.T, text string) *KeyFilter {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("f", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("list", []byte("one\r\n\nhex:00ff\nbase64:AP8=\ntwo words"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := config.Load{Files: []string{"f"}, Environ: []string{}}.Tree()
	c := ReadKeyFilter(root)
	if err := root.Finish().Err(); err != nil {
		t.Fatal(err)
	}
	return newFilter(t, *c)
}

func TestKeyFilterConfigString(t *testing.T) {
	c := KeyFilterConfig{Keys: [][]byte{nil, nil}, KeysFile: "f", Patterns: []KeyPattern{{Kind: "glob", Text: "*"}}, Exclude: true, Sample: 0.1}
	if diff := cmp.Diff("all but 2 keys, keys of f, glob *, a sample of 10%", c.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("1 key", (&KeyFilterConfig{Keys: [][]byte{nil}}).String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("a sample of 50%", (&KeyFilterConfig{Sample: 0.5}).String()); diff != "" {
		t.Error(diff)
	}
}

func TestKeyFilterRules(t *testing.T) {
	keys := []string{"eu-1", "eu-22", "us-1", "one", "two words", "\x00\xff", "über", ""}
	tests := []struct{ text, want, counts string }{
		{`{prefix: eu-}`, "eu-1 eu-22", "prefix:eu-=2"},
		{`{prefix: [eu-, eu-, "hex:00"], keys: one}`, "eu-1 eu-22 one \x00\xff", "keys=1 prefix:eu-=2 prefix:hex:00=1"},
		{`{glob: ["?u-?", "\\*"]}`, "eu-1", `glob:?u-?=1 glob:\*=0`},
		{`{glob: "?ber"}`, "über", "glob:?ber=1"},
		{`{glob: "*u*2"}`, "eu-22", "glob:*u*2=1"},
		{`{glob: "*"}`, strings.Join(keys, " "), "glob:*=8"},
		{`{regex: "^(eu|us)-[0-9]$"}`, "eu-1 us-1", "regex:^(eu|us)-[0-9]$=2"},
		{`{keys_file: list}`, "one two words \x00\xff", "keys_file=3"},
		{`{keys_file: list, prefix: [eu, one], exclude: true}`, "us-1 über ", "keys_file=3 prefix:eu=2 prefix:one=0"},
		{`{sample: 100%}`, strings.Join(keys, " "), ""},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			f := readFilter(t, test.text)
			got := passed(t, f, keys...)
			var counts []string
			for _, m := range f.Matches() {
				counts = append(counts, fmt.Sprintf("%s=%d", m.Rule, m.Matches))
			}
			if diff := cmp.Diff([]string{test.want, test.counts}, []string{got, strings.Join(counts, " ")}); diff != "" {
				t.Errorf("keys and counts (-want +got)\n%s", diff)
			}
		})
	}
}

// TestSample holds the promise that the same keys are in a sample for ever, and
// that a larger sample has all of a smaller one.
func TestSample(t *testing.T) {
	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("customer-%d", i)
	}
	small := strings.Fields(passed(t, readFilter(t, "sample: 1%"), keys...))
	large := strings.Fields(passed(t, readFilter(t, "sample: 0.1"), keys...))
	if len(small) < 900 || len(small) > 1100 || len(large) < 9700 || len(large) > 10300 {
		t.Errorf("%d and %d keys of 100000 in samples of 1%% and 10%%", len(small), len(large))
	}
	in := map[string]bool{}
	for _, key := range large {
		in[key] = true
	}
	for _, key := range small {
		if !in[key] {
			t.Errorf("%s is in the small sample and not in the large one", key)
		}
	}
	if diff := cmp.Diff("customer-48 customer-76 customer-91", strings.Join(small[:3], " ")); diff != "" {
		t.Errorf("first keys of the sample (-want +got)\n%s", diff)
	}
}

func TestKeysFileChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write := func(text string, age time.Duration) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	write("a\nb\n", 4*time.Hour)
	core, logs := observer.New(zap.InfoLevel)
	f, err := NewKeyFilter(KeyFilterConfig{KeysFile: path}, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	step := func(what, want string, messages int) {
		t.Helper()
		f.file.look.Store(0) // a second later
		if got := passed(t, f, "a", "b", "c"); got != want {
			t.Errorf("%s: %q passed, want %q", what, got, want)
		}
		if n := len(logs.TakeAll()); n != messages {
			t.Errorf("%s: %d messages, want %d", what, n, messages)
		}
	}
	step("as it was", "a b", 0)
	write("b\nc\n", 3*time.Hour)
	if got := passed(t, f, "a"); got != "a" {
		t.Errorf("the file is looked at more than once a second")
	}
	step("changed", "b c", 1)
	write("hex:0\n", 2*time.Hour)
	step("broken", "b c", 1)
	step("still broken", "b c", 0)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	step("gone", "b c", 1)
	write("a\n", time.Hour)
	step("mended", "a", 1)
	if _, err := NewKeyFilter(KeyFilterConfig{KeysFile: path + "-not"}, nil); err == nil {
		t.Error("a file that is not there makes a filter")
	}
}

func TestKeyFilterAllocatesNothing(t *testing.T) {
	f := readFilter(t, `{keys: key-1, keys_file: list, prefix: x, glob: "y*z", regex: "^z", sample: 50%}`).Lane()
	in := []event.Event{{Key: []byte("key-1")}, {Key: []byte("key-2")}, {}}
	out := make([]event.Event, 0, len(in))
	n := testing.AllocsPerRun(100, func() {
		if _, err := f.Process(context.Background(), in, out, nil); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a batch, want none", n)
	}
}

func TestReadKeyFilter(t *testing.T) {
	type result struct {
		Keys   string
		Faults string
	}
	tests := []struct {
		text string
		want result
	}{
		{`keys: "a, b\n hex:6364"`, result{"a|b|cd", ""}},
		{`keys: [a b, "x,y", 12, "base64:AP8="]`, result{"a b|x,y|12|\x00\xff", ""}},
		{`keys: "base64:AP8"`, result{"\x00\xff", ""}},
		{`keys: "hex:xx"`, result{"", `f:1:7: keys: "hex:xx" is not hexadecimal (write text, hex:00ff or base64:AP8=)`}},
		{`keys: "base64:?"`, result{"", `f:1:7: keys: "base64:?" is not base64 (write text, hex:00ff or base64:AP8=)`}},
		{`keys: []`, result{"", `f:1:7: keys: has no key: nothing would pass (write text, hex:00ff or base64:AP8=)`}},
		{`keys: {a: b}`, result{"", `f:1:7: keys: must be a list of keys, not a map (write text, hex:00ff or base64:AP8=)`}},
		{`{prefix: "hex:x", glob: "", regex: "("}`, result{"", `f:1:10: prefix: "hex:x" is not hexadecimal` + "\n" +
			"f:1:25: glob: must be text, or a list of it, that is not empty\n" +
			"f:1:36: regex: error parsing regexp: missing closing ): `(`"}},
		{`sample: 0`, result{"", `f:1:9: sample: "0" is no share of the keys (write 10%, or a number above 0 and up to 1)`}},
		{`{sample: 10%, exclude: true}`, result{"", `f: exclude: has nothing to exclude: there is no rule but sample (say which keys, or leave exclude out)`}},
		{`keys_file: none`, result{"", `f:1:12: keys_file: open none: no such file or directory (it holds a key in each line: text, hex:00ff or base64:AP8=; paths begin at the folder of the configuration file)`}},
		{`key: a`, result{"", "f: keys: is missing (list the keys that shall pass, or say keys_file, prefix, glob, regex or sample)\n" + `f:1:1: key: unknown key (did you mean "keys"?)`}},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("f", []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			root := config.Load{Files: []string{"f"}, Environ: []string{}}.Tree()
			c := ReadKeyFilter(root)
			keys := make([]string, len(c.Keys))
			for i, key := range c.Keys {
				keys[i] = string(key)
			}
			if diff := cmp.Diff(test.want, result{strings.Join(keys, "|"), root.Finish().Error()}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
