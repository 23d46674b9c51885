package kafka

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		out, err := NewKeyFilter(c).Process(context.Background(), in, nil, func(i int, f *event.Failure) {
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

func TestKeyFilterAllocatesNothing(t *testing.T) {
	f := NewKeyFilter(KeyFilterConfig{Keys: [][]byte{[]byte("key-1")}})
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
		{`key: a`, result{"", "f: keys: is missing (list the keys that shall pass)\n" + `f:1:1: key: unknown key (did you mean "keys"?)`}},
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
